"""What an experiment asks of the telemetry and of the assistant: is all well, does the fault show, is it known?

Chaos Toolkit calls these in a process of its own. Where things are comes by environment: `FIREDRILL_TELEMETRY` (the
store) and `FIREDRILL_SERVER_URL` (the assistant, which is only ever read from).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

import httpx
import pandas as pd
from chaoslib.exceptions import ActivityFailed

from assistant.client import AssistantClient, ServerError
from assistant.incidents import IncidentStatus
from telemetry import SourceUnavailable, StoredTelemetry, TelemetrySource, utc_now

TELEMETRY_VARIABLE: Final = "FIREDRILL_TELEMETRY"
SERVER_VARIABLE: Final = "FIREDRILL_SERVER_URL"

_POLL_SECONDS: Final = 0.5
# Spans arrive up to this long after they ended; a look at the last seconds would miss some.
_ARRIVAL = timedelta(seconds=2)
_LONGEST_REQUEST = timedelta(seconds=15)
_FEWEST_REQUESTS: Final = 5
_Answer = TypeVar("_Answer")


def error_ratio(service: str, operation: str | None = None, window_seconds: float = 10) -> float:
    """Share of a service's requests that failed over the last seconds, in 0..1.

    Raises:
        ActivityFailed: Too few requests came to say, or the telemetry cannot be read.
    """
    served = _served(service, operation, window_seconds)
    return float((served["status"] == "ERROR").mean())


def latency_p95_ms(service: str, operation: str | None = None, window_seconds: float = 10) -> float:
    """95th percentile of the time that a service's requests took over the last seconds, in milliseconds.

    Raises:
        ActivityFailed: Too few requests came to say, or the telemetry cannot be read.
    """
    return float(_served(service, operation, window_seconds)["duration_ms"].quantile(0.95))


def requests_per_second(service: str, window_seconds: float = 10) -> float:
    """Requests a second that a service served over the last seconds.

    Raises:
        ActivityFailed: Too few requests came to say, or the telemetry cannot be read.
    """
    return len(_served(service, None, window_seconds)) / window_seconds


def open_incidents() -> int:
    """How many incidents are open.

    Raises:
        ActivityFailed: The assistant cannot be asked.
    """
    return len(_asked(lambda assistant: assistant.incidents(IncidentStatus.OPEN)))


def await_errors(
    service: str, operation: str | None = None, at_least: float = 0.3, within_seconds: float = 30
) -> dict[str, Any]:
    """Wait until requests that began after now fail, and say since when.

    Args:
        service: Whose requests.
        operation: Only these, such as `GET /search`; all where not given.
        at_least: Share of the requests that must fail, in 0..1.
        within_seconds: How long to wait.

    Returns:
        `seen`, `at` (when the first of them failed, or null), `value` (the share last read, or null).
    """

    def look(since: datetime) -> tuple[datetime | None, float | None]:
        served = _served_since(since, service, operation)
        failed = served[served["status"] == "ERROR"]
        if len(failed) < _FEWEST_REQUESTS or len(failed) / len(served) < at_least:
            return None, len(failed) / len(served) if len(served) else None
        return _ends(failed).min().to_pydatetime(), len(failed) / len(served)

    return _await(look, within_seconds)


def await_surge(service: str, at_least_per_second: float, within_seconds: float = 30) -> dict[str, Any]:
    """Wait until a service serves this many requests a second, and say since when; returns as `await_errors`."""

    def look(since: datetime) -> tuple[datetime | None, float | None]:
        served = _served_since(since, service, None)
        by_second = served["ts"].dt.floor("1s").value_counts().sort_index()
        busy = by_second[by_second >= at_least_per_second]
        rate = float(by_second.max()) if len(by_second) else None
        # Three busy seconds are no chance burst of a few users.
        return (busy.index[0].to_pydatetime() if len(busy) >= 3 else None), rate

    return _await(look, within_seconds)


def await_diagnosis(within_seconds: float = 60, after_seconds: float = 120) -> dict[str, Any]:
    """Wait until the assistant has diagnosed an incident that it detected after this began, or time is up.

    Nothing is told to the assistant. Time being up is not a failure of the experiment: it is the result.

    Args:
        within_seconds: How long to wait.
        after_seconds: How far before now the incident may have been detected: while the effect was awaited.

    Returns:
        `incident` (its id, or null), `detected` and `diagnosed` (times, or null).
    """
    since, give_up_at = utc_now() - timedelta(seconds=after_seconds), time.monotonic() + within_seconds
    found: dict[str, Any] = {"incident": None, "detected": None, "diagnosed": None}
    while True:
        for incident in _asked(lambda assistant: assistant.incidents(IncidentStatus.OPEN)):
            if incident.timeline.detected >= since:
                times = incident.timeline
                found = {
                    "incident": incident.id,
                    "detected": times.detected.isoformat(),
                    "diagnosed": times.diagnosed.isoformat() if times.diagnosed else None,
                }
        if found["diagnosed"] or time.monotonic() >= give_up_at:
            return found
        time.sleep(_POLL_SECONDS)


def await_steady(
    service: str,
    most_errors: float = 0.02,
    most_p95_ms: float = 500,
    window_seconds: float = 8,
    within_seconds: float = 90,
) -> dict[str, Any]:
    """Wait until a service is well again for a whole window; returns as `await_errors`, `at` being its end."""
    began, give_up_at = time.monotonic(), time.monotonic() + within_seconds
    # The window must lie after the roll-back, or a healthy stretch from before the fault would count.
    while time.monotonic() - began < window_seconds + _ARRIVAL.total_seconds():
        time.sleep(_POLL_SECONDS)
    ratio: float | None = None
    while time.monotonic() < give_up_at:
        try:
            served = _served(service, None, window_seconds)
        except ActivityFailed:
            time.sleep(_POLL_SECONDS)
            continue
        ratio = float((served["status"] == "ERROR").mean())
        if ratio <= most_errors and float(served["duration_ms"].quantile(0.95)) <= most_p95_ms:
            return {"seen": True, "at": utc_now().isoformat(), "value": ratio}
        time.sleep(_POLL_SECONDS)
    return {"seen": False, "at": None, "value": ratio}


def _await(look: Callable[[datetime], tuple[datetime | None, float | None]], within_seconds: float) -> dict[str, Any]:
    # The fault was applied by the action before; its first effects may be a moment old.
    since, give_up_at = utc_now() - timedelta(seconds=5), time.monotonic() + within_seconds
    while True:
        try:
            at, value = look(since)
        except SourceUnavailable as error:
            raise ActivityFailed(str(error)) from error
        if at is not None:
            return {"seen": True, "at": at.isoformat(), "value": value}
        if time.monotonic() >= give_up_at:
            return {"seen": False, "at": None, "value": value}
        time.sleep(_POLL_SECONDS)


def _served(service: str, operation: str | None, window_seconds: float) -> pd.DataFrame:
    """Read the requests that ended in the last seconds, leaving out those whose spans may still be on the way."""
    end = utc_now() - _ARRIVAL
    start = end - timedelta(seconds=window_seconds)
    try:
        served = _requests(start - _LONGEST_REQUEST, end, service, operation)
    except SourceUnavailable as error:
        raise ActivityFailed(str(error)) from error
    ended = _ends(served)
    served = served[(ended >= start) & (ended < end)]
    if len(served) < _FEWEST_REQUESTS:
        what = f"{operation} of {service}" if operation else service
        raise ActivityFailed(
            f"only {len(served)} requests to {what} in {window_seconds:g} s; is the load running? (`firedrill status`)"
        )
    return served


def _served_since(since: datetime, service: str, operation: str | None) -> pd.DataFrame:
    return _requests(since, utc_now() + timedelta(seconds=1), service, operation)


def _requests(start: datetime, end: datetime, service: str, operation: str | None) -> pd.DataFrame:
    served = _telemetry().spans(start, end, services=(service,), kinds=("SERVER", "CONSUMER"))
    return served if operation is None else served[served["name"] == operation]


def _ends(spans: pd.DataFrame) -> pd.Series:
    ends: pd.Series = spans["ts"] + pd.to_timedelta(spans["duration_ms"], unit="ms")
    return ends


def _telemetry() -> TelemetrySource:
    return StoredTelemetry(Path(_variable(TELEMETRY_VARIABLE)))


def _asked(ask: Callable[[AssistantClient], _Answer]) -> _Answer:
    try:
        with httpx.Client(base_url=_variable(SERVER_VARIABLE), timeout=10, trust_env=False) as http:
            return ask(AssistantClient(http))
    except ServerError as error:
        raise ActivityFailed(str(error)) from error


def _variable(name: str) -> str:
    if not (found := os.environ.get(name)):
        raise ActivityFailed(f"{name} is not set; run experiments with `firedrill drill run`")
    return found
