"""What counts as wrong: one small function for each thing that may be seen. Adding a rule is adding a line to RULES."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

import numpy as np
from pydantic import AwareDatetime, BaseModel, ConfigDict

from telemetry.detection.baseline import MIN_TIMED_REQUESTS, Baseline
from telemetry.detection.chance import at_least, at_most
from telemetry.detection.saturation import Saturation
from telemetry.detection.served import Requests

SignalName = Literal["errors", "latency", "traffic", "saturation", "slo"]


class Breach(BaseModel):
    """One signal of one service that left its bounds.

    Attributes:
        service: Where it was seen, which is seldom where it began.
        signal: What was seen.
        at: When it was seen.
        value: What was read, in `unit`.
        limit: What it should not have passed, in `unit`.
        unit: `ratio`, `ms`, `requests/s`, or `burn rate`.
        description: One sentence with the numbers, now and before.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    service: str
    signal: SignalName
    at: AwareDatetime
    value: float
    limit: float
    unit: str
    description: str

    @property
    def is_drop(self) -> bool:
        """True for traffic that went missing, which is also what missing telemetry looks like."""
        return self.signal == "traffic" and self.value <= self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What a rule judges: a service, or one operation of it, over one window, beside what is usual.

    Attributes:
        at: When it is judged.
        service: The service.
        operation: One of its operations, None for all of them together.
        window_seconds: How long the window is.
        requests: What was answered in the window.
        latest: The part of it that the look before has not seen.
        baseline: What is usual.
        saturation: How full the service is; empty for an operation.
    """

    at: datetime
    service: str
    operation: str | None = None
    window_seconds: float
    requests: Requests
    latest: Requests
    baseline: Baseline
    saturation: Saturation = field(default_factory=Saturation)

    @property
    def subject(self) -> str:
        """The name for sentences."""
        return self.service if self.operation is None else f"{self.service}: {self.operation}"

    def breach(self, signal: SignalName, value: float, limit: float, unit: str, description: str) -> Breach:
        """Report that a value passed its limit."""
        return Breach(
            service=self.service,
            signal=signal,
            at=self.at,
            value=value,
            limit=limit,
            unit=unit,
            description=f"{self.subject} {description}.",
        )


@dataclass(frozen=True, slots=True)
class Rule:
    """A judgement and how often in a row it must hold.

    Attributes:
        judge: Gives a breach, or None while all is usual.
        of: What it is asked about.
        ticks: How many looks in a row must agree. Windows overlap, so this asks for something that lasts.
    """

    judge: Callable[[Case], Breach | None]
    of: Literal["service", "operation", "both"] = "service"
    ticks: int = 1

    def applies_to(self, case: Case) -> bool:
        """Say whether the rule is about cases of this sort."""
        return self.of in ("both", "service" if case.operation is None else "operation")


# Chance may explain a count only below this probability. A look every 5 s at thirty operations is half a million
# judgements a day; the windows overlap, so this is about one false alarm in a week from independent failures.
_CHANCE: Final = 1e-6
# Every system fails now and then, and a young baseline has not seen it yet: before there is one, one request in 200 is
# taken to fail. The more was seen, the more that counts instead.
_ASSUMED_REQUESTS: Final = 600
_ASSUMED_ERRORS: Final = 3

_SERVICE_MIN_ERRORS: Final = 5
_SERVICE_MIN_ERROR_RATIO: Final = 0.05
# One failing endpoint may be a tenth of its service's requests: seen alone, it fails a lot, soon, of few. While most of
# the window still lies before the fault, even an endpoint that fails every other request has not reached a fifth.
_OPERATION_MIN_ERRORS: Final = 4
_OPERATION_MIN_ERROR_RATIO: Final = 0.15
_ERROR_SPREADS: Final = 4
_ERROR_SPREAD_FLOOR: Final = 0.01
_ERROR_TIMES: Final = 3


def service_errors(case: Case) -> Breach | None:
    """A service fails clearly more of its requests than it used to."""
    ratio, usual = case.requests.error_ratio, case.baseline.error_ratio
    if ratio is None or (case.requests.errors or 0) < _SERVICE_MIN_ERRORS or ratio < _SERVICE_MIN_ERROR_RATIO:
        return None
    limit = _SERVICE_MIN_ERROR_RATIO
    if usual is not None:
        spread = max(usual.spread, _ERROR_SPREAD_FLOOR)
        limit = max(limit, usual.median + _ERROR_SPREADS * spread, _ERROR_TIMES * usual.median)
    return _errors(case, ratio, limit)


def operation_errors(case: Case) -> Breach | None:
    """One operation fails a large part of its requests, however small its part in the service."""
    ratio = case.requests.error_ratio
    if ratio is None or (case.requests.errors or 0) < _OPERATION_MIN_ERRORS:
        return None
    return _errors(case, ratio, max(_OPERATION_MIN_ERROR_RATIO, _ERROR_TIMES * (case.baseline.failures.ratio or 0.0)))


def _errors(case: Case, ratio: float, limit: float) -> Breach | None:
    errors, requests = case.requests.errors or 0, case.requests.count
    before = case.baseline.failures
    usual = (before.errors + _ASSUMED_ERRORS) / (before.requests + _ASSUMED_REQUESTS)
    if ratio < limit or at_least(errors, requests, usual) >= _CHANCE:
        return None
    known = "with nothing known from before" if before.ratio is None else f"{before.ratio:.1%} before"
    description = f"failed {ratio:.0%} of its requests ({errors} of {requests} in {case.window_seconds:g} s), {known}"
    return case.breach("errors", ratio, limit, "ratio", description)


_LATENCY_MIN_BASELINE_SECONDS: Final = 30
_LATENCY_TIMES: Final = 3
_LATENCY_SPREADS: Final = 4
_LATENCY_SPREAD_FLOOR: Final = 0.1  # of the median
# Nobody is woken by less, and a busy small machine adds that much to everything now and then.
_LATENCY_MIN_RISE_MS: Final = 100.0
_LATENCY_SLOW_SHARE: Final = 0.25
# A pause of the whole machine makes every request in flight slow, but only for as long as it lasts. A fault lasts: most
# of what came since the look before is slow, at the next look again.
_LATENCY_LATEST_SHARE: Final = 0.5


def latency(case: Case) -> Breach | None:
    """More than a few of the requests that succeed take far longer than the slowest of them used to."""
    value, requests = case.requests.p95_ms, len(case.requests.succeeded_ms)
    if value is None or requests < MIN_TIMED_REQUESTS:
        return None
    usual = case.baseline.latency_p95_ms
    if usual is None or usual.seconds < _LATENCY_MIN_BASELINE_SECONDS:
        return None
    spread = max(usual.spread, _LATENCY_SPREAD_FLOOR * usual.median)
    limit = max(
        _LATENCY_TIMES * usual.median, usual.median + _LATENCY_SPREADS * spread, usual.median + _LATENCY_MIN_RISE_MS
    )
    slow = _slower(case.requests, limit)
    latest = len(case.latest.succeeded_ms)
    if slow < _LATENCY_SLOW_SHARE * requests or not latest:
        return None
    if _slower(case.latest, limit) < _LATENCY_LATEST_SHARE * latest:
        return None
    return case.breach(
        "latency",
        value,
        limit,
        "ms",
        f"answered with a 95th percentile of {value:.0f} ms ({slow} of {requests} requests took {limit:.0f} ms "
        f"or more in {case.window_seconds:g} s), {usual.median:.0f} ms before",
    )


def _slower(requests: Requests, limit_ms: float) -> int:
    return len(requests.succeeded_ms) - int(np.searchsorted(requests.succeeded_ms, limit_ms))


_TRAFFIC_MIN_BASELINE_SECONDS: Final = 60  # Load that is still being ramped up looks like a surge.
# requests/s: below, an empty window is nothing special, and the first users after idle health checks are no flood.
_TRAFFIC_MIN_RATE: Final = 1.0
_SURGE_TIMES: Final = 3
_SURGE_SPREADS: Final = 6
_SURGE_MIN_RISE: Final = 10.0  # requests/s: less troubles no service.
_DROP_SHARE: Final = 0.2
# Users come in groups; a window as quiet as the quietest ones is not news.
_DROP_OF_LOW: Final = 0.5


def carries_traffic(case: Case) -> bool:
    """Say whether enough usually arrives, for long enough, to miss it."""
    usual = case.baseline.requests_per_second
    return usual is not None and usual.seconds >= _TRAFFIC_MIN_BASELINE_SECONDS and usual.median >= _TRAFFIC_MIN_RATE


def traffic_surge(case: Case) -> Breach | None:
    """Far more requests arrive than usual."""
    rate, usual = case.requests.count / case.window_seconds, case.baseline.requests_per_second
    if usual is None or not carries_traffic(case):
        return None
    spread = max(usual.spread, math.sqrt(usual.median / case.window_seconds))  # at least that of random arrivals
    limit = max(_SURGE_TIMES * usual.median, usual.median + _SURGE_SPREADS * spread, usual.median + _SURGE_MIN_RISE)
    if rate <= limit:
        return None
    description = f"answered {rate:.1f} requests/s over {case.window_seconds:g} s, {usual.median:.1f} before"
    return case.breach("traffic", rate, limit, "requests/s", description)


def traffic_drop(case: Case) -> Breach | None:
    """Requests that used to come have all but stopped."""
    rate, usual = case.requests.count / case.window_seconds, case.baseline.requests_per_second
    if usual is None or not carries_traffic(case):
        return None
    limit = min(_DROP_SHARE * usual.median, _DROP_OF_LOW * usual.low)
    if rate > limit or at_most(case.requests.count, usual.median * case.window_seconds) >= _CHANCE:
        return None
    description = f"answered only {rate:.1f} requests/s over {case.window_seconds:g} s, {usual.median:.1f} before"
    return case.breach("traffic", rate, limit, "requests/s", description)


_FULL: Final = 0.95


def saturation_of_pool(case: Case) -> Breach | None:
    """The database connections are used up and requests wait for one."""
    use, pending = case.saturation.pool_use_ratio, case.saturation.pool_pending_requests
    if use is None or use < _FULL or not pending:
        return None
    description = f"uses {use:.0%} of its database connections and {pending:.0f} requests wait for one"
    return case.breach("saturation", use, _FULL, "ratio", description)


def saturation_of_cpu(case: Case) -> Breach | None:
    """The processor has nothing left to give."""
    use = case.saturation.cpu_utilization_ratio
    if use is None or use < _FULL:
        return None
    return case.breach("saturation", use, _FULL, "ratio", f"uses {use:.0%} of its processor")


RULES: Final = (
    Rule(service_errors),
    Rule(operation_errors, of="operation"),
    Rule(latency, of="both", ticks=2),
    Rule(traffic_surge, ticks=2),
    Rule(traffic_drop, ticks=2),
    Rule(saturation_of_pool, ticks=3),
    Rule(saturation_of_cpu, ticks=3),
)
