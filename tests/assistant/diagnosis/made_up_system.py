"""A little booking system and what its telemetry looks like: a steady baseline, and one fault."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pandas as pd

from telemetry import Alert, Recording, RecordingHeader, Stretch

T0 = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
SECONDS = 600.0
ONSET = 560.0
ALERT = 575.0


@dataclass(frozen=True)
class Call:
    """A request to an operation of a service, and what it calls in turn."""

    service: str
    operation: str
    ms: float
    calls: tuple[Call, ...] = ()
    database: bool = False


LEDGER = Call("ledger", "POST /entries", 6, database=True)
JOURNEYS: dict[str, tuple[Call, float]] = {  # with requests a second
    "rooms": (Call("portal", "GET /rooms", 2, (Call("rooms", "GET /rooms", 5, database=True),)), 4.0),
    "book": (Call("portal", "POST /book", 3, (Call("bookings", "POST /bookings", 8, (LEDGER,), database=True),)), 2.0),
    "mine": (Call("portal", "GET /mine", 2, (Call("bookings", "GET /bookings", 4, database=True),)), 2.0),
}
SERVICES = ("bookings", "ledger", "portal", "rooms")


@dataclass(frozen=True)
class Fault:
    """What goes wrong with requests.

    Attributes:
        where: In serving a request, in using the database, or on the way of a call.
        service: Who serves, uses its database, or calls.
        operation: Only requests of this operation; every operation when None.
        callee: Only calls to this service.
        says: Exception type and message of the failure; no failure when None.
        status: HTTP status of a failure in serving.
        extra_ms: How much longer it takes.
        arrives: Whether a failing call still reaches the callee.
        share: Share of the requests concerned that it hits.
    """

    where: Literal["serve", "database", "call"]
    service: str
    operation: str | None = None
    callee: str | None = None
    says: tuple[str, str] | None = None
    status: int = 500
    extra_ms: float = 0.0
    arrives: bool = False
    share: float = 1.0
    start: float = ONSET
    end: float = SECONDS


@dataclass
class System:
    """Collects spans and lines of requests, one after the other, with the faults that are in force.

    Attributes:
        talkative: Whether every request served writes lines of its own, which name its span.
    """

    faults: Sequence[Fault] = ()
    seed: int = 1
    names: dict[str, str] = field(default_factory=dict)
    talkative: bool = False
    spans: list[tuple[Any, ...]] = field(default_factory=list)
    lines: list[tuple[Any, ...]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    def run(
        self, *, surge: float = 1.0, surge_from: float = ONSET, journey: str = "rooms", visitors: float = 1.0
    ) -> System:
        """Serve all journeys over the whole time, one of them `surge` times as often from some moment on.

        With less than 1, `visitors` makes a smaller system of the same kind.
        """
        for name, (call, usual_rate) in JOURNEYS.items():
            rate = usual_rate * visitors
            at = self.chance.expovariate(rate)
            while at < SECONDS:
                self.serve(call, at, self._id(32), "")
                more = surge if name == journey and at >= surge_from else 1.0
                at += self.chance.expovariate(rate * more)
        return self

    def serve(self, call: Call, at: float, trace: str, parent: str) -> tuple[float, int]:
        """Serve one request; gives its milliseconds and the HTTP status of its answer."""
        span, fault = self._id(16), self._fault("serve", call, at)
        took = call.ms * self.chance.lognormvariate(0, 0.2)
        if self.talkative:
            guest = self.chance.randrange(900)
            self._line(call, at, "INFO", f"serving {call.operation} for guest {guest}", trace, span)
        if fault:
            took += fault.extra_ms
        says = fault.says if fault else None
        status = fault.status if fault and fault.says else 200
        if call.database and not says:
            spent, database_says = self._use_database(call, at + took / 2000, trace, span)
            took += spent
            says, status = (database_says, 500) if database_says else (says, status)
        for other in call.calls if not says else ():
            spent, answer = self._call(call, other, at + took / 2000, trace, span)
            took += spent
            if answer >= 500:
                says, status = ("UpstreamFailed", f"{other.service} did not answer well"), 502
            elif answer >= 400:
                status = answer
        attributes: dict[str, Any] = {"http.route": call.operation, "http.response.status_code": status}
        if says:
            attributes |= {"exception.type": says[0], "exception.message": says[1]}
            if status >= 500:
                self._line(call, at + took / 1000, "ERROR", f"request {trace[:8]} failed: {says[1]}", trace, span)
        elif self.talkative:
            self._line(call, at + took / 1000, "INFO", f"answered {call.operation} in {took:.2f} ms", trace, span)
        self._span(trace, span, parent, call.service, call.operation, at, took, "SERVER", status >= 500, attributes)
        return took, status

    def _use_database(self, call: Call, at: float, trace: str, parent: str) -> tuple[float, tuple[str, str] | None]:
        fault = self._fault("database", call, at)
        took = 2 * self.chance.lognormvariate(0, 0.2) + (fault.extra_ms if fault else 0.0)
        says = fault.says if fault else None
        if says is None:  # Drivers make no span of a statement that never got a connection.
            attributes = {"db.system.name": "postgresql", "db.operation.name": "SELECT"}
            self._span(trace, self._id(16), parent, call.service, "SELECT", at, took, "CLIENT", False, attributes)
        return took, says

    def _call(self, caller: Call, callee: Call, at: float, trace: str, parent: str) -> tuple[float, int]:
        span, fault = self._id(16), self._fault("call", caller, at, callee.service)
        took, status, cut = (fault.extra_ms if fault else 0.0) + 0.5, 200, bool(fault and fault.says)
        attributes: dict[str, Any] = {"server.address": callee.service, "server.port": 80}
        if fault is None or not cut or fault.arrives:
            spent, status = self.serve(callee, at + took / 1000, trace, span)
            took += 0.0 if cut else spent
        if fault and fault.says:
            status = 599  # No status ever came.
            attributes |= {"exception.type": fault.says[0], "exception.message": fault.says[1]}
        else:
            attributes["http.response.status_code"] = status
        self._span(trace, span, parent, caller.service, "GET", at, took, "CLIENT", status >= 400, attributes)
        return took, status

    def _fault(self, where: str, call: Call, at: float, callee: str | None = None) -> Fault | None:
        for one in self.faults:
            if (
                one.where == where
                and one.service == call.service
                and one.operation in {None, call.operation}
                and one.callee in {None, callee}
                and one.start <= at < one.end
                and self.chance.random() < one.share
            ):
                return one
        return None

    def _span(
        self,
        trace: str,
        span: str,
        parent: str,
        service: str,
        name: str,
        at: float,
        ms: float,
        kind: str,
        failed: bool,
        attributes: dict[str, Any],
    ) -> None:
        status = "ERROR" if failed else "UNSET"
        text = json.dumps(attributes, ensure_ascii=False)
        self.spans.append((trace, span, parent, self.called(service), name, at, ms, kind, status, text))

    def _line(self, call: Call, at: float, severity: str, body: str, trace: str, span: str) -> None:
        of_span = span if self.talkative else ""
        self.lines.append((at, self.called(call.service), body, severity, trace, of_span))

    def called(self, service: str) -> str:
        return self.names.get(service, service)

    def _id(self, digits: int) -> str:
        return f"{self.chance.getrandbits(4 * digits):0{digits}x}"

    def spans_table(self) -> pd.DataFrame:
        columns = ["trace_id", "span_id", "parent_span_id", "service", "name", "ts", "duration_ms"]
        return _table(self.spans, [*columns, "kind", "status", "attributes"])

    def logs_table(self) -> pd.DataFrame:
        return _table(self.lines, ["ts", "service", "body", "severity", "trace_id", "span_id"])

    def metrics_table(
        self, *, silent: Sequence[str] = (), raised: dict[tuple[str, str], float] | None = None, step: float = 5.0
    ) -> pd.DataFrame:
        """Resource readings of every service; `raised` multiplies one from the onset on, `silent` services stop."""
        usual = {"process.cpu.utilization": 0.2, "process.memory.usage": 9e7, "db.client.connection.count": 4.0}
        rows = []
        for number in range(int(SECONDS / step)):
            at = number * step
            for service in SERVICES:
                if service in silent and at >= ONSET:
                    continue
                for metric, value in usual.items():
                    more = (raised or {}).get((service, metric), 1.0) if at >= ONSET else 1.0
                    rows.append((at, metric, value * more * self.chance.gauss(1, 0.03), self.called(service)))
        return _table(rows, ["ts", "metric", "value", "service"])


def deploys(*events: tuple[float, str, str]) -> pd.DataFrame:
    """Make an events table of `(second, service, version)`."""
    rows = [(at, service, "deploy", version, "{}") for at, service, version in events]
    return _table(rows, ["ts", "service", "event_type", "version", "metadata"])


def header(**changes: Any) -> RecordingHeader:
    values: dict[str, Any] = {
        "id": "made-up",
        "system": "hotel",
        "window": stretch(0, SECONDS),
        "baseline": (stretch(0, 520),),
        "alert": Alert(at=moment(ALERT), service="portal", description="requests fail"),
        "entry_services": ("portal",),
        "resolution_seconds": 5,
    }
    return RecordingHeader(**(values | changes))


def recorded(system: System, *, changes: dict[str, Any] | None = None, **tables: Any) -> Recording:
    """Freeze a system: its spans, lines and metrics, and no deployment, unless other tables are given."""
    given: dict[str, Any] = {
        "spans": system.spans_table(),
        "logs": system.logs_table(),
        "metrics": system.metrics_table(),
        "events": deploys(),
    }
    return Recording(header(**(changes or {})), **(given | tables))


def broken(*faults: Fault, **tables: Any) -> Recording:
    return recorded(System(faults).run(), **tables)


def moment(second: float) -> datetime:
    return T0 + timedelta(seconds=second)


def stretch(start: float, end: float) -> Stretch:
    return Stretch(start=moment(start), end=moment(end))


def _table(rows: Sequence[tuple[Any, ...]], columns: list[str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=columns)
    seconds = pd.to_timedelta(frame["ts"].astype(float), unit="s")
    frame["ts"] = (pd.Timestamp(T0) + seconds).astype("datetime64[us, UTC]")
    return frame[frame["ts"] < moment(SECONDS)].sort_values("ts", kind="stable", ignore_index=True)
