"""The figures of a group of judged recordings."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from assistant.evaluation.calibration import Calibration, calibrate
from assistant.evaluation.judging import Case

_RESAMPLES: Final = 2000
_OUTSIDE: Final = _RESAMPLES * 25 // 1000  # Of so many on either side lies what a 95 % interval leaves out.
_DEEPEST: Final = 5


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean with its interval.

    Attributes:
        value: The mean, in 0..1.
        low: Lower end of the 95 % bootstrap interval.
        high: Upper end.
    """

    value: float
    low: float
    high: float

    def as_json(self) -> dict[str, Any]:
        """Give the figure as plain data."""
        return {"value": self.value, "ci95": [self.low, self.high]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What came out for a group of recordings.

    Attributes:
        recordings: How many there are.
        missing: How many have no result, or an error.
        faults: On how many something was the matter.
        quiet: On how many nothing was.
        ac: Share of the faults with the true service among the first 1, 3 and 5; None without faults.
        avg5: Mean of that share over the first 1 to 5; None without faults.
        abstained_on_faults: On how many faults no cause was named.
        kind_right: Share of the kinds named on faults that are the truth's very word; None where none was named.
        kind_credit: Mean credit in 0..1 for these kinds, those left out whose truth is in an unknown word.
        kinds_unknown: How many are left out.
        false_alarm_rate: Share of quiet recordings that were not abstained on, errors included; None without any.
        seconds_mean: Mean time a recording took; None where no time is known.
        seconds_p95: The 95th percentile of it.
        calibration: Whether the probabilities mean what they say.
    """

    recordings: int
    missing: int
    faults: int
    quiet: int
    ac: dict[int, Figure] | None
    avg5: Figure | None
    abstained_on_faults: int
    kind_right: float | None
    kind_credit: float | None
    kinds_unknown: int
    false_alarm_rate: Figure | None
    seconds_mean: float | None
    seconds_p95: float | None
    calibration: Calibration

    def as_json(self) -> dict[str, Any]:
        """Give the figures as plain data; what there is none of is null."""
        ranks = {f"ac{depth}": None if self.ac is None else self.ac[depth].as_json() for depth in (1, 3, 5)}
        return {
            "recordings": self.recordings,
            "missing": self.missing,
            "seconds_mean": self.seconds_mean,
            "seconds_p95": self.seconds_p95,
            "faults": self.faults,
            **ranks,
            "avg5": None if self.avg5 is None else self.avg5.as_json(),
            "abstained_on_faults": self.abstained_on_faults,
            "kind_right": self.kind_right,
            "kind_credit": self.kind_credit,
            "kinds_unknown": self.kinds_unknown,
            "quiet": self.quiet,
            "false_alarm_rate": None if self.false_alarm_rate is None else self.false_alarm_rate.as_json(),
            "calibration": self.calibration.as_json(),
        }


def summarise(cases: Sequence[Case]) -> Summary:
    """Work out the figures; the same cases always give the same ones."""
    faults = [case for case in cases if case.fault]
    quiet = [case for case in cases if not case.fault]
    seconds = [case.seconds for case in cases if case.seconds is not None]
    right = [float(case.kind_right) for case in faults if case.kind_right is not None]
    credited = [case.kind_credit for case in faults if case.kind_credit is not None]
    return Summary(
        recordings=len(cases),
        missing=sum(case.missing for case in cases),
        faults=len(faults),
        quiet=len(quiet),
        ac={depth: _figure([_within(case, depth) for case in faults]) for depth in (1, 3, 5)} if faults else None,
        avg5=_figure([_average(case) for case in faults]) if faults else None,
        abstained_on_faults=sum(case.abstained for case in faults),
        kind_right=round(sum(right) / len(right), 4) if right else None,
        kind_credit=round(sum(credited) / len(credited), 4) if credited else None,
        kinds_unknown=len(right) - len(credited),
        # A crash must never pay: no answer on a quiet recording counts as a false alarm.
        false_alarm_rate=_figure([float(not case.abstained) for case in quiet]) if quiet else None,
        seconds_mean=round(float(np.mean(seconds)), 3) if seconds else None,
        seconds_p95=round(float(np.quantile(seconds, 0.95)), 3) if seconds else None,
        calibration=calibrate(cases),
    )


def _within(case: Case, depth: int) -> float:
    return float(case.rank is not None and case.rank <= depth)


def _average(case: Case) -> float:
    return 0.0 if case.rank is None else max(0, _DEEPEST + 1 - case.rank) / _DEEPEST


def _figure(values: Sequence[float]) -> Figure:
    """Give the mean with a percentile bootstrap interval; the seed hangs on nothing but how many values there are."""
    count = len(values)
    chance = random.Random(count)  # noqa: S311 - drawn to be repeated, not to be secret
    means = sorted(sum(chance.choices(values, k=count)) / count for _ in range(_RESAMPLES))
    low, high = means[_OUTSIDE], means[_RESAMPLES - _OUTSIDE - 1]
    return Figure(round(sum(values) / count, 4), round(low, 4), round(high, 4))
