"""What is usual: readings of healthy times, kept in memory, and robust statistics over them."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from telemetry.detection.served import Requests

# A service as a whole, or one of its operations.
Subject = tuple[str, str | None]

# What turns the interquartile range and the median absolute deviation of normal readings into a standard deviation.
_IQR_TO_SPREAD = 1 / 1.349
_MAD_TO_SPREAD = 1.4826

# Of fewer, a 95th percentile is one odd request. It also keeps the few health checks of an idle service, all of them
# fast, from becoming the measure of its real work.
MIN_TIMED_REQUESTS = 10


@dataclass(frozen=True, slots=True)
class Reading:
    """What a service or an operation did in one window.

    Attributes:
        at: When it was read.
        requests: Requests answered.
        errors: Requests failed; None where nobody can say.
        requests_per_second: The requests as a rate.
        latency_p95_ms: 95th percentile of those that succeeded; None where too few did (`MIN_TIMED_REQUESTS`).
    """

    at: datetime
    requests: int
    errors: int | None
    requests_per_second: float
    latency_p95_ms: float | None

    @classmethod
    def of(cls, requests: Requests, at: datetime, window_seconds: float) -> Reading:
        """Read a window's requests."""
        timed = len(requests.succeeded_ms) >= MIN_TIMED_REQUESTS
        rate = requests.count / window_seconds
        return cls(at, requests.count, requests.errors, rate, requests.p95_ms if timed else None)


@dataclass(frozen=True, slots=True)
class Typical:
    """The usual range of a signal.

    Attributes:
        median: Half of the readings lie below.
        spread: A standard deviation that a few wild readings do not move: the larger of what the interquartile
            range and the median absolute deviation say. 0 where most readings agree: who multiplies it sets a floor.
        low: One reading in twenty lies below.
        seconds: From the oldest of the readings to the newest.
    """

    median: float
    spread: float
    low: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Failures:
    """Failed requests among all that were counted."""

    errors: int
    requests: int

    @property
    def ratio(self) -> float | None:
        """Failed requests in 0..1 of all; None without any."""
        return self.errors / self.requests if self.requests else None


def typical(readings: Sequence[tuple[datetime, float]]) -> Typical | None:
    """Summarise readings, oldest first; None without any."""
    if not readings:
        return None
    # Plain Python: for a hundred numbers it is several times faster than an array library, and every look asks often.
    values = sorted(value for _, value in readings)
    median = _quantile(values, 0.5)
    deviation = _quantile(sorted(abs(value - median) for value in values), 0.5)
    return Typical(
        median=median,
        spread=max((_quantile(values, 0.75) - _quantile(values, 0.25)) * _IQR_TO_SPREAD, deviation * _MAD_TO_SPREAD),
        low=_quantile(values, 0.05),
        seconds=(readings[-1][0] - readings[0][0]).total_seconds(),
    )


def _quantile(ascending: Sequence[float], share: float) -> float:
    position = share * (len(ascending) - 1)
    below = int(position)
    above = min(below + 1, len(ascending) - 1)
    return ascending[below] + (position - below) * (ascending[above] - ascending[below])


class Baseline:
    """The healthy readings of one subject, oldest first, and what they say. Reckons only what it is asked."""

    def __init__(self, readings: Sequence[Reading] = ()) -> None:
        self._readings = readings

    @cached_property
    def failures(self) -> Failures:
        """What failed of all that was read. Windows overlap, so a request counts more than once."""
        known = [(reading.errors, reading.requests) for reading in self._readings if reading.errors is not None]
        return Failures(sum(errors for errors, _ in known), sum(requests for _, requests in known))

    @cached_property
    def error_ratio(self) -> Typical | None:
        """Failed requests in 0..1 of a window's."""
        return typical(
            [
                (reading.at, reading.errors / reading.requests)
                for reading in self._readings
                if reading.requests and reading.errors is not None
            ]
        )

    @cached_property
    def latency_p95_ms(self) -> Typical | None:
        """95th percentile of a window's successes, in milliseconds."""
        return typical(
            [(reading.at, reading.latency_p95_ms) for reading in self._readings if reading.latency_p95_ms is not None]
        )

    @cached_property
    def requests_per_second(self) -> Typical | None:
        """A window's rate."""
        return typical([(reading.at, reading.requests_per_second) for reading in self._readings])


class Baselines:
    """Owns the readings of all subjects. The caller vouches that what is learned was healthy.

    Args:
        keep_readings: How many readings of a subject count, the newest ones. Counted, not dated: during an incident
            nothing is learned, and what was usual before it is still there after it, however long it took.
        forget_seconds: After this long without a new reading, a subject's past says nothing about it any more: what
            still looks unusual then is the new normal.
    """

    def __init__(self, keep_readings: int, forget_seconds: float) -> None:
        self._keep, self._forget = keep_readings, timedelta(seconds=forget_seconds)
        self._readings: dict[Subject, deque[Reading]] = {}

    def learn(self, readings: Mapping[Subject, Reading]) -> None:
        """Add readings of one moment."""
        for subject, reading in readings.items():
            self._readings.setdefault(subject, deque(maxlen=self._keep)).append(reading)

    def unlearn(self, since: datetime) -> None:
        """Take back what was learned after a moment: it turned out to be the start of an incident."""
        for known in self._readings.values():
            while known and known[-1].at > since:
                known.pop()
        self._drop_empty()

    def forget(self, now: datetime) -> None:
        """Drop the subjects without a recent reading."""
        for known in self._readings.values():
            if known and known[-1].at < now - self._forget:
                known.clear()
        self._drop_empty()

    def clear(self) -> None:
        """Forget everything."""
        self._readings.clear()

    def of(self, subject: Subject) -> Baseline:
        """Give the baseline of a subject, an empty one where nothing is known."""
        return Baseline(tuple(self._readings.get(subject, ())))

    @property
    def services(self) -> set[str]:
        """Services with a reading."""
        return {service for service, operation in self._readings if operation is None}

    @property
    def seconds(self) -> float:
        """How long a stretch the readings of all services span."""
        moments = [
            known[end].at for (_, operation), known in self._readings.items() if operation is None for end in (0, -1)
        ]
        return (max(moments) - min(moments)).total_seconds() if moments else 0.0

    def _drop_empty(self) -> None:
        self._readings = {subject: known for subject, known in self._readings.items() if known}
