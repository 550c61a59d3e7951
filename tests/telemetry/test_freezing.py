from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from otlp_samples import NOON, SECOND, a_gauge, a_line, a_number, a_span, logs, metrics, traces

from telemetry.errors import RecordingError, SourceUnavailable
from telemetry.freezing import entry_services_of, freeze
from telemetry.otlp import decode
from telemetry.recording import Alert, Stretch, read_recording, write_recording
from telemetry.rows import Signal
from telemetry.store.reader import StoredTelemetry
from telemetry.store.writer import StoreWriter

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
WINDOW = Stretch(start=START, end=START + timedelta(minutes=1))
WHAT: dict[str, Any] = {
    "recording_id": "inc-1", "system": "shop", "window": WINDOW, "baseline": (), "alert": Alert(at=WINDOW.end)
}  # fmt: skip


@pytest.fixture
def source(tmp_path: Path) -> Iterator[StoredTelemetry]:
    trace, client = b"t" * 16, b"c" * 8
    gateway = traces(
        a_span(trace_id=trace, span_id=b"g" * 8),
        a_span(trace_id=trace, span_id=client, parent_span_id=b"g" * 8, kind=3),
        **{"service.name": "gateway"},
    )
    orders = traces(a_span(trace_id=trace, parent_span_id=client), **{"service.name": "orders"})
    readings = [a_number(float(second), NOON + second * SECOND) for second in range(60)]
    with StoreWriter(tmp_path / "store.db") as writer:
        for signal, request in (
            (Signal.TRACES, gateway),
            (Signal.TRACES, orders),
            (Signal.LOGS, logs(a_line("olá"), a_line("", event_name="deploy"))),
            (Signal.METRICS, metrics(a_gauge("pool", *readings))),
        ):
            writer.write([decode(signal, request.SerializeToString())])
        yield StoredTelemetry(writer.path)


class WithoutLogs:
    """Asks somebody else, but has no logs, as a source made of Prometheus and Tempo has none."""

    def __init__(self, source: StoredTelemetry) -> None:
        self.services, self.metrics, self.spans = source.services, source.metrics, source.spans
        self.events, self.newest = source.events, source.newest

    def logs(self, start: datetime, end: datetime, *, services: Sequence[str] = ()) -> pd.DataFrame:
        raise SourceUnavailable("Loki", "is not configured")


def test_a_frozen_window_is_the_same_when_it_is_read_back(source: StoredTelemetry, tmp_path: Path) -> None:
    frozen = freeze(source, **WHAT)
    write_recording(frozen, tmp_path / "inc-1")
    again = read_recording(tmp_path / "inc-1")
    for name in ("metrics", "spans", "logs", "events"):
        left, right = frozen.table(name), again.table(name)
        assert left is not None
        assert right is not None
        assert len(left)
        pd.testing.assert_frame_equal(left, right)
    assert again.header == frozen.header
    assert again.calls == (("gateway", "orders"),)
    assert again.missing == ()


def test_who_is_reached_directly_is_told_from_the_spans_unless_it_was_said(source: StoredTelemetry) -> None:
    assert freeze(source, **WHAT).header.entry_services == ("gateway",)
    assert freeze(source, **WHAT, entry_services=["web"]).header.entry_services == ("web",)


def test_metrics_stay_inside_the_window(source: StoredTelemetry) -> None:
    found = freeze(source, **WHAT, step_seconds=20).metrics
    assert found is not None
    assert found["ts"].tolist() == [START + timedelta(seconds=20), START + timedelta(seconds=40)]
    assert found["value"].tolist() == [9.5, 29.5]


def test_nothing_is_taken_as_normal_from_before_the_first_sign_of_telemetry(source: StoredTelemetry) -> None:
    early = Stretch(start=WINDOW.start - timedelta(minutes=9), end=WINDOW.start - timedelta(minutes=5))
    across = Stretch(start=early.end, end=WINDOW.start + timedelta(seconds=30))
    what = {**WHAT, "window": Stretch(start=early.start, end=WINDOW.end), "baseline": (early, across)}
    assert freeze(source, **what).header.baseline == (Stretch(start=WINDOW.start, end=across.end),)


def test_a_signal_that_the_source_lacks_is_not_collected_rather_than_empty(source: StoredTelemetry) -> None:
    frozen = freeze(WithoutLogs(source), **WHAT)
    assert frozen.missing == ("logs",)


def test_a_source_that_gives_nothing_at_all_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match="start the collector"):
        freeze(StoredTelemetry(tmp_path / "none.db"), **WHAT)


@pytest.mark.parametrize(("wrong", "said"), [({"recording_id": "Not OK"}, "id"), ({"step_seconds": 0}, "resolution")])
def test_a_recording_that_may_not_be_is_refused(source: StoredTelemetry, wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(RecordingError, match=said):
        freeze(source, **{**WHAT, **wrong})


def test_users_who_send_a_trace_context_still_show_whom_they_reach() -> None:
    columns = ["trace_id", "span_id", "parent_span_id", "service", "kind"]
    rows = [("t", "1", "user", "web", "SERVER"), ("t", "2", "1", "api", "SERVER"), ("u", "3", "user", "web", "SERVER")]
    assert entry_services_of(pd.DataFrame(rows, columns=columns)) == ("web",)
