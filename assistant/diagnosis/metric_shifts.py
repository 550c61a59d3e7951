"""Which metric series moved away from their own baseline, in which direction, how far and when.

Robust deviations: the median and the spread of the baseline (interquartile range and tail, with floors) against the
most extreme level that the series held for a while since the trouble may have begun. After the robust scorer of BARO
(Pham et al., FSE 2024), but signed and with floors: a series that hardly moves is not alarming when it moves a little.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd

from assistant.diagnosis.case import Case
from assistant.diagnosis.metric_meaning import meaning_of, name_of

# Spreads above this are not chance in a baseline of a few dozen points.
LEAST_DEVIATION: Final = 6.0
# The floors of the spread: a share of the series' own level, and of what the same metric has at its peers.
SPREAD_FLOOR: Final = 0.1
_PEERS_FLOOR: Final = 0.05
# A share of a limit that moves by less than two of a hundred is nobody's concern.
_LIMIT_FLOOR: Final = 0.02
_LARGEST_RATIO: Final = 1.5  # what reaches further is a percentage
# A level that the baseline itself reached now and then is not news: series with long tails do so all the time.
_SELDOM: Final = 0.98
_DEVIATIONS_AT_SELDOM: Final = 2.05  # of a normal distribution
_QUARTILES_APART: Final = 1.349  # in its standard deviations
# What lasts this long is no spike.
_HOLDS_SECONDS: Final = 30.0
_FEWEST_POINTS: Final = 2
_MANY_POINTS: Final = 30
_CALM_SECONDS: Final = 15.0
_FEWEST_CALMED: Final = 3
# A metric that was zero everywhere has no scale: to leave zero is something, but nobody can say how much.
_OF_NO_SCALE: Final = 8.0
_SERIES: Final = ["service", "metric", "pod"]
_ADDED_UP: Final = {"value": "sum"}


def metric_shifts(
    case: Case,
    metrics: pd.DataFrame,
    *,
    spread_floor: float = SPREAD_FLOOR,
    least_spread: float = 0.0,
    among_peers: bool = False,
) -> pd.DataFrame:
    """Compare each series with its baseline.

    Args:
        case: What to compare.
        metrics: The points of the series, counters as rates (see `as_rates`).
        spread_floor: The least spread that a series is taken to have, as a share of its level.
        least_spread: The same in the unit of the series.
        among_peers: Whether what is little for the same metric elsewhere is little here too.

    Returns:
        One row a series: `service`, `metric`, `pod`, the median `before`, the highest and the lowest level held since
        (`high`, `low`), how many spreads they lie above and below the median (`rise`, `fall`, both positive, 0 where
        the baseline reached as far), and `stir`, the rise even where the baseline reached as far.
    """
    known = metrics[metrics["value"].notna()].sort_values([*_SERIES, "ts"], kind="stable").reset_index(drop=True)
    known = _calmed(known, case.recording.header.resolution_seconds)
    held = _held_levels(case, known)
    normal = case.before.of(known)
    usual = _usual(normal, _SERIES)
    # An instance that is new has no past of its own; it is held against that of the others.
    new = held.index.difference(usual.index)
    if len(new):
        pooled = _usual(normal, _SERIES[:2]).reindex(
            pd.MultiIndex.from_tuples([key[:2] for key in new], names=_SERIES[:2])
        )
        usual = pd.concat([usual, pooled.set_axis(new)])
    both = usual.join(held, how="inner")
    both = both[both["points"] >= _FEWEST_POINTS].dropna()
    if both.empty:
        return both.reset_index().assign(rise=[], fall=[], stir=[])
    floor = _floors(both, spread_floor, among_peers).clip(lower=least_spread)
    quartiles = (both["upper"] - both["lower"]) / _QUARTILES_APART
    above = np.maximum(quartiles, (both["usual_high"] - both["before"]) / _DEVIATIONS_AT_SELDOM)
    below = np.maximum(quartiles, (both["before"] - both["usual_low"]) / _DEVIATIONS_AT_SELDOM)
    rise: pd.Series = (both["high"] - both["before"]) / np.maximum(above, floor)
    fall: pd.Series = (both["before"] - both["low"]) / np.maximum(below, floor)
    both["stir"] = rise.clip(lower=0.0)
    both["rise"] = rise.where(both["high"] > both["usual_high"], 0.0).clip(lower=0.0)
    both["fall"] = fall.where(both["low"] < both["usual_low"], 0.0).clip(lower=0.0)
    return both.reset_index()


def _usual(normal: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Describe the baseline of each series."""
    by_series = normal.groupby(keys, sort=False)["value"]
    return pd.DataFrame(
        {
            "before": by_series.median(),
            "lower": by_series.quantile(0.25),
            "upper": by_series.quantile(0.75),
            "usual_low": by_series.quantile(1 - _SELDOM),
            "usual_high": by_series.quantile(_SELDOM),
            "points": by_series.size(),
        }
    )


def _calmed(known: pd.DataFrame, step_seconds: float) -> pd.DataFrame:
    """Smooth readings that come every few seconds: their noise says nothing about levels that last."""
    points = round(_CALM_SECONDS / max(step_seconds, 0.1))
    if points < _FEWEST_CALMED:
        return known
    rolled = known.groupby(_SERIES, sort=False)["value"].rolling(points, min_periods=1).median()
    return known.assign(value=rolled.droplevel([0, 1, 2]).reindex(known.index))


def as_rates(metrics: pd.DataFrame) -> pd.DataFrame:
    """Turn counters that only grow into rates a second; a reset gives no point. Other series stay as they are."""
    counter = metrics["metric"].map({name: _counts(str(name)) for name in metrics["metric"].unique()}).astype(bool)
    if not counter.any():
        return metrics
    # What differs only in labels that were not kept is one counter. Where more or fewer of them tell than before, or
    # one was sent twice, the sum jumps and nothing grew.
    told = metrics[counter & metrics["value"].notna()].assign(rows=1)
    counts = told.groupby([*_SERIES, "ts"], as_index=False, sort=True).agg({**_ADDED_UP, "rows": "sum"})
    change, more = (counts.groupby(_SERIES)[one].diff() for one in ("value", "rows"))
    seconds = counts.groupby(_SERIES)["ts"].diff().dt.total_seconds()
    rates = counts.assign(value=(change / seconds).where((change >= 0) & (more == 0))).drop(columns="rows")
    return pd.concat([metrics[~counter], rates]).sort_values("ts", kind="stable").reset_index(drop=True)


def _counts(metric: str) -> bool:
    name = name_of(metric)
    return not name.function and name.ending == "total"


def first_beyond(case: Case, series: pd.DataFrame, before: float, after: float) -> datetime:
    """Give when a series first came more than half the way from one level to the other, since it may have begun."""
    now = series[series["ts"] >= case.search_from]
    half = (now["value"] - before) / (after - before) >= 0.5 if after != before else now["value"].isna()
    return now.loc[half, "ts"].min().to_pydatetime() if half.any() else case.onset


def points_of(metrics: pd.DataFrame, service: str, metric: str, pod: str) -> pd.DataFrame:
    """Give the points of one series."""
    return metrics[(metrics["service"] == service) & (metrics["metric"] == metric) & (metrics["pod"] == pod)]


def _held_levels(case: Case, known: pd.DataFrame) -> pd.DataFrame:
    """Give the extreme levels that each series held for half a minute, or for two points, since the search."""
    now = case.since_search.of(known)
    step = case.recording.header.resolution_seconds
    points = max(2, round(_HOLDS_SECONDS / max(step, 1.0)))
    series = now.groupby(_SERIES, sort=False)["value"]
    # The result of a rolling window comes in an order of its own; it is put back to the rows it belongs to.
    rolled = series.rolling(points, min_periods=1).median().droplevel([0, 1, 2]).reindex(now.index)
    # The first points of a series have no whole window; they count only where there are no others.
    whole = series.cumcount() + 1 >= np.minimum(points, series.transform("size"))
    levels = rolled[whole].groupby([now.loc[whole, key] for key in _SERIES], sort=False).agg(["max", "min"])
    return levels.rename(columns={"max": "high", "min": "low"})


def _floors(both: pd.DataFrame, spread_floor: float, among_peers: bool) -> pd.Series:
    level = both["before"].abs()
    metric = pd.Series([name_of(name, service).base for service, name, _ in both.index], index=both.index)
    # Few points give quartiles that are too narrow by chance; the same metric elsewhere says how restless it is.
    restless = ((both["upper"] - both["lower"]) / _QUARTILES_APART / level.where(level > 0)).groupby(metric)
    elsewhere = (restless.transform("median").fillna(0.0) * level).where(both["points"] < _MANY_POINTS, 0.0)
    floors = elsewhere.clip(lower=spread_floor * level)
    if not among_peers:
        return floors + 1e-9
    peers = level.groupby(metric).transform(lambda levels: levels.quantile(0.75))
    limit = pd.Series([meaning_of(name, service).of_limit for service, name, _ in both.index], index=both.index)
    largest = both["usual_high"].groupby(metric).transform("max")
    percent = np.maximum(largest, both["high"]) > _LARGEST_RATIO
    of_limit = pd.Series(np.where(percent, 100.0, 1.0) * _LIMIT_FLOOR, index=both.index).where(limit, 0.0)
    no_scale = (both["high"] / _OF_NO_SCALE).where(largest <= 0, 0.0)
    return floors.clip(lower=_PEERS_FLOOR * peers).clip(lower=of_limit).clip(lower=no_scale) + 1e-9
