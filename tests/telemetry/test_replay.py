from __future__ import annotations

import pandas as pd
import pytest
from synthetic_traffic import T0, at

from telemetry.recording import Alert, Recording, RecordingHeader, Stretch
from telemetry.replay import RecordedSource, ReplayClock
from telemetry.source import EVENT_COLUMNS, LOG_COLUMNS, METRIC_COLUMNS, SPAN_COLUMNS, TelemetrySource


def spans(*rows: tuple[float, float, str, str | None]) -> pd.DataFrame:
    """Spans from (start, duration in seconds, service, kind)."""
    return pd.DataFrame(
        {
            "trace_id": "t",
            "span_id": [str(number) for number in range(len(rows))],
            "parent_span_id": "",
            "service": [service for _, _, service, _ in rows],
            "name": "GET /",
            "ts": [at(start) for start, _, _, _ in rows],
            "duration_ms": [seconds * 1000 for _, seconds, _, _ in rows],
            "kind": [kind for _, _, _, kind in rows],
        }
    )


def metrics(*points: tuple[float, str, float]) -> pd.DataFrame:
    return pd.DataFrame(
        [{"ts": at(ts), "metric": metric, "value": value, "service": "a"} for ts, metric, value in points]
    )


def test_a_source_without_tables_has_every_column_and_no_row() -> None:
    source: TelemetrySource = RecordedSource()
    everything = (T0, at(1e6))
    assert tuple(source.spans(*everything).columns) == SPAN_COLUMNS
    assert tuple(source.metrics(*everything, 5).columns) == METRIC_COLUMNS
    assert tuple(source.logs(*everything).columns) == LOG_COLUMNS
    assert tuple(source.events(*everything).columns) == EVENT_COLUMNS
    assert (source.services(*everything), source.newest()) == ([], None)


def test_a_range_includes_its_start_and_not_its_end() -> None:
    source = RecordedSource(spans=spans((0, 1, "a", None), (5, 1, "b", None), (10, 1, "c", None)))
    assert source.spans(at(0), at(10))["service"].tolist() == ["a", "b"]
    assert source.services(at(5), at(10)) == ["b"]
    assert source.spans(at(5), at(5)).empty
    assert source.spans(at(9), at(2)).empty


def test_tables_are_given_in_the_order_of_time() -> None:
    source = RecordedSource(spans=spans((5, 1, "b", None), (0, 1, "a", None)))
    assert source.spans(T0, at(9))["service"].tolist() == ["a", "b"]
    assert str(source.spans(T0, at(9))["ts"].dtype) == "datetime64[us, UTC]"


def test_spans_can_be_asked_for_by_service_and_kind() -> None:
    source = RecordedSource(spans=spans((0, 1, "a", "SERVER"), (1, 1, "a", "CLIENT"), (2, 1, "b", "SERVER")))
    assert len(source.spans(T0, at(9), services=["a"], kinds=["SERVER"])) == 1
    assert len(source.spans(T0, at(9), kinds=["SERVER", "CLIENT"])) == 3


def test_a_span_of_unknown_kind_that_answers_somebody_passes_for_a_server() -> None:
    source = RecordedSource(spans=spans((0, 1, "a", None), (1, 1, "b", "")))
    assert len(source.spans(T0, at(9), kinds=["SERVER"])) == 2
    assert source.spans(T0, at(9), kinds=["CLIENT"]).empty


def test_during_a_replay_nothing_is_known_that_has_not_happened() -> None:
    clock = ReplayClock(at(4))
    source = RecordedSource(
        spans=spans((0, 10, "slow", None), (1, 1, "quick", None), (6, 1, "later", None)),
        metrics=metrics((3, "m", 1.0), (8, "m", 2.0)),
        clock=clock,
    )
    assert source.services(T0, at(99)) == ["a", "quick"]
    assert source.newest() == at(3)
    assert clock.advance(6) == at(10)
    assert source.services(T0, at(99)) == ["a", "later", "quick", "slow"]
    assert len(source.metrics(T0, at(99), 1)) == 2
    assert source.newest() == at(8)


def test_a_step_as_fine_as_the_recording_changes_nothing() -> None:
    recorded = metrics((5, "m", 1.0), (10, "m", 2.0), (15, "m", 3.0))
    found = RecordedSource(metrics=recorded).metrics(T0, at(20), 5)
    assert found["ts"].tolist() == [at(5), at(10), at(15)]
    assert found["value"].tolist() == [1.0, 2.0, 3.0]


def test_a_coarser_step_averages_and_a_step_without_points_has_no_row() -> None:
    recorded = metrics((5, "m", 1.0), (10, "m", 3.0), (35, "m", 7.0), (36, "other", 1.0))
    found = RecordedSource(metrics=recorded).metrics(T0, at(60), 10, names=["m"])
    assert list(zip(found["ts"], found["value"], strict=True)) == [(at(10), 2.0), (at(40), 7.0)]


def test_metrics_are_found_by_name_whatever_was_done_to_them() -> None:
    series = ["m", 'm{a="b(c)"}', 'rate(m{a="b"})', 'p95(m{a="b"})', "rate(m_count{})", "mn", "rate(n)"]
    source = RecordedSource(metrics=metrics(*((5, name, 1.0) for name in series)))
    assert sorted(source.metrics(T0, at(10), 5, names=["m"])["metric"]) == sorted(series[:5])


def test_a_step_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="step_seconds must be above 0"):
        RecordedSource().metrics(T0, at(1), 0)


def test_a_recording_can_be_replayed() -> None:
    header = RecordingHeader(
        id="one", system="shop", window=Stretch(start=T0, end=at(60)), alert=Alert(at=at(30)), resolution_seconds=5
    )
    line = pd.DataFrame([{"ts": at(7), "service": "café", "body": "não foi possível"}])
    source = RecordedSource.of(Recording(header, spans=spans((5, 1, "a", "SERVER")), logs=line))
    assert source.services(T0, at(60)) == ["a", "café"]
    assert source.logs(T0, at(60), services=["café"])["body"].tolist() == ["não foi possível"]
    assert source.newest() == at(7)
