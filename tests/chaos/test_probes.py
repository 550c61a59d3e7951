"""Probes over a real store with made-up spans, and a server that keeps incidents."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from chaoslib.exceptions import ActivityFailed
from incident_server import IncidentServer, incident, incident_server, resolved
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from assistant.diagnosis import Hypothesis
from assistant.taxonomy import FaultKind
from chaos import probes
from telemetry import utc_now
from telemetry.otlp import decode
from telemetry.rows import Signal
from telemetry.store.writer import StoreWriter

CAUSE = Hypothesis(service="orders", kind=FaultKind.CODE_ERROR, probability=0.9, summary="It fails.")


class Shop:
    """Writes the spans of requests, at moments given in seconds from the drill's beginning."""

    def __init__(self, writer: StoreWriter, began: datetime) -> None:
        self._writer, self.began = writer, began
        self._made = 0

    def serve(
        self,
        ends: Iterable[float],
        *,
        fail: bool = False,
        service: str = "orders",
        name: str = "POST /orders",
        took_ms: float = 20,
        kind: Span.SpanKind.ValueType = Span.SPAN_KIND_SERVER,
    ) -> None:
        request = ExportTraceServiceRequest()
        group = request.resource_spans.add()
        group.resource.attributes.append(KeyValue(key="service.name", value=AnyValue(string_value=service)))
        spans = group.scope_spans.add().spans
        for end in ends:
            self._made += 1
            end_ns = round((self.began.timestamp() + end) * 1e9)
            spans.add(
                trace_id=self._made.to_bytes(16, "big"),
                span_id=self._made.to_bytes(8, "big"),
                name=name,
                kind=kind,
                start_time_unix_nano=end_ns - round(took_ms * 1e6),
                end_time_unix_nano=end_ns,
                status=Status(code=Status.STATUS_CODE_ERROR if fail else Status.STATUS_CODE_UNSET),
            )
        self._writer.write([decode(Signal.TRACES, request.SerializeToString())])


def each(start: float, end: float, per_second: float = 10) -> list[float]:
    return [start + number / per_second for number in range(round((end - start) * per_second))]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """A drill that began 20 s ago, after 20 healthy seconds."""
    began = utc_now() - timedelta(seconds=20)
    monkeypatch.setenv(probes.TELEMETRY_VARIABLE, str(tmp_path / "store.db"))
    monkeypatch.setenv(probes.BEGAN_VARIABLE, began.isoformat())
    with StoreWriter(tmp_path / "store.db") as writer:
        made = Shop(writer, began)
        made.serve(each(-20, 0))
        yield made


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[IncidentServer]:
    monkeypatch.setenv(probes.BEGAN_VARIABLE, (utc_now() - timedelta(seconds=20)).isoformat())
    with incident_server() as served:
        monkeypatch.setenv(probes.SERVER_VARIABLE, served.url)
        yield served


def test_errors_and_latency_are_those_of_requests_that_ended_lately(shop: Shop) -> None:
    shop.serve(each(8.5, 17.5), took_ms=100)
    shop.serve(each(8.5, 17.5, 2), fail=True, took_ms=100)
    shop.serve(each(19, 20), fail=True)  # Too young: others of their time may still be on the way.
    shop.serve(each(10, 17), fail=True, kind=Span.SPAN_KIND_CLIENT)  # Not a request that was served.
    assert probes.error_ratio("orders") == pytest.approx(1 / 6, abs=0.03)
    assert probes.latency_p95_ms("orders") == pytest.approx(100)
    assert probes.error_ratio("orders", "POST /orders") == probes.error_ratio("orders")


def test_a_slow_request_counts_when_it_ends(shop: Shop) -> None:
    shop.serve(each(12, 17), took_ms=9000)
    assert probes.latency_p95_ms("orders") == pytest.approx(9000)


def test_too_few_requests_say_nothing(shop: Shop) -> None:
    with pytest.raises(ActivityFailed, match="only 0 requests to GET /x of orders in 10 s; is the load running"):
        probes.error_ratio("orders", "GET /x")


def test_without_a_store_the_probe_fails_and_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(probes.TELEMETRY_VARIABLE, str(tmp_path / "nowhere.db"))
    with pytest.raises(ActivityFailed, match=r"nowhere\.db"):
        probes.error_ratio("orders")
    monkeypatch.delenv(probes.TELEMETRY_VARIABLE)
    with pytest.raises(ActivityFailed, match="FIREDRILL_TELEMETRY is not set; run experiments with `firedrill drill"):
        probes.error_ratio("orders")


def test_an_effect_begins_with_the_first_failed_request_and_not_with_a_stray_one(shop: Shop) -> None:
    shop.serve([0.5], fail=True)
    shop.serve(each(1, 8))
    shop.serve(each(8.25, 12), fail=True)
    shop.serve(each(8, 12), service="gateway")
    found = probes.await_errors("orders", "POST /orders", at_least=0.5, within_seconds=0)
    assert found["seen"]
    assert found["value"] == 1.0
    assert (datetime.fromisoformat(found["at"]) - shop.began).total_seconds() == pytest.approx(8.25, abs=0.01)


def test_failures_from_before_the_drill_are_no_effect(shop: Shop) -> None:
    shop.serve(each(-8, -1), fail=True)
    assert probes.await_errors("orders", within_seconds=0) == {"seen": False, "at": None, "value": None}
    shop.serve(each(1, 3))
    assert probes.await_errors("orders", within_seconds=0) == {"seen": False, "at": None, "value": 0.0}


def test_an_effect_that_comes_is_awaited(shop: Shop) -> None:
    began = time.monotonic()
    assert not probes.await_errors("orders", within_seconds=0.6)["seen"]
    assert 0.6 <= time.monotonic() - began < 3


def test_a_surge_is_seen_to_the_second(shop: Shop) -> None:
    second = shop.began.replace(microsecond=0) + timedelta(seconds=5)
    since = (second - shop.began).total_seconds()
    shop.serve(each(0, 10, 13), service="gateway", took_ms=1)
    shop.serve([moment + 0.001 for moment in each(since, since + 4, 100)], service="gateway", took_ms=0.5)
    found = probes.await_surge("gateway", at_least_per_second=60, within_seconds=0)
    assert datetime.fromisoformat(found["at"]) == second
    assert found["value"] >= 100
    assert not probes.await_surge("gateway", at_least_per_second=200, within_seconds=0)["seen"]


def test_steady_is_a_whole_window_from_now_on_and_not_the_health_from_before(shop: Shop) -> None:
    began = utc_now()
    seconds_now = (began - shop.began).total_seconds()
    # What comes is written ahead: first half a second of trouble, then all is well.
    shop.serve(each(seconds_now, seconds_now + 0.5, 40), fail=True, service="gateway")
    shop.serve(each(seconds_now - 10, seconds_now, 40), service="gateway")
    shop.serve(each(seconds_now + 0.5, seconds_now + 8, 40), service="gateway")
    found = probes.await_steady("gateway", window_seconds=1, within_seconds=15)
    assert found["seen"]
    late = (datetime.fromisoformat(found["at"]) - began).total_seconds()
    assert 0.4 <= late < 3
    assert found["value"] <= 0.02


def test_what_stays_slow_is_not_steady(shop: Shop) -> None:
    seconds_now = (utc_now() - shop.began).total_seconds()
    shop.serve(each(seconds_now, seconds_now + 8), service="gateway", took_ms=900)
    found = probes.await_steady("gateway", window_seconds=1, within_seconds=4)
    assert (found["seen"], found["at"], found["value"]) == (False, None, 0.0)


def test_silence_is_not_steady(shop: Shop) -> None:
    with pytest.raises(ActivityFailed, match="only 0 requests to gateway"):
        probes.await_steady("gateway", window_seconds=0.5, within_seconds=3)


def test_only_open_incidents_are_counted(server: IncidentServer) -> None:
    assert probes.open_incidents() == 0
    server.records.add(incident("inc-1", utc_now()))
    server.records.add(resolved(incident("inc-2", utc_now())))
    assert probes.open_incidents() == 1


def test_the_diagnosis_awaited_is_that_of_the_drill_resolved_or_not(server: IncidentServer) -> None:
    now = utc_now()
    server.records.add(incident("inc-before", now - timedelta(seconds=30), CAUSE))
    none = {"incident": None, "detected": None, "diagnosed": None}
    assert probes.await_diagnosis(within_seconds=0) == none
    first = now - timedelta(seconds=10)
    server.records.add(resolved(incident("inc-first", first, CAUSE)))
    server.records.add(incident("inc-second", now))
    assert probes.await_diagnosis(within_seconds=0) == {
        "incident": "inc-first",
        "detected": first.isoformat(),
        "diagnosed": (first + timedelta(seconds=2)).isoformat(),
    }


def test_an_incident_that_is_never_diagnosed_is_told_when_time_is_up(server: IncidentServer) -> None:
    server.records.add(incident("inc-1", utc_now()))
    began = time.monotonic()
    found = probes.await_diagnosis(within_seconds=0.6)
    assert (found["incident"], found["diagnosed"]) == ("inc-1", None)
    assert time.monotonic() - began >= 0.6


def test_a_server_that_does_not_answer_is_asked_until_time_is_up(server: IncidentServer) -> None:
    server.stop()
    began = time.monotonic()
    with pytest.raises(ActivityFailed, match="no Firedrill server answers"):
        probes.await_diagnosis(within_seconds=0.6)
    assert time.monotonic() - began >= 0.6
    with pytest.raises(ActivityFailed, match="no Firedrill server answers"):
        probes.open_incidents()


@pytest.mark.parametrize(("text", "problem"), [("soon", "is no time: 'soon'"), ("2026-03-01T10:00:00", "no time zone")])
def test_a_drill_must_say_when_it_began(monkeypatch: pytest.MonkeyPatch, text: str, problem: str) -> None:
    monkeypatch.setenv(probes.BEGAN_VARIABLE, text)
    with pytest.raises(ActivityFailed, match=problem):
        probes.await_diagnosis(within_seconds=0)


def test_times_are_told_in_utc(server: IncidentServer) -> None:
    server.records.add(incident("inc-1", utc_now(), CAUSE))
    told = probes.await_diagnosis(within_seconds=0)["detected"]
    assert datetime.fromisoformat(told).tzinfo == UTC
