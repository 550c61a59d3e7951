"""Which operations fail more than before: what users and callers notice, wherever it began."""

from __future__ import annotations

import math
from typing import Any, Final

import pandas as pd

from assistant.diagnosis.case import Case
from assistant.diagnosis.finding import Finding

_SMALLEST_RISE: Final = 0.05
_FEWEST_FAILURES: Final = 3
_MOST_FINDINGS: Final = 6
_EXAMPLES: Final = 5


class FailingOperations:
    """Compares the error ratio of each server operation with the baseline."""

    name = "failing operations"
    needs = ("spans",)

    def examine(self, case: Case) -> list[Finding]:
        """Give the operations whose error ratio rose, the most failures first."""
        assert case.spans is not None  # noqa: S101 (the engine asks only with the tables in `needs`)
        served = case.spans[case.spans["kind"].isin(("SERVER", "CONSUMER")) & (case.spans["service"] != "")]
        after, before = case.after.of(served), case.before.of(served)
        both = _ratios(after).join(_ratios(before)[["requests", "ratio"]], rsuffix="_before").fillna(0.0)
        risen = both[(both["ratio"] - both["ratio_before"] >= _SMALLEST_RISE) & (both["failed"] >= _FEWEST_FAILURES)]
        worst = risen.sort_values("failed", ascending=False, kind="stable").head(_MOST_FINDINGS).reset_index()
        return [self._finding(case, row, served) for row in worst.itertuples(index=False)]

    def _finding(self, case: Case, row: Any, served: pd.DataFrame) -> Finding:
        service, operation = str(row.service), str(row.name)
        mine = served[(served["service"] == service) & (served["name"] == operation)]
        failed = case.after.of(mine[mine["error"]])
        earlier = f"{row.ratio_before:.1%} of {row.requests_before:.0f} before" if row.requests_before else "new"
        return Finding(
            signal="errors",
            service=service,
            operation=operation,
            strength=min(1.0, row.ratio * 2) * (1 - math.exp(-row.failed / 3)),
            summary=f"{operation} of {service} fails: {row.ratio:.0%} of {row.requests:.0f} requests, {earlier}",
            query=f"server spans named {operation!r} of {service}, share with status ERROR",
            window=case.after.whole,
            before=float(row.ratio_before) if row.requests_before else None,
            after=float(row.ratio),
            unit="ratio",
            onset=failed["ts"].min().to_pydatetime(),
            series=case.series(mine["ts"], mine["error"].astype(float), how="mean"),
            trace_ids=tuple(failed["trace_id"].drop_duplicates().head(_EXAMPLES)),
        )


def _ratios(spans: pd.DataFrame) -> pd.DataFrame:
    by_operation = spans.groupby(["service", "name"])["error"]
    counted = pd.DataFrame({"requests": by_operation.size(), "failed": by_operation.sum()})
    return counted.assign(ratio=counted["failed"] / counted["requests"])
