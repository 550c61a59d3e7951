"""Service level objectives: what was promised, how much of the error budget is spent, and how fast it burns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from telemetry.detection.served import Requests

EVERY_SERVICE: Final = "*"


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Slo(_Value):
    """A promise about the share of good requests.

    Attributes:
        name: What people call it.
        service: Whose promise it is; `*` promises the same for every service.
        sli: What makes a request good. `availability`: it did not fail. `latency`: of those that did not fail, it
            took at most `threshold_ms`.
        objective: Promised share of good requests, above 0 and below 1: a promise of 1 leaves no budget to burn.
        threshold_ms: The slowest good request; for `latency`, and only there.
    """

    name: str = Field(min_length=1)
    service: str = EVERY_SERVICE
    sli: Literal["availability", "latency"] = "availability"
    objective: float = Field(gt=0, lt=1)
    threshold_ms: float | None = Field(None, gt=0)

    @model_validator(mode="after")
    def _says_what_is_slow(self) -> Slo:
        if (self.sli == "latency") != (self.threshold_ms is not None):
            raise ValueError(
                f"SLO {self.name!r}: threshold_ms belongs to a latency SLO, and every latency SLO needs one"
            )
        return self

    def covers(self, service: str) -> bool:
        """Say whether the promise is about a service."""
        return self.service in (EVERY_SERVICE, service)

    def count(self, requests: Requests) -> SliCounts:
        """Count the good requests among those that the promise is about."""
        if self.threshold_ms is not None:
            good = int(np.searchsorted(requests.succeeded_ms, self.threshold_ms, side="right"))
            return SliCounts(good, len(requests.succeeded_ms))
        if requests.errors is None:
            return SliCounts()  # Whether these were good is unknown, so they count as nothing at all.
        return SliCounts(requests.count - requests.errors, requests.count)


@dataclass(frozen=True, slots=True)
class SliCounts:
    """Good requests, and all that the promise is about. Counts add up; ratios do not."""

    good: int = 0
    total: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.good <= self.total:
            raise ValueError(f"good must lie in 0..total, got {self.good} of {self.total}")

    def __add__(self, other: SliCounts) -> SliCounts:
        return SliCounts(self.good + other.good, self.total + other.total)

    @property
    def bad(self) -> int:
        """Requests that broke the promise."""
        return self.total - self.good

    @property
    def ratio(self) -> float | None:
        """The SLI, in 0..1; None without requests, which is not 100 %."""
        return self.good / self.total if self.total else None


class BurnWindows(_Value):
    """When a budget burns too fast: above `burn_rate` over the long window, and over the short one still.

    Attributes:
        long_seconds: Says that enough was spent to matter.
        short_seconds: Says that it is still being spent, so that an alert ends soon after its cause.
        burn_rate: 1 spends exactly the whole budget over the SLO's period.
    """

    long_seconds: float = Field(gt=0)
    short_seconds: float = Field(gt=0)
    burn_rate: float = Field(gt=0)

    @model_validator(mode="after")
    def _long_is_longer(self) -> BurnWindows:
        if self.short_seconds > self.long_seconds:
            raise ValueError(f"the short window ({self.short_seconds:g} s) exceeds the long ({self.long_seconds:g} s)")
        return self


# The SRE workbook, chapter 5: for objectives over 30 days. Any pair that burns is reason enough.
WORKBOOK_WINDOWS: Final = (
    BurnWindows(long_seconds=3600, short_seconds=300, burn_rate=14.4),
    BurnWindows(long_seconds=6 * 3600, short_seconds=1800, burn_rate=6),
    BurnWindows(long_seconds=24 * 3600, short_seconds=2 * 3600, burn_rate=3),
    BurnWindows(long_seconds=3 * 86400, short_seconds=6 * 3600, burn_rate=1),
)

# For a system that is minutes old and watched every few seconds: the same burn, seen at once.
LIVE_WINDOWS: Final = (BurnWindows(long_seconds=60, short_seconds=15, burn_rate=14.4),)

# Below this many bad requests a high ratio says more about the little traffic than about the service.
MINIMUM_BAD: Final = 5

DEFAULT_SLOS: Final = (Slo(name="availability", objective=0.99),)


def burn_rate(counts: SliCounts, objective: float) -> float | None:
    """Say how many times faster than allowed the budget burns: bad ratio / (1 - objective); None without requests."""
    return counts.bad / counts.total / (1.0 - objective) if counts.total else None


def burns(
    long: SliCounts, short: SliCounts, objective: float, windows: BurnWindows, minimum_bad: int = MINIMUM_BAD
) -> bool:
    """Say whether both windows burn above the limit, with enough bad requests in the long one to tell."""
    rates = burn_rate(long, objective), burn_rate(short, objective)
    return long.bad >= minimum_bad and all(rate is not None and rate >= windows.burn_rate for rate in rates)


@dataclass(frozen=True, slots=True)
class ErrorBudget:
    """How many requests may go wrong in a period, and how many did.

    Attributes:
        allowed_bad: Requests that may break the promise, at the period's traffic; seldom a whole number.
        bad: Requests that did.
        left_ratio: What is left, 1 when untouched, negative when overspent; None without requests.
    """

    allowed_bad: float
    bad: int
    left_ratio: float | None


def error_budget(counts: SliCounts, objective: float) -> ErrorBudget:
    """Draw up the error budget of the period that was counted."""
    allowed = counts.total * (1.0 - objective)
    return ErrorBudget(allowed, counts.bad, 1.0 - counts.bad / allowed if counts.total else None)
