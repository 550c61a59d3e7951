"""Which metric series moved away from their own baseline, and when."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import pandas as pd

from assistant.diagnosis.case import Case

# Robust z-scores above this are not chance in a baseline of a few dozen points.
LEAST_DEVIATION: Final = 8.0
# The floor of the spread, as a share of the level: a series that hardly moves is not alarming when it moves a little.
SPREAD_FLOOR: Final = 0.1
# A level that the baseline itself reached now and then is not news: series with long tails do so all the time.
_SELDOM: Final = 0.98
_FEWEST_POINTS: Final = 3
_SERIES: Final = ["service", "metric", "pod"]


def metric_shifts(
    case: Case,
    metrics: pd.DataFrame,
    *,
    least_deviation: float = LEAST_DEVIATION,
    spread_floor: float = SPREAD_FLOOR,
) -> pd.DataFrame:
    """Compare each series with its baseline by median and interquartile range.

    Args:
        case: What to compare.
        metrics: The points of the series.
        least_deviation: How many spreads a series must have moved.
        spread_floor: The least spread that a series is taken to have, as a share of its level.

    Returns:
        One row for each series that moved, furthest first: `service`, `metric`, `pod`, the medians `before` and
        `after`, and `deviation`, their signed difference in spreads.
    """
    known = metrics[metrics["value"].notna()]
    normal, now = case.before.of(known).groupby(_SERIES)["value"], case.after.of(known).groupby(_SERIES)["value"]
    both = pd.DataFrame(
        {
            "before": normal.median(),
            "spread": normal.quantile(0.75) - normal.quantile(0.25),
            "low": normal.quantile(1 - _SELDOM),
            "high": normal.quantile(_SELDOM),
            "after": now.median(),
            "points": pd.concat([normal.size(), now.size()], axis=1).min(axis=1, skipna=False),
        }
    ).dropna()
    floor = spread_floor * both["before"].abs() + 1e-9
    both["deviation"] = (both["after"] - both["before"]) / both["spread"].clip(lower=floor)
    outside = (both["after"] > both["high"]) | (both["after"] < both["low"])
    far = both["deviation"].abs() >= least_deviation
    moved = both[outside & far & (both["points"] >= _FEWEST_POINTS)]
    return moved.sort_values("deviation", ascending=False, key=abs, kind="stable").reset_index()


def first_beyond(case: Case, series: pd.DataFrame, before: float, after: float) -> datetime:
    """Give when a series first came more than half the way from one level to the other, since the onset."""
    now = case.after.of(series)
    half = (now["value"] - before) / (after - before) >= 0.5
    return now.loc[half, "ts"].min().to_pydatetime() if half.any() else case.onset
