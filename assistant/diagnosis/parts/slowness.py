"""Which service makes requests slow: in itself, in its database, or on the way to it."""

from __future__ import annotations

from typing import Final

import pandas as pd

from assistant.diagnosis.case import Case
from assistant.diagnosis.counts import clarity
from assistant.diagnosis.cuts import CLEAR_RATIO, cuts_of
from assistant.diagnosis.finding import Finding
from assistant.diagnosis.lost_time import (
    IN_DATABASE,
    IN_SERVICE,
    ON_THE_WAY,
    LostTime,
    lost_time,
    with_places,
    with_root_operation,
)
from telemetry import Stretch

_SMALLEST_SHARE: Final = 0.05
_MOST_FINDINGS: Final = 5
# Requests that take half as long again are noticed by some; twice as long by all.
_NOTICED: Final = 0.5
_MAIN_OPERATION: Final = 0.7


class Slowness:
    """Splits the time that requests take longer than before among the services in which that begins."""

    name = "slowness"
    needs = ("spans",)

    def examine(self, case: Case) -> list[Finding]:
        """Give the services that cost time, most first; nothing when requests are as quick as before."""
        assert case.spans is not None  # noqa: S101 (the engine asks only with the tables in `needs`)
        spans = with_root_operation(with_places(case.spans))
        spans = spans[(spans["service"] != "") & case.compared(spans["ts"])]
        if spans.empty:
            return []
        lost = lost_time(spans, case.before, cuts_of(case))
        if lost is None:
            return []
        total = float(lost.places["lost_ms"].sum())
        by_service = lost.places.groupby("begins_in")["lost_ms"].sum().sort_values(ascending=False, kind="stable")
        return [
            self._finding(case, spans, lost, str(service), float(ms) / total)
            for service, ms in by_service.head(_MOST_FINDINGS).items()
            if ms >= _SMALLEST_SHARE * total
        ]

    def _finding(self, case: Case, spans: pd.DataFrame, lost: LostTime, service: str, share: float) -> Finding:
        places = lost.places[lost.places["begins_in"] == service]
        main = places.iloc[0]
        sort, caller, callee = str(main["sort"]), str(main["service"]), str(main["callee"])
        if sort == ON_THE_WAY and callee != service:
            # Its calls to others are slow since it is slow itself; nobody else finds these callees slow.
            sort = IN_SERVICE
        mine = spans[(spans["sort"] == main["sort"]) & (spans["service"] == caller) & (spans["callee"] == callee)]
        before, after = case.before.of(mine), mine[mine["ts"] >= lost.since]
        by_operation = after.groupby("operation")["self_ms"].sum().sort_values(ascending=False, kind="stable")
        clear = by_operation.iloc[0] >= _MAIN_OPERATION * by_operation.sum()
        touched = float(places["touched"].max())
        # By those whose requests pass there.
        noticed = float(places["lost_ms"].sum()) / max(lost.usual_ms, 1.0) / max(touched, 1e-3)
        now, earlier = float(after["self_ms"].mean()), float(before["self_ms"].mean()) if len(before) else None
        where = _where(sort, caller, callee, service, len(places))
        return Finding(
            signal=sort,
            service=caller if sort == ON_THE_WAY else service,
            operation=str(by_operation.index[0]) if clear and by_operation.index[0] else None,
            link=(caller, callee) if sort == ON_THE_WAY and callee else None,
            share=share,
            affected=touched,
            strength=0.97
            * share
            * clarity(noticed, clear=_NOTICED)
            * clarity(float(places["ratio"].max()), clear=CLEAR_RATIO),
            summary=(
                f"{share:.0%} of the extra time is spent {where}: {now:.0f} ms a call in {len(after)} calls"
                + (f", {earlier:.0f} ms before" if earlier is not None else "")
                + f" (requests that pass there take {1 + noticed:.1f} times as long for it)"
            ),
            query=f"exclusive time of spans {where}",
            window=Stretch(start=lost.since, end=case.since_search.whole.end),
            before=earlier,
            after=now,
            unit="ms",
            onset=lost.since,
            series=case.series(mine["ts"], mine["self_ms"], how="mean"),
            trace_ids=tuple(after.nlargest(20, "self_ms")["trace_id"].drop_duplicates().head(5)),
        )


def _where(sort: str, caller: str, callee: str, service: str, places: int) -> str:
    if sort == ON_THE_WAY:
        return f"on the way from {caller} to {callee or 'another service'}"
    if sort == IN_DATABASE:
        return f"in {service} waiting for its database"
    return f"in {service} itself" + (f" and on the calls around it ({places} places)" if places > 1 else "")
