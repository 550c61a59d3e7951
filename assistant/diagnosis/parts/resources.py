"""Which resources of which service left their normal range: processor, memory, connections, queues."""

from __future__ import annotations

import re
from typing import Any, Final

import pandas as pd

from assistant.diagnosis.case import Case
from assistant.diagnosis.counts import clarity
from assistant.diagnosis.finding import Finding
from assistant.diagnosis.metric_shifts import first_beyond, metric_shifts

_RESOURCE: Final = re.compile(r"cpu|memory|mem_|heap|disk|file_?descriptor|thread|connection|queue|pool", re.IGNORECASE)
_MOST_FINDINGS: Final = 6


class Resources:
    """Compares each resource metric of each instance with its own baseline."""

    name = "resources"
    needs = ("metrics",)

    def examine(self, case: Case) -> list[Finding]:
        """Give the resource metrics that rose most, one a service and metric."""
        metrics = case.recording.metrics
        assert metrics is not None  # noqa: S101 (the engine asks only with the tables in `needs`)
        wanted = metrics[metrics["metric"].str.contains(_RESOURCE) & (metrics["service"] != "")]
        risen = metric_shifts(case, wanted)
        risen = risen[(risen["deviation"] > 0) & (risen["after"] > 0)]
        worst = risen.drop_duplicates(["service", "metric"]).head(_MOST_FINDINGS)
        return [self._finding(case, row, wanted) for row in worst.itertuples(index=False)]

    def _finding(self, case: Case, row: Any, metrics: pd.DataFrame) -> Finding:
        mine = metrics[
            (metrics["service"] == row.service) & (metrics["metric"] == row.metric) & (metrics["pod"] == row.pod)
        ]
        where = f"{row.service} ({row.pod})" if row.pod else row.service
        return Finding(
            signal="resource",
            service=row.service,
            strength=0.8 * clarity(row.deviation, clear=20),
            summary=f"{row.metric} of {where} rose to {row.after:.4g}, {row.before:.4g} before (medians)",
            query=row.metric,
            window=case.after.whole,
            before=float(row.before),
            after=float(row.after),
            onset=first_beyond(case, mine, row.before, row.after),
            series=case.series(mine["ts"], mine["value"], how="mean"),
        )
