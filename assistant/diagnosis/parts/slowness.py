"""Where the extra time goes: in a service itself, in its database, or on the way between two services.

Each request's time is split into the exclusive time of its spans; a client span's exclusive time is what the caller
waited while the callee was not working, the edge delay. The difference to the baseline says where time was lost.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import pandas as pd

from assistant.diagnosis.case import Case
from assistant.diagnosis.finding import Finding

_PLACE: Final = ["sort", "service", "callee"]
_LEAST_EXTRA_MS: Final = 20.0
_LEAST_SLOWDOWN: Final = 1.5
_SMALLEST_SHARE: Final = 0.1
_MOST_FINDINGS: Final = 5
_FEWEST_REQUESTS: Final = 8


class Slowness:
    """Splits the time that requests take longer than before among the places where it is spent."""

    name = "slowness"
    needs = ("spans",)

    def examine(self, case: Case) -> list[Finding]:
        """Give the places where time is lost, most lost first; nothing when requests are as quick as before."""
        assert case.spans is not None  # noqa: S101 (the engine asks only with the tables in `needs`)
        spans = _with_places(case.spans)
        roots = spans[spans["parent"] < 0]
        after, before = case.after.of(roots), case.before.of(roots)
        if min(len(after), len(before)) < _FEWEST_REQUESTS:
            return []
        # Both phases are weighed with the same mix of root operations, or a change of mix would look like slowness.
        now, earlier = float(after["duration_ms"].mean()), _same_mix_mean(before, after)
        slowdown = now / max(earlier, 1.0)
        if slowdown < _LEAST_SLOWDOWN or now - earlier < _LEAST_EXTRA_MS:
            return []
        lost = (case.after.of(spans).groupby(_PLACE)["self_ms"].sum() / len(after)).sub(
            case.before.of(spans).groupby(_PLACE)["self_ms"].sum() / len(before), fill_value=0.0
        )
        total = max(float(lost[lost > 0].sum()), 1e-9)
        shares = (lost / total).sort_values(ascending=False).head(_MOST_FINDINGS)
        return [
            self._finding(case, spans, place, float(share), slowdown)
            for place, share in shares.items()
            if share >= _SMALLEST_SHARE
        ]

    def _finding(self, case: Case, spans: pd.DataFrame, place: Any, share: float, slowdown: float) -> Finding:
        signal, service, callee = place
        mine = spans[(spans[_PLACE] == list(place)).all(axis=1)]
        after, before = case.after.of(mine), case.before.of(mine)
        slowest = after.sort_values("self_ms", ascending=False)
        by_operation = after.groupby("operation")["self_ms"].sum().sort_values(ascending=False)
        main = by_operation.index[0] if by_operation.iloc[0] >= 0.7 * by_operation.sum() else None
        where = {
            "slow_service": f"in {service} itself",
            "slow_database": f"in {service} waiting for its database",
            "slow_link": f"on the way from {service} to {callee or 'another service'}",
        }[signal]
        now, earlier = float(after["self_ms"].mean()), float(before["self_ms"].mean()) if len(before) else 0.0
        return Finding(
            signal=signal,
            service=service,
            operation=main,
            link=(service, callee) if signal == "slow_link" and callee else None,
            share=share,
            strength=0.95 * share * (1 - math.exp(-(slowdown - 1))),
            summary=(
                f"{share:.0%} of the extra time is spent {where}: {now:.0f} ms a call, {earlier:.0f} ms before "
                f"(requests take {slowdown:.1f} times as long)"
            ),
            query=f"exclusive time of spans {where}",
            window=case.after.stretches[0],
            before=earlier,
            after=now,
            unit="ms",
            onset=case.onset,
            series=case.series(mine["ts"], mine["self_ms"], how="mean"),
            trace_ids=tuple(slowest["trace_id"].drop_duplicates().head(5)),
        )


def _with_places(spans: pd.DataFrame) -> pd.DataFrame:
    """Add the place where each span's exclusive time is spent, as the columns of `_PLACE`."""
    call = (spans["kind"] == "CLIENT") & ~spans["database"]
    sort = np.select([spans["database"], call], ["slow_database", "slow_link"], default="slow_service")
    return spans.assign(sort=sort, callee=spans["peer"].where(call, ""))


def _same_mix_mean(before: pd.DataFrame, after: pd.DataFrame) -> float:
    mix = after.groupby(["service", "name"]).size() / len(after)
    means = before.groupby(["service", "name"])["duration_ms"].mean()
    known = mix.index.intersection(means.index)
    if known.empty:
        return float(before["duration_ms"].mean())
    weights = mix.loc[known]
    return float((means.loc[known] * weights).sum() / weights.sum())
