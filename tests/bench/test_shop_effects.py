from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count

import pandas as pd
import pytest

from bench.shop_effects import CallsHurt, Effect, RequestsHurt, Silence, StatementsSlow, Surge
from telemetry import RecordedSource

BROKEN_AT = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
_numbers = count()


def span(service: str, kind: str, seconds: float, **others: object) -> dict[str, object]:
    base = {"trace_id": str(next(_numbers)), "parent_span_id": "", "name": "GET /x", "status": "UNSET"}
    at = BROKEN_AT + timedelta(seconds=seconds)
    return {
        **base,
        "span_id": str(next(_numbers)),
        "service": service,
        "kind": kind,
        "ts": at,
        "duration_ms": 5.0,
        "attributes": "{}",
        **others,
    }


def call(seconds: float, **others: object) -> dict[str, object]:
    return span("orders", "CLIENT", seconds, attributes=json.dumps({"peer.service": "payments"}), **others)


def statement(seconds: float, **others: object) -> dict[str, object]:
    return span("orders", "CLIENT", seconds, attributes=json.dumps({"db.system.name": "postgresql"}), **others)


def seen(effect: Effect, spans: Sequence[dict[str, object]], after_seconds: float = 30.0) -> float | None:
    source = RecordedSource(spans=pd.DataFrame(spans))
    at = effect.seen(source, BROKEN_AT, BROKEN_AT + timedelta(seconds=after_seconds))
    return None if at is None else (at - BROKEN_AT).total_seconds()


def test_calls_that_fail_hurt_from_the_end_of_the_first_one() -> None:
    spans = [call(1), call(2), *(call(3 + second, status="ERROR") for second in range(8))]
    assert seen(CallsHurt("orders", "payments"), spans) == pytest.approx(3.005)


def test_calls_to_somebody_else_do_not_count() -> None:
    assert seen(CallsHurt("orders", "inventory"), [call(second, status="ERROR") for second in range(8)]) is None


def test_late_calls_hurt_only_where_lateness_is_looked_for() -> None:
    spans = [call(second, duration_ms=700.0) for second in range(8)]
    assert seen(CallsHurt("orders", "payments"), spans) is None
    assert seen(CallsHurt("orders", "payments", slower_than_ms=700), spans) == pytest.approx(0.7)
    assert seen(CallsHurt("orders", "payments", slower_than_ms=700.1), spans) is None


def test_what_failed_before_the_fault_is_not_the_faults() -> None:
    assert seen(CallsHurt("orders", "payments"), [call(-second, status="ERROR") for second in range(1, 9)]) is None


def test_failing_requests_of_another_operation_do_not_count() -> None:
    spans = [span("orders", "SERVER", second, status="ERROR") for second in range(8)]
    assert seen(RequestsHurt("orders", "GET /x"), spans) == pytest.approx(0.005)
    assert seen(RequestsHurt("orders"), spans) == pytest.approx(0.005)
    assert seen(RequestsHurt("orders", "GET /y"), spans) is None


def test_slow_statements_are_told_from_slow_calls() -> None:
    assert seen(StatementsSlow("orders", 100), [call(second, duration_ms=400.0) for second in range(8)]) is None
    slow = [statement(second, duration_ms=400.0) for second in range(8)]
    assert seen(StatementsSlow("orders", 100), slow) == pytest.approx(0.4)


def test_a_surge_lasts_for_three_seconds() -> None:
    busy = [span("gateway", "SERVER", second + part / 100) for second in range(3) for part in range(60)]
    assert seen(Surge("gateway", 60), busy) == 0
    assert seen(Surge("gateway", 61), busy) is None


def test_silence_begins_with_the_last_word_and_takes_five_seconds_to_notice() -> None:
    spans = [span("gateway", "SERVER", -1), span("gateway", "SERVER", 2), span("orders", "SERVER", 9)]
    assert seen(Silence("gateway"), spans, after_seconds=6.9) is None
    assert seen(Silence("gateway"), spans, after_seconds=7.0) == 2
