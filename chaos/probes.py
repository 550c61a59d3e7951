"""What an experiment asks of the telemetry and of the assistant: is all well, does the fault show, is it known?

Chaos Toolkit calls these in a process of its own. Where things are comes by environment: `FIREDRILL_TELEMETRY` (the
store) and `FIREDRILL_SERVER_URL` (the assistant, which is only ever read from); `FIREDRILL_DRILL_BEGAN` says since when
the drill runs. Before that nothing was amiss, or the fault would not have been applied: so what is amiss since then is
the drill's.
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
from chaos.onset import first_failure, first_surge
from telemetry import SourceUnavailable, StoredTelemetry, TelemetrySource, utc_now

TELEMETRY_VARIABLE: Final = "FIREDRILL_TELEMETRY"
SERVER_VARIABLE: Final = "FIREDRILL_SERVER_URL"
BEGAN_VARIABLE: Final = "FIREDRILL_DRILL_BEGAN"

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


def open_incidents() -> int:
    """How many incidents are open.

    Raises:
        ActivityFailed: The assistant cannot be asked.
    """
    return len(_asked(lambda assistant: assistant.incidents(IncidentStatus.OPEN)))


def await_errors(
    service: str, operation: str | None = None, at_least: float = 0.3, within_seconds: float = 30
) -> dict[str, Any]:
    """Wait until a service's requests fail, and say since when.

    Args:
        service: Whose requests.
        operation: Only these, such as `GET /search`; all where not given.
        at_least: Share of the requests that must fail, in 0..1.
        within_seconds: How long to wait.

    Returns:
        `seen`, `at` (the end of the first failed request from which on this share failed, or null), `value` (the share
        since then; while it is not seen, the share since the drill began, or null without requests).

    Raises:
        ActivityFailed: The telemetry cannot be read.
    """

    def look() -> dict[str, Any]:
        served = _served_since_drill_began(service, operation)
        ends, failed = _ends(served), served["status"] == "ERROR"
        by_end = ends.argsort()
        at, share = first_failure(failed.iloc[by_end].to_numpy(), at_least)
        return _sighting(None if at is None else ends.iloc[by_end].iloc[at].to_pydatetime(), share)

    return _await(look, "seen", within_seconds)


def await_surge(service: str, at_least_per_second: float, within_seconds: float = 30) -> dict[str, Any]:
    """Wait until a service serves this many requests a second for several seconds, and say since when.

    Returns:
        As `await_errors`; `at` is the beginning of the first such second, `value` the most requests in one second.

    Raises:
        ActivityFailed: The telemetry cannot be read.
    """

    def look() -> dict[str, Any]:
        by_second = _served_since_drill_began(service, None)["ts"].dt.floor("1s").value_counts()
        return _sighting(
            first_surge(by_second, at_least_per_second), float(by_second.max()) if len(by_second) else None
        )

    return _await(look, "seen", within_seconds)


def await_diagnosis(within_seconds: float = 60) -> dict[str, Any]:
    """Wait until the assistant has diagnosed an incident that it detected since the drill began, or time is up.

    Nothing is told to the assistant. Time being up is not a failure of the experiment: it is the result.

    Args:
        within_seconds: How long to wait.

    Returns:
        `incident` (its id, or null), `detected` and `diagnosed` (times, or null).

    Raises:
        ActivityFailed: The assistant could not be asked at the end.
    """
    began = _drill_began()

    def look() -> dict[str, Any]:
        # Of any status: one that was short may be over by now.
        own = [one for one in _asked(AssistantClient.incidents) if one.timeline.detected >= began]
        if not own:
            return {"incident": None, "detected": None, "diagnosed": None}
        first = min(own, key=lambda one: one.timeline.detected)
        times = first.timeline
        return {
            "incident": first.id,
            "detected": times.detected.isoformat(),
            "diagnosed": times.diagnosed.isoformat() if times.diagnosed else None,
        }

    return _await(look, "diagnosed", within_seconds)


def await_steady(
    service: str,
    most_errors: float = 0.02,
    most_p95_ms: float = 500,
    window_seconds: float = 8,
    within_seconds: float = 90,
) -> dict[str, Any]:
    """Wait until a service is well for a whole window that began after now.

    Args:
        service: Whose requests.
        most_errors: Share of the requests that may fail, in 0..1.
        most_p95_ms: Most milliseconds that 95 % of the requests may take.
        window_seconds: Length of the window.
        within_seconds: How long to wait, the window included.

    Returns:
        As `await_errors`; `at` is the beginning of the window, `value` the share of requests that failed in it.

    Raises:
        ActivityFailed: Too few requests came to say, or the telemetry cannot be read.
    """
    began = utc_now()

    def look() -> dict[str, Any]:
        start = utc_now() - _ARRIVAL - timedelta(seconds=window_seconds)
        # A window from before the roll-back would count a healthy stretch from before the fault.
        if start < began:
            return _sighting(None, None)
        served = _served(service, None, window_seconds)
        ratio = float((served["status"] == "ERROR").mean())
        well = ratio <= most_errors and float(served["duration_ms"].quantile(0.95)) <= most_p95_ms
        return _sighting(start if well else None, ratio)

    return _await(look, "seen", within_seconds)


def _sighting(at: datetime | None, value: float | None) -> dict[str, Any]:
    return {"seen": at is not None, "at": at.isoformat() if at else None, "value": value}


def _await(look: Callable[[], dict[str, Any]], wanted: str, within_seconds: float) -> dict[str, Any]:
    """Look again and again until what is wanted is found, or time is up; gives what was found last.

    Raises:
        ActivityFailed: The last look failed; earlier ones may fail, since whoever is asked may be busy.
    """
    give_up_at = time.monotonic() + within_seconds
    while True:
        late = time.monotonic() >= give_up_at
        try:
            found = look()
        except ActivityFailed:
            if late:
                raise
        else:
            if found[wanted] or late:
                return found
        time.sleep(_POLL_SECONDS)


def _served(service: str, operation: str | None, window_seconds: float) -> pd.DataFrame:
    """Read the requests that ended in the last seconds, leaving out those whose spans may still be on the way."""
    end = utc_now() - _ARRIVAL
    start = end - timedelta(seconds=window_seconds)
    served = _requests(start - _LONGEST_REQUEST, end, service, operation)
    ended = _ends(served)
    served = served[(ended >= start) & (ended < end)]
    if len(served) < _FEWEST_REQUESTS:
        what = f"{operation} of {service}" if operation else service
        raise ActivityFailed(
            f"only {len(served)} requests to {what} in {window_seconds:g} s; is the load running? (`firedrill status`)"
        )
    return served


def _served_since_drill_began(service: str, operation: str | None) -> pd.DataFrame:
    return _requests(_drill_began(), utc_now() + timedelta(seconds=1), service, operation)


def _requests(start: datetime, end: datetime, service: str, operation: str | None) -> pd.DataFrame:
    try:
        served = _telemetry().spans(start, end, services=(service,), kinds=("SERVER", "CONSUMER"))
    except SourceUnavailable as error:
        raise ActivityFailed(str(error)) from error
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


def _drill_began() -> datetime:
    text = _variable(BEGAN_VARIABLE)
    try:
        began = datetime.fromisoformat(text)
    except ValueError as error:
        raise ActivityFailed(f"{BEGAN_VARIABLE} is no time: {text!r}") from error
    if began.tzinfo is None:
        raise ActivityFailed(f"{BEGAN_VARIABLE} has no time zone: {text!r}; write it as 2026-03-01T10:30:00Z")
    return began


def _variable(name: str) -> str:
    if not (found := os.environ.get(name)):
        raise ActivityFailed(f"{name} is not set; run experiments with `firedrill drill run`")
    return found
