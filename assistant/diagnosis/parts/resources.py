"""Which resources of which service left their normal range: processor, memory, disk, handles, connections, queues."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from assistant.diagnosis.case import Case
from assistant.diagnosis.counts import clarity
from assistant.diagnosis.finding import Finding
from assistant.diagnosis.metric_meaning import BACKLOGS, RESOURCES, meaning_of
from assistant.diagnosis.metric_shifts import LEAST_DEVIATION, as_rates, first_beyond, metric_shifts, points_of

_MOST_FINDINGS: Final = 6
_CLEAR: Final = 12.0


class Resources:
    """Compares each resource metric of each instance with its own baseline."""

    name = "resources"
    needs = ("metrics",)

    def examine(self, case: Case) -> list[Finding]:
        """Give the resource metrics that rose most, one a service and resource.

        What is told both as an amount and as a share of its limit is judged by the share. Readings of the machine are
        left out: all that runs on it would be blamed for one of them.
        """
        metrics = case.recording.metrics
        assert metrics is not None  # noqa: S101 (the engine asks only with the tables in `needs`)
        named = metrics[metrics["service"] != ""]
        pairs = named[["service", "metric"]].drop_duplicates()
        told = np.array([_told_of_instance(metric, service) for service, metric in pairs.to_numpy()], dtype=bool)
        wanted = as_rates(named.merge(pairs[told], on=["service", "metric"]))
        shifts = metric_shifts(case, wanted, among_peers=True)
        if shifts.empty:
            return []
        about = [
            meaning_of(metric, service) for service, metric in zip(shifts["service"], shifts["metric"], strict=True)
        ]
        shifts["resource"] = [one.meaning.value for one in about]
        shifts["of_limit"] = [one.of_limit for one in about]
        told_as_share = shifts.groupby(["service", "pod", "resource"])["of_limit"].transform("max").astype(bool)
        risen = shifts[(shifts["of_limit"] == told_as_share) & (shifts["rise"] >= LEAST_DEVIATION)]
        worst = risen.sort_values("rise", ascending=False, kind="stable").drop_duplicates(["service", "resource"])
        return [self._finding(case, row, wanted) for row in worst.head(_MOST_FINDINGS).itertuples(index=False)]

    def _finding(self, case: Case, row: Any, metrics: pd.DataFrame) -> Finding:
        mine = points_of(metrics, row.service, row.metric, row.pod)
        where = f"{row.service} ({row.pod})" if row.pod else row.service
        return Finding(
            signal="backlog" if row.resource in BACKLOGS else "resource",
            service=row.service,
            strength=0.95 * clarity(row.rise, clear=_CLEAR),
            summary=f"{row.metric} of {where} rose to {row.high:.4g}, {row.before:.4g} before",
            query=row.metric,
            window=case.since_search.whole,
            before=float(row.before),
            after=float(row.high),
            onset=first_beyond(case, mine, row.before, row.high),
            series=case.series(mine["ts"], mine["value"], how="mean"),
        )


def _told_of_instance(metric: str, service: str) -> bool:
    about = meaning_of(metric, service)
    return about.meaning in RESOURCES | BACKLOGS and not about.of_node
