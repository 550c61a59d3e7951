"""Which resources of which service left their normal range: processor, memory, connections, queues."""

from __future__ import annotations

import math
import re
from typing import Any, Final

import numpy as np
import pandas as pd

from assistant.diagnosis.case import Case
from assistant.diagnosis.finding import Finding

_RESOURCE: Final = re.compile(r"cpu|memory|mem_|heap|disk|file_?descriptor|thread|connection|queue|pool", re.IGNORECASE)
# Robust z-scores above this are not chance in a baseline of a few dozen points.
_LEAST_DEVIATION: Final = 8.0
# The floor of the spread, as a share of the level: a series that hardly moves is not alarming when it moves a little.
_SPREAD_FLOOR: Final = 0.1
_FEWEST_POINTS: Final = 3
_MOST_FINDINGS: Final = 6


class Resources:
    """Compares each resource metric with its own baseline by median and interquartile range."""

    name = "resources"
    needs = ("metrics",)

    def examine(self, case: Case) -> list[Finding]:
        """Give the resource metrics that deviate most upwards, one a service and metric."""
        metrics = case.recording.metrics
        assert metrics is not None  # noqa: S101 (the engine asks only with the tables in `needs`)
        wanted = metrics[metrics["metric"].str.contains(_RESOURCE, na=False) & np.isfinite(metrics["value"])]
        after, before = case.after.of(wanted), case.before.of(wanted)
        key = ["service", "metric"]
        normal, now = before.groupby(key)["value"], after.groupby(key)["value"]
        both = pd.DataFrame(
            {
                "before": normal.median(),
                "spread": normal.quantile(0.75) - normal.quantile(0.25),
                "after": now.median(),
                "points": now.size(),
            }
        ).dropna()
        both = both[both["points"] >= _FEWEST_POINTS]
        floor = _SPREAD_FLOOR * both["before"].abs() + 1e-9
        both = both.assign(deviation=(both["after"] - both["before"]) / both["spread"].clip(lower=floor))
        both = both[(both["deviation"] >= _LEAST_DEVIATION) & (both["after"] > 0)]
        worst = both.sort_values("deviation", ascending=False).head(_MOST_FINDINGS).reset_index()
        return [self._finding(case, row, wanted) for row in worst.itertuples(index=False)]

    def _finding(self, case: Case, row: Any, metrics: pd.DataFrame) -> Finding:
        service, metric = str(row.service), str(row.metric)
        mine = metrics[(metrics["service"] == service) & (metrics["metric"] == metric)]
        return Finding(
            signal="resource",
            service=service,
            strength=0.8 * (1 - math.exp(-row.deviation / 20)),
            summary=f"{metric} of {service} rose to {row.after:.4g}, {row.before:.4g} before",
            query=metric,
            window=case.after.stretches[0],
            before=float(row.before),
            after=float(row.after),
            onset=case.onset,
            series=case.series(mine["ts"], mine["value"], how="mean"),
        )
