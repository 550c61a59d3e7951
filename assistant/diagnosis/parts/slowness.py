"""Where the extra time goes: in a service itself, in its database, or on the way between two services.

Each request's time is split into the exclusive time of its spans; a client span's exclusive time is what the caller
waited while the callee was not working, the edge delay. The difference to the baseline says where time was lost.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from assistant.diagnosis.case import Case
from assistant.diagnosis.finding import Finding

_PLACE: Final = ["sort", "service", "callee"]
_OPERATION: Final = ["service", "name"]
_LEAST_EXTRA_MS: Final = 20.0
_LEAST_SLOWDOWN: Final = 1.5
_SMALLEST_SHARE: Final = 0.1
_MOST_FINDINGS: Final = 5
_FEWEST_REQUESTS: Final = 8
# One request that hung for a minute moves a mean; trouble moves several.
_FEWEST_SLOW: Final = 3
_MAIN_OPERATION: Final = 0.7


@dataclass(frozen=True, slots=True)
class _Slowdown:
    """How much longer requests take: `ratio` to before, and the share of them in 0..1 that is `affected`."""

    ratio: float
    affected: float


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
        slowdown = _slowdown(before, after)
        if slowdown is None:
            return []
        spans = spans[spans["service"] != ""]
        lost = (case.after.of(spans).groupby(_PLACE)["self_ms"].sum() / len(after)).sub(
            case.before.of(spans).groupby(_PLACE)["self_ms"].sum() / len(before), fill_value=0.0
        )
        total = max(float(lost[lost > 0].sum()), 1e-9)
        shares = (lost / total).sort_values(ascending=False, kind="stable").head(_MOST_FINDINGS)
        return [
            self._finding(case, spans, place, float(share), slowdown)
            for place, share in shares.items()
            if share >= _SMALLEST_SHARE
        ]

    def _finding(self, case: Case, spans: pd.DataFrame, place: Any, share: float, slowdown: _Slowdown) -> Finding:
        signal, service, callee = place
        mine = spans[(spans["sort"] == signal) & (spans["service"] == service) & (spans["callee"] == callee)]
        after, before = case.after.of(mine), case.before.of(mine)
        by_operation = after.groupby("operation")["self_ms"].sum().sort_values(ascending=False, kind="stable")
        clear = by_operation.iloc[0] >= _MAIN_OPERATION * by_operation.sum()
        where = {
            "slow_service": f"in {service} itself",
            "slow_database": f"in {service} waiting for its database",
            "slow_link": f"on the way from {service} to {callee or 'another service'}",
        }[signal]
        now = float(after["self_ms"].mean())
        earlier = float(before["self_ms"].mean()) if len(before) else None
        return Finding(
            signal=signal,
            service=service,
            operation=str(by_operation.index[0]) if clear and by_operation.index[0] else None,
            link=(service, callee) if signal == "slow_link" and callee else None,
            share=share,
            affected=slowdown.affected,
            strength=0.95 * share * (1 - math.exp(-(slowdown.ratio - 1))),
            summary=(
                f"{share:.0%} of the extra time is spent {where}: {now:.0f} ms a call in {len(after)} calls"
                + (f", {earlier:.0f} ms before" if earlier is not None else "")
                + f" (requests take {slowdown.ratio:.1f} times as long)"
            ),
            query=f"exclusive time of spans {where}",
            window=case.after.whole,
            before=earlier,
            after=now,
            unit="ms",
            onset=case.onset,
            series=case.series(mine["ts"], mine["self_ms"], how="mean"),
            trace_ids=tuple(after.nlargest(20, "self_ms")["trace_id"].drop_duplicates().head(5)),
        )


def _with_places(spans: pd.DataFrame) -> pd.DataFrame:
    """Add the place where each span's exclusive time is spent, as the columns of `_PLACE`."""
    call = (spans["kind"] == "CLIENT") & ~spans["database"]
    sort = np.select([spans["database"], call], ["slow_database", "slow_link"], default="slow_service")
    return spans.assign(sort=sort, callee=spans["peer"].where(call, ""))


def _slowdown(before: pd.DataFrame, after: pd.DataFrame) -> _Slowdown | None:
    """Compare root spans, operation by operation; None where they are about as quick as before."""
    if min(len(after), len(before)) < _FEWEST_REQUESTS:
        return None
    # Both phases are weighed with the same mix of root operations, or a change of mix would look like slowness.
    mix = after.groupby(_OPERATION).size()
    usual = before.groupby(_OPERATION)["duration_ms"].agg(["mean"])
    known = usual.reindex(mix.index).dropna()
    if known.empty:
        return None
    weights = mix[known.index]
    earlier = float((known["mean"] * weights).sum() / weights.sum())
    comparable = after.join(known, on=_OPERATION, how="inner")
    now = float(comparable["duration_ms"].mean())
    slow = int((comparable["duration_ms"] > comparable["mean"] * _LEAST_SLOWDOWN + _LEAST_EXTRA_MS).sum())
    ratio = now / max(earlier, 1.0)
    if slow < _FEWEST_SLOW or ratio < _LEAST_SLOWDOWN or now - earlier < _LEAST_EXTRA_MS:
        return None
    return _Slowdown(ratio, slow / len(after))
