from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic_traffic import at, traffic

from telemetry.detection.golden_signals import GoldenSignals, golden_signals
from telemetry.detection.saturation import Saturation, saturation
from telemetry.detection.served import percentile
from telemetry.recording import Stretch

WINDOW = Stretch(start=at(0), end=at(10))


def span(service: str, **parts: object) -> dict[str, object]:
    row = {
        "trace_id": "t",
        "span_id": f"{service}-{parts.get('ts', at(5))}",
        "parent_span_id": "",
        "service": service,
        "name": "GET /",
        "ts": at(5),
        "duration_ms": 10.0,
        "kind": "SERVER",
        "status": "UNSET",
    }
    return {**row, **parts}


def spans(*rows: dict[str, object], without: tuple[str, ...] = ()) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(span("x"))).drop(columns=list(without))


def signals_of(service: str, frame: pd.DataFrame) -> GoldenSignals:
    return next(found for found in golden_signals(frame, WINDOW) if found.service == service)


def point(metric: str, value: float, *, pod: str = "a", seconds: float = 5) -> dict[str, object]:
    return {"ts": at(seconds), "metric": metric, "value": value, "service": "orders", "pod": pod}


def pool(metric: str, value: float, name: str = "main", **more: object) -> dict[str, object]:
    state = ',db.client.connection.state="used"' if metric == "count" else ""
    return point(f'db.client.connection.{metric}{{db.client.connection.pool.name="{name}"{state}}}', value, **more)  # type: ignore[arg-type]


def test_a_request_counts_in_the_window_in_which_it_ends() -> None:
    before = span("shop", ts=at(-3), duration_ms=2999.0)
    first = span("shop", ts=at(-3), duration_ms=3000.0)
    last = span("shop", ts=at(9), duration_ms=999.0)
    after = span("shop", ts=at(9), duration_ms=1000.0)
    assert signals_of("shop", spans(before, first, last, after)).request_count == 2


def test_no_traffic_is_no_data_and_neither_zero_nor_all_well() -> None:
    metrics = pd.DataFrame([point("process.cpu.utilization", 0.2)])
    (found,) = golden_signals(spans(), WINDOW, metrics=metrics)
    assert (found.service, found.request_count, found.requests_per_second) == ("orders", 0, 0.0)
    assert (found.error_ratio, found.latency_p95_ms, found.failed_latency_p95_ms) == (None, None, None)
    assert found.saturation.cpu_utilization_ratio == 0.2


def test_without_a_status_nobody_can_say_what_failed() -> None:
    found = signals_of("shop", spans(span("shop"), without=("status",)))
    assert (found.request_count, found.error_count, found.error_ratio) == (1, None, None)


def test_latency_of_failures_is_kept_apart_from_that_of_successes() -> None:
    quick = [span("shop", status="ERROR", duration_ms=1.0) for _ in range(5)]
    found = signals_of("shop", spans(*quick, span("shop", duration_ms=80.0), span("shop", duration_ms=70.0)))
    assert (found.latency_p95_ms, found.failed_latency_p95_ms, found.error_count) == (80.0, 1.0, 5)
    assert found.error_ratio == pytest.approx(5 / 7)


def test_only_spans_that_answer_somebody_are_requests() -> None:
    kinds = ("SERVER", "CONSUMER", "CLIENT", "INTERNAL", "PRODUCER")
    assert signals_of("shop", spans(*(span("shop", kind=kind) for kind in kinds))).request_count == 2


def test_where_no_kind_is_recorded_roots_and_calls_from_other_services_are_requests() -> None:
    rows = (
        span("gateway", span_id="1"),
        span("gateway", span_id="2", parent_span_id="1"),
        span("pedidos-ação", span_id="3", parent_span_id="2"),
        span("pedidos-ação", span_id="4", parent_span_id="3"),
        span("orphan", span_id="5", parent_span_id="never sent"),
    )
    found = {
        signals.service: signals.request_count for signals in golden_signals(spans(*rows, without=("kind",)), WINDOW)
    }
    assert found == {"gateway": 1, "pedidos-ação": 1, "orphan": 1}


def test_counting_agrees_with_a_slow_and_obvious_count() -> None:
    frame, window = traffic(60, seed=3, error_ratio=0.1), Stretch(start=at(20), end=at(35))
    ended = frame["ts"] + pd.to_timedelta(frame["duration_ms"], unit="ms")
    for found in golden_signals(frame, window):
        own = frame[(frame["service"] == found.service) & (ended >= window.start) & (ended < window.end)]
        well = own[own["status"] != "ERROR"]["duration_ms"]
        assert found.request_count == len(own)
        assert found.requests_per_second == len(own) / 15
        assert found.error_count == len(own) - len(well)
        assert found.latency_p95_ms == pytest.approx(np.percentile(well, 95, method="inverted_cdf"))


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=60), st.sampled_from([0.05, 0.5, 0.95, 1.0]))
def test_a_percentile_is_the_smallest_value_that_so_many_do_not_exceed(values: list[float], share: float) -> None:
    ascending = np.sort(values)
    found = percentile(ascending, share)
    assert found == next(value for value in ascending if np.sum(ascending <= value) >= share * len(values) - 1e-9)


def test_the_fullest_pool_of_the_fullest_instance_counts() -> None:
    frame = pd.DataFrame(
        [
            *(pool("count", 2, pod="a"), pool("max", 10, pod="a")),
            *(pool("count", 1, "other", pod="b"), pool("max", 10, "other", pod="b")),
            *(pool("count", 9, pod="b"), pool("max", 10, pod="b"), pool("pending_requests", 4, pod="b")),
        ]
    )
    assert saturation(frame) == {"orders": Saturation(pool_use_ratio=0.9, pool_pending_requests=4)}


def test_the_newest_point_of_a_series_counts_and_parts_add_up() -> None:
    frame = pd.DataFrame(
        [
            point('process.cpu.utilization{cpu.mode="user"}', 0.5, seconds=9),
            point('process.cpu.utilization{cpu.mode="user"}', 0.1, seconds=4),
            point('process.cpu.utilization{cpu.mode="system"}', 0.25, seconds=9),
            point("process.memory.usage", 1024.0),
            point("something.else", 7.0),
        ]
    )
    assert saturation(frame) == {"orders": Saturation(cpu_utilization_ratio=0.75, memory_bytes=1024.0)}


def test_a_pool_without_a_known_maximum_has_no_use_ratio() -> None:
    assert saturation(pd.DataFrame([pool("count", 3), pool("pending_requests", 0)])) == {
        "orders": Saturation(pool_pending_requests=0)
    }


def test_idle_connections_are_not_in_use() -> None:
    idle = point(
        'db.client.connection.count{db.client.connection.pool.name="main",db.client.connection.state="idle"}', 9
    )
    found = saturation(pd.DataFrame([idle, pool("count", 1), pool("max", 10)]))
    assert found["orders"].pool_use_ratio == pytest.approx(0.1)
