"""Watching SLOs live: counts of the last minutes, and which budgets burn too fast right now."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from telemetry.detection.rules import Breach
from telemetry.detection.served import ServiceRequests
from telemetry.detection.slo import BurnWindows, SliCounts, Slo, burn_rate, burns

# Looks come a little early or late; a window counts as the next one if it overlaps the one before by no more.
_OVERLAP = timedelta(seconds=1)


class SloWatch:
    """Counts good and bad requests of each service at every look, and joins looks into longer windows.

    Each look covers `window_seconds`, and looks overlap; longer windows are laid out of looks side by side, and are so
    rounded up to whole looks. Before a long window has passed, it is as long as what there is.
    """

    def __init__(self, slos: Sequence[Slo], windows: Sequence[BurnWindows], window_seconds: float) -> None:
        self._slos, self._windows = tuple(slos), tuple(windows)
        self._look = timedelta(seconds=window_seconds)
        self._keep = timedelta(seconds=max((pair.long_seconds for pair in windows), default=0.0)) + self._look
        self._counts: dict[tuple[Slo, str], deque[tuple[datetime, SliCounts]]] = {}

    def look(self, at: datetime, served: Mapping[str, ServiceRequests]) -> None:
        """Count one window, ending at `at`."""
        for slo in self._slos:
            for service, requests in served.items():
                if slo.covers(service):
                    self._counts.setdefault((slo, service), deque()).append((at, slo.count(requests.total)))
        for counts in self._counts.values():
            while counts and counts[0][0] < at - self._keep:
                counts.popleft()
        self._counts = {key: counts for key, counts in self._counts.items() if counts}

    def breaches(self, at: datetime, window_end: datetime) -> Iterator[Breach]:
        """Give the budgets that burn too fast over the windows that end at `window_end`."""
        for (slo, service), counts in sorted(self._counts.items(), key=lambda item: (item[0][1], item[0][0].name)):
            for pair in self._windows:
                long = self._over(counts, window_end, pair.long_seconds)
                short = self._over(counts, window_end, pair.short_seconds)
                if burns(long, short, slo.objective, pair):
                    yield _breach(at, slo, service, pair, long)
                    break  # One pair is reason enough; the next would say the same again.

    def _over(self, counts: deque[tuple[datetime, SliCounts]], end: datetime, seconds: float) -> SliCounts:
        total, taken_to = SliCounts(), end
        for at, counted in reversed(counts):
            if at <= end - timedelta(seconds=seconds) + _OVERLAP:
                break
            if at <= taken_to:
                total, taken_to = total + counted, at - self._look + _OVERLAP
        return total


def _breach(at: datetime, slo: Slo, service: str, pair: BurnWindows, long: SliCounts) -> Breach:
    rate = burn_rate(long, slo.objective) or 0.0
    return Breach(
        service=service,
        signal="slo",
        at=at,
        value=rate,
        limit=pair.burn_rate,
        unit="burn rate",
        description=(
            f"{service} burns the error budget of {slo.name!r} ({slo.objective:.4g} promised) {rate:.1f} times as fast "
            f"as it may: {long.bad} of {long.total} requests were bad over at most {pair.long_seconds:g} s."
        ),
    )
