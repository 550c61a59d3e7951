"""Where failures begin: the deepest failed span of each failed trace, and what sort of failure that is.

A failure travels up the call chain, so the service that users see failing is seldom the one at fault. The span that
failed although nothing it called failed is where to look; the idea is that of the spectrum methods (MicroRank,
TraceRCA), with the error status in place of an anomaly score.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

import pandas as pd

from assistant.diagnosis.case import Case
from assistant.diagnosis.counts import LEAST_SURPRISE, clarity, surprise
from assistant.diagnosis.failure_sorts import sort_of_failure, what_it_said
from assistant.diagnosis.finding import Finding

_PLACE: Final = ["sort", "service", "callee"]
_EXAMPLES: Final = 5
# One operation is named when most of the failures are in it; otherwise the whole service is.
_MAIN_OPERATION: Final = 0.7
# What failures say is read of this many; more say the same.
_MOST_READ: Final = 200


class FailureOrigins:
    """Groups the failures that began after the onset by place and sort: own code, database, link."""

    name = "failure origins"
    needs = ("spans",)

    def examine(self, case: Case) -> list[Finding]:
        """Give one finding for each place where failures began more often than before."""
        assert case.spans is not None  # noqa: S101 (the engine asks only with the tables in `needs`)
        origins = case.spans[case.spans["origin"] & (case.spans["service"] != "")].drop_duplicates("trace_id")
        if origins.empty:
            return []
        read = zip(*(origins[one] for one in ("kind", "database", "abandoned", "attributes")), strict=True)
        sorts = [sort_of_failure(*span) for span in read]
        origins = origins.assign(sort=sorts, callee=origins["peer"].where(origins["kind"] == "CLIENT", ""))
        now = case.after.of(origins).groupby(_PLACE).size()
        earlier = case.before.of(origins).groupby(_PLACE).size().reindex(now.index, fill_value=0)
        excess = now - earlier * case.after_over_before
        unusual = surprise(now, earlier, case.after_over_before)
        total = float(excess[excess > 0].sum())
        requests = case.after.of(case.spans)["trace_id"].nunique()
        worst = excess[unusual >= LEAST_SURPRISE].sort_values(ascending=False, kind="stable")
        return [
            self._finding(
                case,
                place,
                origins,
                share=float(failures) / total,
                affected=min(1.0, float(failures) / requests),
                clear=clarity(unusual[place], clear=3),
            )
            for place, failures in worst.items()
        ]

    def _finding(
        self, case: Case, place: Any, origins: pd.DataFrame, *, share: float, affected: float, clear: float
    ) -> Finding:
        sort, service, callee = place
        everything = origins[(origins[_PLACE] == list(place)).all(axis=1)]
        mine, earlier = case.after.of(everything), case.before.of(everything)
        operation, count = Counter(mine["operation"]).most_common(1)[0]
        main = str(operation) if operation and count >= _MAIN_OPERATION * len(mine) else None
        where = {
            "own_errors": f"in {service} itself",
            "database_errors": f"where {service} uses its database",
            "link_errors": f"on the way from {service} to {callee or 'another service'}",
            "abandoned_calls": f"when {service} stopped waiting for {callee or 'another service'}, still at work",
        }[sort]
        return Finding(
            signal=sort,
            service=service,
            operation=main,
            link=(service, callee) if callee and sort in {"link_errors", "abandoned_calls"} else None,
            share=share,
            affected=affected,
            strength=0.98 * share * clear,
            summary=(
                f"{share:.0%} of the failed requests began to fail {where}"
                + (f" ({main})" if main else "")
                + f": {len(mine)} in {case.seconds_after:.0f} s, {len(earlier)} in {case.seconds_before:.0f} s before"
            ),
            query=f"failed spans of {service} none of whose children failed",
            window=case.after.whole,
            before=len(earlier) / max(case.seconds_before, 1.0),
            after=len(mine) / max(case.seconds_after, 1.0),
            unit="failures/s",
            onset=mine["ts"].min().to_pydatetime(),
            series=case.series(everything["ts"]),
            trace_ids=tuple(mine["trace_id"].head(_EXAMPLES)),
            log_lines=what_it_said(mine["attributes"].head(_MOST_READ)),
        )
