"""Stored points as the series that people read: averages of gauges, rates of counters, shapes of histograms."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_MICROSECONDS: Final = 1_000_000
_QUANTILE: Final = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """Points of one kind of series, sorted by series and then by time.

    Attributes:
        series: Number of the series, `[point]`.
        ts: Microseconds since 1970, `[point]`.
        start_ts: When what is counted began to be counted, 0 where that is not known, `[point]`.
        values: Value, or a histogram's sum, `[point]`; NaN where there is none.
        counts: How many measurements a histogram holds, `[point]`; 0 elsewhere.
        buckets: A histogram's bucket counts, `[point]`; None where there are none.
    """

    series: Ints
    ts: Ints
    start_ts: Ints
    values: Floats
    counts: Floats
    buckets: Sequence[bytes | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Steps over a range: the first begins at the start, the last ends at or just before the range does.

    Times and the step's length are in microseconds.
    """

    start: int
    end: int
    step: int

    def stamps(self, ts: Ints) -> Ints:
        """Give the end of the step that each time falls into."""
        ends = self.start + ((ts - self.start) // self.step + 1) * self.step
        return np.minimum(ends, self.end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduced:
    """One number a series and step: number of the series, end of the step in microseconds, value."""

    series: Ints
    ts: Ints
    values: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class _Changes:
    """What each usable point added: `at` is its position, `seconds` the time over which that came together."""

    at: Ints
    previous: Ints
    from_zero: npt.NDArray[np.bool_]
    seconds: Floats

    def of(self, values: Floats) -> Floats:
        """Give how much a cumulative number grew up to each usable point."""
        now = values[self.at]
        return np.where(self.from_zero, now, now - values[self.previous])


def series_name(name: str, attributes: Mapping[str, Any]) -> str:
    """Name a series `name{key="value",...}`, attributes in alphabetical order, escaped as Prometheus does."""
    if not attributes:
        return name
    pairs = ",".join(f'{key}="{_label(value)}"' for key, value in sorted(attributes.items()))
    return f"{name}{{{pairs}}}"


def averages(points: Points, grid: Grid) -> Reduced:
    """Average gauges over each step."""
    inside = (points.ts >= grid.start) & np.isfinite(points.values)
    groups = _Groups(points.series[inside], grid.stamps(points.ts[inside]))
    return groups.reduced(groups.sum(points.values[inside]) / groups.sizes)


def rates(points: Points, grid: Grid, *, delta: bool) -> Reduced:
    """Give what counters grew by, per second, over each step. A counter that fell was reset to zero."""
    changes = _changes(points, grid, points.values, delta=delta)
    return _per_second(points, grid, changes, changes.of(points.values))


def histogram_reductions(points: Points, grid: Grid, bounds: str, *, delta: bool) -> tuple[Reduced, Reduced, Reduced]:
    """Give measurements per second, their mean, and their 95th percentile, for histograms with the same bounds.

    Steps in which nothing was measured have a rate of zero, and neither mean nor percentile.
    """
    changes = _changes(points, grid, points.counts, delta=delta)
    counted = changes.of(points.counts)
    rate = _per_second(points, grid, changes, counted)
    groups = _Groups(points.series[changes.at], grid.stamps(points.ts[changes.at]))
    sums, counts = groups.sum(changes.of(points.values)), groups.sum(counted)
    some = (counts > 0) & np.isfinite(sums)
    mean = groups.reduced(np.divide(sums, counts, out=np.full(len(counts), np.nan), where=some), some)
    return rate, mean, _percentiles(points, changes, groups, bounds)


def _percentiles(points: Points, changes: _Changes, groups: _Groups, bounds: str) -> Reduced:
    if not bounds:
        return groups.reduced(np.zeros(len(groups.sizes)), np.zeros(len(groups.sizes), dtype=np.bool_))
    limits = np.asarray(json.loads(bounds), dtype=np.float64)
    table = np.frombuffer(b"".join(bucket or b"" for bucket in points.buckets), dtype="<u8")
    table = table.reshape(len(points.ts), len(limits) + 1).astype(np.float64)
    added = np.column_stack([groups.sum(changes.of(column)) for column in table.T])
    added = np.maximum(added, 0.0)
    return groups.reduced(_quantile(added, limits), added.sum(axis=1) > 0)


def _quantile(counts: Floats, limits: Floats) -> Floats:
    """Interpolate inside the bucket that holds the quantile, `counts` being `[row, bucket]`, as Prometheus does."""
    cumulated = np.cumsum(counts, axis=1)
    wanted = _QUANTILE * cumulated[:, -1]
    bucket = np.minimum((cumulated < wanted[:, None]).sum(axis=1), len(limits))
    rows = np.arange(len(counts))
    below = np.where(bucket > 0, cumulated[rows, np.maximum(bucket - 1, 0)], 0.0)
    # The first bucket begins at zero unless its bound is below that; the last has no end, so its lower bound stands.
    lower = np.where(bucket > 0, limits[np.maximum(bucket - 1, 0)], min(0.0, float(limits[0])))
    upper = limits[np.minimum(bucket, len(limits) - 1)]
    inside = counts[rows, bucket]
    share = np.divide(wanted - below, inside, out=np.zeros(len(counts)), where=inside > 0)
    found: Floats = np.where(bucket >= len(limits), limits[-1], lower + (upper - lower) * share)
    return found


def _per_second(points: Points, grid: Grid, changes: _Changes, grown: Floats) -> Reduced:
    groups = _Groups(points.series[changes.at], grid.stamps(points.ts[changes.at]))
    seconds = groups.sum(changes.seconds)
    return groups.reduced(np.divide(groups.sum(grown), seconds, out=np.zeros(len(seconds)), where=seconds > 0))


def _changes(points: Points, grid: Grid, level: Floats, *, delta: bool) -> _Changes:
    """Find what each point in the range is to be compared with. `level` is what falls when a series is reset."""
    here = np.arange(len(points.ts))
    first = np.ones(len(here), dtype=np.bool_)
    first[1:] = points.series[1:] != points.series[:-1]
    previous = np.maximum(here - 1, 0)
    since = np.where(first, points.start_ts, points.ts[previous])
    if delta:
        # A first point that does not say when it began is taken to cover one step.
        began = np.where(points.start_ts > 0, points.start_ts, np.where(first, points.ts - grid.step, since))
        from_zero = np.ones(len(here), dtype=np.bool_)
        usable = points.ts >= grid.start
    else:
        restarted = ~first & ((level < level[previous]) | (points.start_ts > points.ts[previous]))
        began = np.where(restarted & (points.start_ts > points.ts[previous]), points.start_ts, since)
        from_zero = first | restarted
        # A first point counts only if counting began recently: else nobody knows when it came together.
        recent = points.start_ts >= grid.start - grid.step
        usable = (points.ts >= grid.start) & (~first | (recent & (points.start_ts > 0)))
    at = here[usable]
    seconds = np.maximum((points.ts - began)[usable], 1) / _MICROSECONDS
    # Something counted from the moment of its first measurement may claim to have taken no time at all.
    return _Changes(
        at=at,
        previous=previous[usable],
        from_zero=from_zero[usable],
        seconds=np.where(first[usable], np.maximum(seconds, grid.step / _MICROSECONDS), seconds),
    )


class _Groups:
    """Points of the same series in the same step."""

    def __init__(self, series: Ints, stamps: Ints) -> None:
        new = np.ones(len(series), dtype=np.bool_)
        new[1:] = (series[1:] != series[:-1]) | (stamps[1:] != stamps[:-1])
        self._firsts = np.flatnonzero(new)
        self._series, self._stamps = series[self._firsts], stamps[self._firsts]
        self.sizes = np.diff(np.append(self._firsts, len(series)))

    def sum(self, values: Floats) -> Floats:
        """Add up the values of each group."""
        if not len(self._firsts):
            return np.zeros(0)
        total: Floats = np.add.reduceat(values, self._firsts)
        return total

    def reduced(self, values: Floats, where: npt.NDArray[np.bool_] | None = None) -> Reduced:
        """Give one value a group, of those groups that are wanted."""
        chosen = np.ones(len(values), dtype=np.bool_) if where is None else where
        return Reduced(series=self._series[chosen], ts=self._stamps[chosen], values=values[chosen])


def _label(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
