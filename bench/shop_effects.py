"""Since when a fault shows in the telemetry; what is looked at is what its fault must disturb, soft or hard."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

import numpy as np
import pandas as pd

from chaos.onset import first_failure, first_surge
from telemetry import TelemetrySource, peer_of_client_spans

_SHARE: Final = 0.5
_SILENCE = timedelta(seconds=5)
_DATABASE_MARK: Final = '"db.'


class Effect(Protocol):
    """Something that telemetry shows, or does not."""

    def seen(self, source: TelemetrySource, since: datetime, now: datetime) -> datetime | None:
        """Say when it began; None while it does not show.

        Raises:
            SourceUnavailable: The telemetry cannot be read.
        """
        ...


@dataclass(frozen=True, slots=True)
class CallsHurt:
    """Half of the calls from one service to another fail, or take at least so many milliseconds."""

    caller: str
    callee: str
    slower_than_ms: float = float("inf")

    def seen(self, source: TelemetrySource, since: datetime, now: datetime) -> datetime | None:
        """Look at the caller's side, which knows of calls that never arrived."""
        spans = source.spans(since, now)
        calls = spans[(spans["service"] == self.caller) & (peer_of_client_spans(spans) == self.callee)]
        return _hurt_since(calls, self.slower_than_ms)


@dataclass(frozen=True, slots=True)
class RequestsHurt:
    """Half of the requests that a service answers fail."""

    service: str
    operation: str | None = None

    def seen(self, source: TelemetrySource, since: datetime, now: datetime) -> datetime | None:
        """Look at the service's answers."""
        spans = source.spans(since, now, services=(self.service,), kinds=("SERVER",))
        if self.operation is not None:
            spans = spans[spans["name"] == self.operation]
        return _hurt_since(spans, float("inf"))


@dataclass(frozen=True, slots=True)
class StatementsSlow:
    """A third of the statements that a service sends to its database take at least so many milliseconds."""

    service: str
    slower_than_ms: float

    def seen(self, source: TelemetrySource, since: datetime, now: datetime) -> datetime | None:
        """Look at the service's statements."""
        spans = source.spans(since, now, services=(self.service,), kinds=("CLIENT",))
        statements = spans[spans["attributes"].fillna("").str.contains(_DATABASE_MARK, regex=False)]
        # Of a busy transaction only the first statement waits for the lock.
        return _hurt_since(statements, self.slower_than_ms, share=_SHARE / 2)


@dataclass(frozen=True, slots=True)
class Surge:
    """A service is asked at least so often a second."""

    service: str
    requests_per_second: float

    def seen(self, source: TelemetrySource, since: datetime, now: datetime) -> datetime | None:
        """Look at what arrives."""
        spans = source.spans(since, now, services=(self.service,), kinds=("SERVER",))
        return first_surge(spans["ts"].dt.floor("1s").value_counts(), self.requests_per_second)


@dataclass(frozen=True, slots=True)
class Silence:
    """A service that always has something to tell has told nothing for seconds."""

    service: str

    def seen(self, source: TelemetrySource, since: datetime, now: datetime) -> datetime | None:
        """Look for anything that it answered."""
        spans = source.spans(since - _SILENCE, now, services=(self.service,))
        last = since if spans.empty else max(since, spans["ts"].max().to_pydatetime())
        return last if now - last >= _SILENCE else None


def _hurt_since(spans: pd.DataFrame, slower_than_ms: float, *, share: float = _SHARE) -> datetime | None:
    """Give the end of the first hurt span from which on at least that share was hurt."""
    ends = spans["ts"] + pd.to_timedelta(spans["duration_ms"], unit="ms")
    hurt = ((spans["status"] == "ERROR") | (spans["duration_ms"] >= slower_than_ms)).to_numpy(dtype=np.bool_)
    order = ends.argsort().to_numpy()
    place, _ = first_failure(hurt[order], share)
    return None if place is None else ends.iloc[order[place]].floor("us").to_pydatetime()
