import json
import multiprocessing
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from otlp_samples import NOON, SECOND, a_gauge, a_histogram, a_line, a_number, a_span, a_sum, logs, metrics, traces

from telemetry.errors import SourceUnavailable, StoreError, StoreInUse
from telemetry.otlp import decode
from telemetry.rows import Batch, Signal
from telemetry.source import EVENT_COLUMNS, LOG_COLUMNS, METRIC_COLUMNS, SPAN_COLUMNS, TelemetrySource
from telemetry.store.reader import StoredTelemetry
from telemetry.store.writer import StoreWriter

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
END = START + MINUTE
GATEWAY = {"service.name": "gateway", "service.version": "1", "service.instance.id": "gateway-1"}


def batch(signal: Signal, request: Any) -> Batch:
    return decode(signal, request.SerializeToString())


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[StoreWriter]:
    with StoreWriter(tmp_path / "store.db") as opened:
        yield opened


@pytest.fixture
def source(writer: StoreWriter) -> StoredTelemetry:
    return StoredTelemetry(writer.path)


def measured(writer: StoreWriter, source: StoredTelemetry, *given: Any, step: float = 10) -> dict[str, list[float]]:
    writer.write([batch(Signal.METRICS, metrics(*given))])
    frame = source.metrics(START, END, step)
    return {name: rows["value"].round(6).tolist() for name, rows in frame.groupby("metric", sort=False)}


def at(seconds: float) -> int:
    return NOON + round(seconds * SECOND)


def test_frames_have_the_columns_and_types_of_a_recording_full_or_empty(
    writer: StoreWriter, source: StoredTelemetry
) -> None:
    asked: TelemetrySource = source
    for filled in (False, True):
        if filled:
            records = logs(a_line("olá"), a_line("", event_name="deploy"), **GATEWAY)
            writer.write([batch(Signal.TRACES, traces(a_span())), batch(Signal.LOGS, records)])
            writer.write([batch(Signal.METRICS, metrics(a_gauge("g", a_number(1.0))))])
        frames = {
            METRIC_COLUMNS: asked.metrics(START, END, 5),
            SPAN_COLUMNS: asked.spans(START, END),
            LOG_COLUMNS: asked.logs(START, END),
            EVENT_COLUMNS: asked.events(START, END),
        }
        for columns, frame in frames.items():
            assert tuple(frame.columns) == columns
            assert len(frame) == int(filled)
            numbers = {"ts": "datetime64[us, UTC]", "value": "float64", "duration_ms": "float64"}
            assert {name: str(kind) for name, kind in frame.dtypes.items()} == {
                name: numbers.get(name, "object") for name in columns
            }


def test_a_span_comes_back_as_it_was_sent(writer: StoreWriter, source: StoredTelemetry) -> None:
    span = a_span(at(1.000_001), milliseconds=2.5, parent_span_id=b"p" * 8, kind=3, attributes={"cidade": "São Paulo"})
    span.status.code = 2
    writer.write([batch(Signal.TRACES, traces(span, **GATEWAY))])
    (row,) = source.spans(START, END).to_dict("records")
    assert (row["trace_id"], row["span_id"]) == (span.trace_id.hex(), span.span_id.hex())
    assert (row["parent_span_id"], row["kind"], row["status"]) == ((b"p" * 8).hex(), "CLIENT", "ERROR")
    assert (row["service"], row["pod"], row["duration_ms"]) == ("gateway", "gateway-1", 2.5)
    assert row["ts"] == pd.Timestamp("2026-03-01T12:00:01.000001Z")
    assert json.loads(row["attributes"]) == {"cidade": "São Paulo", "service.version": "1"}


def test_ranges_include_their_start_and_not_their_end_and_come_sorted(
    writer: StoreWriter, source: StoredTelemetry
) -> None:
    spans = [a_span(at(60), name="end"), a_span(at(30), name="mid", kind=3), a_span(at(0), name="start")]
    writer.write([batch(Signal.TRACES, traces(*spans, a_span(at(-0.000001), name="before")))])
    assert source.spans(START, END)["name"].tolist() == ["start", "mid"]


def test_spans_are_restricted_to_services_and_kinds(writer: StoreWriter, source: StoredTelemetry) -> None:
    for service in ("a", "b"):
        request = traces(a_span(kind=2), a_span(kind=3), a_span(kind=0), **{"service.name": service})
        writer.write([batch(Signal.TRACES, request)])
    assert len(source.spans(START, END)) == 6
    assert source.spans(START, END, services=["b"])["service"].tolist() == ["b"] * 3
    assert source.spans(START, END, kinds=["INTERNAL"])["kind"].tolist() == ["INTERNAL"] * 2
    assert source.spans(START, END, services=["nobody"]).empty
    assert source.spans(START, END, kinds=["NONSENSE"]).empty


def test_services_are_those_that_sent_anything_in_the_range(writer: StoreWriter, source: StoredTelemetry) -> None:
    writer.write([batch(Signal.TRACES, traces(a_span(at(5)), **{"service.name": "spans"}))])
    writer.write([batch(Signal.LOGS, logs(a_line("x", at(5)), **{"service.name": "logs"}))])
    writer.write([batch(Signal.METRICS, metrics(a_gauge("g", a_number(1, at(5))), **{"service.name": "metrics"}))])
    writer.write([batch(Signal.LOGS, logs(a_line("", at(5), event_name="scale"), **{"service.name": "events"}))])
    writer.write([batch(Signal.TRACES, traces(a_span(at(500)), **{"service.name": "later"}))])
    writer.write([batch(Signal.TRACES, traces(a_span(at(5)), **{"service.name": "unknown_service"}))])
    assert source.services(START, END) == ["events", "logs", "metrics", "spans"]
    assert source.newest() == START + timedelta(seconds=500)


def test_what_a_wrong_clock_stamped_in_the_future_is_not_the_newest(writer: StoreWriter) -> None:
    source = StoredTelemetry(writer.path, clock=lambda: START)
    writer.write([batch(Signal.TRACES, traces(a_span(at(61)))), batch(Signal.LOGS, logs(a_line("x", at(1e6))))])
    assert source.newest() is None
    writer.write([batch(Signal.METRICS, metrics(a_gauge("g", a_number(1, at(60)))))])
    assert source.newest() == START + MINUTE


def test_nothing_is_newest_in_an_empty_store(source: StoredTelemetry) -> None:
    assert source.newest() is None


def test_gauges_are_averaged_and_steps_without_points_have_no_row(writer: StoreWriter, source: StoredTelemetry) -> None:
    gauge = a_gauge("pool", a_number(1, at(0)), a_number(3, at(9.9)), a_number(5, at(35)))
    writer.write([batch(Signal.METRICS, metrics(gauge))])
    frame = source.metrics(START, END, 10)
    assert frame["value"].tolist() == [2.0, 5.0]
    assert frame["ts"].tolist() == [
        pd.Timestamp(START) + timedelta(seconds=10),
        pd.Timestamp(START) + timedelta(seconds=40),
    ]


def test_series_are_named_with_their_attributes_in_order_and_escaped(
    writer: StoreWriter, source: StoredTelemetry
) -> None:
    found = measured(writer, source, a_gauge("g", a_number(1.0, z='say "hi"\n', a=7, m=True)))
    assert list(found) == ['g{a="7",m="true",z="say \\"hi\\"\\n"}']


def test_counters_become_rates_and_resets_count_from_zero(writer: StoreWriter, source: StoredTelemetry) -> None:
    readings = [(-5, 100), (5, 120), (15, 150), (25, 30), (35, 30)]
    counter = a_sum("c", *(a_number(value, at(second)) for second, value in readings))
    assert measured(writer, source, counter) == {"rate(c)": [2.0, 3.0, 3.0, 0.0]}


def test_a_counter_that_restarts_higher_is_reset_by_its_start(writer: StoreWriter, source: StoredTelemetry) -> None:
    counter = a_sum("c", a_number(10, at(5), start=at(-100)), a_number(40, at(15), start=at(11)))
    assert measured(writer, source, counter)["rate(c)"] == [10.0]


def test_a_counter_that_begins_in_the_range_counts_from_its_first_point(
    writer: StoreWriter, source: StoredTelemetry
) -> None:
    new = a_sum("errors", a_number(20, at(15), start=at(5)), a_number(20, at(25), start=at(5)))
    old = a_sum("requests", a_number(9_000, at(15), start=at(-90_000)), a_number(9_010, at(25), start=at(-90_000)))
    assert measured(writer, source, new, old) == {"rate(errors)": [2.0, 0.0], "rate(requests)": [1.0]}


def test_delta_counters_are_rates_over_what_they_cover(writer: StoreWriter, source: StoredTelemetry) -> None:
    points = [a_number(30, at(5), start=at(-5)), a_number(10, at(15), start=at(5))]
    assert measured(writer, source, a_sum("c", *points, temporality=1)) == {"rate(c)": [3.0, 1.0]}


def test_what_goes_up_and_down_is_averaged(writer: StoreWriter, source: StoredTelemetry) -> None:
    active = a_sum("active", a_number(4, at(1)), a_number(2, at(2)), monotonic=False)
    assert measured(writer, source, active) == {"active": [3.0]}


def histogram_points(*readings: tuple[float, list[int], float]) -> list[dict[str, Any]]:
    return [
        {"time_unix_nano": at(second), "count": sum(buckets), "sum": total, "explicit_bounds": [10.0, 100.0],
         "bucket_counts": buckets}
        for second, buckets, total in readings
    ]  # fmt: skip


def test_histograms_become_rate_mean_and_percentile(writer: StoreWriter, source: StoredTelemetry) -> None:
    points = histogram_points((-5, [10, 0, 0], 50), (5, [10, 20, 0], 1050), (15, [10, 20, 0], 1050))
    found = measured(writer, source, a_histogram("h", *points))
    # All twenty measurements of the first step lie between 10 and 100, so 95 % of them below 10 + 0.95 * 90.
    assert found == {"rate(h_count)": [2.0, 0.0], "mean(h)": [50.0], "p95(h)": [95.5]}


def test_the_percentile_of_a_histogram_is_what_counting_by_hand_gives(
    writer: StoreWriter, source: StoredTelemetry
) -> None:
    draw = np.random.default_rng(7)
    bounds = [1.0, 2.0, 5.0, 10.0, 50.0]
    for number in range(20):
        counts = draw.integers(0, 9, size=6).tolist()
        point = {"time_unix_nano": at(5), "start_time_unix_nano": at(-5), "count": sum(counts), "sum": 1.0,
                 "explicit_bounds": bounds, "bucket_counts": counts}  # fmt: skip
        found = measured(writer, source, a_histogram(f"h{number}", point, temporality=1))
        assert found.get(f"p95(h{number})") == [pytest.approx(by_hand(bounds, counts), abs=1e-5)]


def by_hand(bounds: list[float], counts: list[int]) -> float:
    wanted, below = 0.95 * sum(counts), 0
    for bucket, count in enumerate(counts):
        if below + count >= wanted:
            if bucket == len(bounds):
                return bounds[-1]
            lower = bounds[bucket - 1] if bucket else 0.0
            return lower + (bounds[bucket] - lower) * (wanted - below) / count
        below += count
    raise AssertionError("no bucket holds it")


def test_summaries_and_exponential_histograms_give_rate_and_mean(writer: StoreWriter, source: StoredTelemetry) -> None:
    exponential, summary = a_gauge("e"), a_gauge("s")
    for second, count, total in ((-5, 0, 0.0), (5, 10, 30.0)):
        exponential.exponential_histogram.data_points.add(time_unix_nano=at(second), count=count, sum=total)
        summary.summary.data_points.add(time_unix_nano=at(second), count=count, sum=total)
    exponential.exponential_histogram.aggregation_temporality = 2
    found = measured(writer, source, exponential, summary)
    assert found == {"mean(e)": [3.0], "mean(s)": [3.0], "rate(e_count)": [1.0], "rate(s_count)": [1.0]}


def test_metrics_are_restricted_to_names_and_a_point_sent_twice_counts_once(
    writer: StoreWriter, source: StoredTelemetry
) -> None:
    for _ in range(2):
        writer.write([batch(Signal.METRICS, metrics(a_gauge("a", a_number(1)), a_gauge("b", a_number(2))))])
    assert source.metrics(START, END, 5, names=["b"])["metric"].tolist() == ["b"]
    (points,) = sqlite3.connect(writer.path).execute("SELECT count(*) FROM points").fetchone()
    assert points == 2


def test_what_is_old_goes_a_little_at_a_time(writer: StoreWriter, source: StoredTelemetry) -> None:
    request = traces(*(a_span(at(second), kind=second % 6) for second in range(10)))
    writer.write([batch(Signal.TRACES, request), batch(Signal.LOGS, logs(a_line("x")))])
    writer.write([batch(Signal.METRICS, metrics(a_gauge("g", a_number(1, at(1)), a_number(1, at(7)))))])
    gone = []
    while removed := writer.prune(START + timedelta(seconds=5), rows=2):
        gone.append(removed)
    assert gone == [4, 2, 1]
    assert len(source.spans(START, END)) == 5
    assert source.logs(START, END).empty
    assert len(source.metrics(START, END, 1)) == 1


def test_a_batch_that_cannot_be_stored_leaves_nothing_and_harms_nothing_after_it(
    writer: StoreWriter, source: StoredTelemetry
) -> None:
    good = batch(Signal.TRACES, traces(a_span(), **{"service.name": "new"}))
    bad = Batch(spans=(good.spans[0]._replace(ts=2**70),))
    with pytest.raises(StoreError, match="cannot write"):
        writer.write([good, bad])
    assert source.spans(START, END).empty
    writer.write([good])
    assert source.spans(START, END)["service"].tolist() == ["new"]


def test_a_store_has_one_writer_and_says_who_it_is(writer: StoreWriter) -> None:
    with pytest.raises(StoreInUse, match=r"is written by process \d+; stop it"):
        StoreWriter(writer.path)


def test_a_file_that_is_something_else_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database, but mine")
    with pytest.raises(StoreError, match="no telemetry store"):
        StoreWriter(path)
    assert [found.name for found in tmp_path.iterdir()] == ["notes.txt"]
    with pytest.raises(SourceUnavailable, match="something else"):
        StoredTelemetry(path).newest()


def test_another_database_and_another_version_are_refused_with_advice(tmp_path: Path) -> None:
    other, newer = tmp_path / "other.db", tmp_path / "newer.db"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE mine (id)")
    StoreWriter(newer).close()
    with sqlite3.connect(newer) as connection:
        connection.execute("PRAGMA user_version = 99")
    for path, advice in ((other, "name another file"), (newer, "schema 99, this version has 1; move the file away")):
        with pytest.raises(StoreError, match=advice):
            StoreWriter(path)
        with pytest.raises(SourceUnavailable, match=advice):
            StoredTelemetry(path).spans(START, END)


def test_a_store_that_is_not_there_yet_says_what_to_start(tmp_path: Path) -> None:
    source = StoredTelemetry(tmp_path / "none.db")
    with pytest.raises(SourceUnavailable, match="start the collector"):
        source.spans(START, END)
    assert not list(tmp_path.iterdir())


def test_a_store_can_be_read_after_its_writer_has_gone(tmp_path: Path) -> None:
    with StoreWriter(tmp_path / "store.db") as writer:
        writer.write([batch(Signal.TRACES, traces(a_span()))])
    assert len(StoredTelemetry(tmp_path / "store.db").spans(START, END)) == 1


def _count_until(path: Path, enough: int, reading: Event, seen: Any) -> None:
    source = StoredTelemetry(path)
    counts = [len(source.spans(START, END))]
    reading.set()
    while counts[-1] < enough:
        counts.append(len(source.spans(START, END)))
    seen.put(counts)


def test_another_process_reads_whole_transactions_while_this_one_writes(writer: StoreWriter) -> None:
    context = multiprocessing.get_context("spawn")
    reading, seen = context.Event(), context.Queue()
    reader = context.Process(target=_count_until, args=(writer.path, 5_000, reading, seen))
    reader.start()
    try:
        assert reading.wait(60)
        for number in range(50):
            # Each comes from a new service, which a reader must never see without, or before, its spans.
            spans = traces(*(a_span() for _ in range(100)), **{"service.name": f"service-{number}"})
            writer.write([batch(Signal.TRACES, spans)])
        counts = seen.get(timeout=30)
    finally:
        reader.join(5)
        reader.kill()
        reader.join()
    assert counts == sorted(counts)
    assert all(count % 100 == 0 for count in counts)
    assert counts[-1] == 5_000
