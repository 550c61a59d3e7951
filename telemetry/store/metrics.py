"""Reads metric series out of the embedded store."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd

from telemetry.rows import SeriesKind
from telemetry.source import METRIC_COLUMNS
from telemetry.store.metric_series import (
    Grid,
    Points,
    Reduced,
    averages,
    histogram_reductions,
    rates,
    series_name,
)

_LOOKBACK_MICROSECONDS: Final = 60_000_000


class _Series(NamedTuple):
    name: str
    attributes: str
    kind: str
    delta: int
    bounds: str
    service: str
    pod: str
    env: str
    version: str

    def named(self, name: str) -> str:
        """Name a series of this one's attributes."""
        return series_name(name, json.loads(self.attributes))


def read_metrics(
    connection: sqlite3.Connection, start: int, end: int, step_seconds: float, names: Sequence[str]
) -> pd.DataFrame:
    """Give metric series over a range in microseconds, as `TelemetrySource.metrics` says."""
    grid = Grid(start=start, end=end, step=max(1, round(step_seconds * 1_000_000)))
    known = _known_series(connection, names)
    points = _read_points(connection, grid, known if names else None)
    pieces = [
        _piece(reduced, known, pattern)
        for (kind, delta, bounds), members in _by_shape(known).items()
        for pattern, reduced in _reduce(_only(points, members), grid, SeriesKind(kind), bounds, delta=bool(delta))
        if len(reduced.ts)
    ]
    if not pieces:
        return _empty()
    frame = pd.concat(pieces, ignore_index=True)
    return frame.sort_values(["ts", "metric", "service", "pod"], kind="stable", ignore_index=True)


def _known_series(connection: sqlite3.Connection, names: Sequence[str]) -> dict[int, _Series]:
    query = (
        "SELECT series.id, name, series.attributes, kind, delta, bounds, service, instance, environment, version"
        " FROM series JOIN resources ON resources.id = resource_id"
        " WHERE ?1 = '[]' OR name IN (SELECT value FROM json_each(?1))"
    )
    rows = connection.execute(query, (json.dumps(list(names)),)).fetchall()
    return {number: _Series(*rest) for number, *rest in rows}


def _read_points(connection: sqlite3.Connection, grid: Grid, only: dict[int, _Series] | None) -> Points:
    since = grid.start - max(_LOOKBACK_MICROSECONDS, 2 * grid.step)
    query = "SELECT series_id, ts, start_ts, value, count, buckets FROM points WHERE ts >= ? AND ts < ?"
    if only is not None:
        query += " AND series_id IN (SELECT value FROM json_each(?))"
    arguments = (since, grid.end) if only is None else (since, grid.end, json.dumps(list(only)))
    rows = connection.execute(query, arguments).fetchall()
    # Sorting here is several times quicker than in the query.
    rows.sort(key=lambda row: row[:2])
    series, ts, start_ts, values, counts, buckets = zip(*rows, strict=True) if rows else ((),) * 6
    return Points(
        series=np.asarray(series, dtype=np.int64),
        ts=np.asarray(ts, dtype=np.int64),
        start_ts=np.asarray(start_ts, dtype=np.int64),
        values=np.asarray(values, dtype=np.float64),  # None becomes NaN.
        counts=np.nan_to_num(np.asarray(counts, dtype=np.float64)),
        buckets=buckets,
    )


def _by_shape(known: dict[int, _Series]) -> dict[tuple[str, int, str], set[int]]:
    shapes: dict[tuple[str, int, str], set[int]] = defaultdict(set)
    for number, series in known.items():
        shapes[(series.kind, series.delta, series.bounds)].add(number)
    return shapes


def _only(points: Points, members: set[int]) -> Points:
    chosen = np.flatnonzero(np.isin(points.series, np.fromiter(members, dtype=np.int64, count=len(members))))
    return Points(
        series=points.series[chosen],
        ts=points.ts[chosen],
        start_ts=points.start_ts[chosen],
        values=points.values[chosen],
        counts=points.counts[chosen],
        buckets=[points.buckets[position] for position in chosen.tolist()],
    )


def _reduce(
    points: Points, grid: Grid, kind: SeriesKind, bounds: str, *, delta: bool
) -> Iterator[tuple[tuple[str, str], Reduced]]:
    """Give what became of the series, each with what stands before and after its name."""
    if kind is SeriesKind.HISTOGRAM:
        rate, mean, percentile = histogram_reductions(points, grid, bounds, delta=delta)
        yield ("rate", "_count"), rate
        yield ("mean", ""), mean
        yield ("p95", ""), percentile
    elif kind is SeriesKind.COUNTER:
        yield ("rate", ""), rates(points, grid, delta=delta)
    else:
        yield ("", ""), averages(points, grid)


def _piece(reduced: Reduced, known: dict[int, _Series], pattern: tuple[str, str]) -> pd.DataFrame:
    function, suffix = pattern
    numbers, positions = np.unique(reduced.series, return_inverse=True)
    found = [known[number] for number in numbers.tolist()]
    named = [series.named(series.name + suffix) for series in found]
    columns: dict[str, Any] = {
        "ts": pd.DatetimeIndex(reduced.ts.view("datetime64[us]")).tz_localize("UTC"),
        "metric": _spread([f"{function}({name})" if function else name for name in named], positions),
        "value": reduced.values,
    }
    for column in ("service", "pod", "env", "version"):
        columns[column] = _spread([getattr(series, column) for series in found], positions)
    return pd.DataFrame(columns, columns=list(METRIC_COLUMNS))


def _spread(values: list[str], positions: Any) -> Any:
    return np.array(values, dtype=object)[positions]


def _empty() -> pd.DataFrame:
    frame = pd.DataFrame({column: pd.Series(dtype=object) for column in METRIC_COLUMNS})
    return frame.astype({"ts": "datetime64[us, UTC]", "value": "float64"})
