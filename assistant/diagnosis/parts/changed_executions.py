"""Which operations do something else than before: new error lines, steps and calls that no longer come.

Faults in code often leave no error status: an exception is caught, a wrong answer is given with 200. What remains is
that requests take another way through the code. Where several services along a request do, the lowest one is named.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from assistant.diagnosis.case import Case
from assistant.diagnosis.counts import clarity
from assistant.diagnosis.cuts import CLEAR_RATIO, cuts_of
from assistant.diagnosis.departures import departures_in
from assistant.diagnosis.executions import WRITES, Executions, executions_in
from assistant.diagnosis.finding import Finding
from assistant.diagnosis.parts.deploys import Deploys
from assistant.diagnosis.trace_view import answered_4xx
from telemetry import Stretch

_MOST_FINDINGS: Final = 5
_EXAMPLES: Final = 3
_OWN: Final = 0.2
# One execution in twelve is many; fewer may well be an unusual request.
_MANY: Final = 0.08
_LONGEST_NAME: Final = 120


class ChangedExecutions:
    """Holds the lines, steps and calls of every execution against those of the baseline."""

    name = "changed executions"
    needs = ("spans",)

    def examine(self, case: Case) -> list[Finding]:
        """Give the services in which requests begin to take another way, the clearest first."""
        assert case.spans is not None  # noqa: S101 (the engine asks only with the tables in `needs`)
        if case.spans.empty:
            return []
        executions = executions_in(case.spans, case.recording.logs)
        # What the recording says was normal again afterwards is no part of the trouble.
        times = executions.table["ts"]
        over = ~case.compared(times).to_numpy()
        departures = departures_in(executions, case.before.mask(times).to_numpy(), cuts_of(case))
        reasons = departures.reasons.assign(op=executions.table["op"].to_numpy()[departures.reasons["execution"]])
        reasons["begins"] = departures.begins[reasons["execution"]]
        # What mostly comes from below does so here too, even where the trace does not show it.
        reasons["own"] = reasons.groupby(["op", "event"])["begins"].transform("mean")
        found = reasons[reasons["begins"] & ~over[reasons["execution"]]]
        found = found[~_refused(case.spans, executions.table["span"].to_numpy()[found["execution"]])]
        found = found[found["own"] >= _OWN]
        found = found[~_rewritten(case, executions, found)]
        found = found.assign(service=executions.table["service"].to_numpy()[found["execution"]])
        found = found[found["service"] != ""]
        found["ratio"] = found["ratio"] * found["own"]
        clearest = found.groupby("service")["ratio"].max().sort_values(ascending=False, kind="stable")
        everywhere = executions.table["trace"].to_numpy()[found["execution"].unique()]
        return [
            self._finding(case, executions, found[found["service"] == service], len(set(everywhere)))
            for service in clearest.index[:_MOST_FINDINGS]
        ]

    def _finding(self, case: Case, executions: Executions, found: pd.DataFrame, everywhere: int) -> Finding:
        table = executions.table
        main = found.sort_values("ratio", ascending=False, kind="stable").iloc[0]
        same = found[(found["op"] == main["op"]) & (found["event"] == main["event"])]
        mine = table[table["op"] == main["op"]]
        departed = np.unique(same["execution"])
        since = table["ts"].iloc[departed].min()
        now = mine[mine["ts"] >= since]
        service, operation = str(mine["service"].iloc[0]), str(mine["operation"].iloc[0])
        traces = len(set(table["trace"].to_numpy()[found["execution"].unique()]))
        ratio = float(main["ratio"])
        return Finding(
            signal=_signal(executions, found),
            service=service,
            operation=operation,
            share=traces / max(everywhere, 1),
            affected=min(1.0, traces / max(table.loc[table["ts"] >= since, "trace"].nunique(), 1)),
            strength=0.98
            * clarity(ratio, clear=CLEAR_RATIO)
            * clarity(float(main["share"] * main["own"]), clear=_MANY),
            summary=_summary(executions, main, service, operation, len(departed), len(now)),
            query=f"traces of {operation!r} in {service}, lines and spans of {service} in them",
            window=Stretch(start=since.to_pydatetime(), end=case.since_search.whole.end),
            before=float(main["share_before"]),
            after=len(departed) / max(len(now), 1),
            unit="ratio",
            onset=since.to_pydatetime(),
            series=case.series(mine["ts"], _departed(mine, departed), how="mean"),
            trace_ids=_trace_ids(case, table, departed),
            log_lines=_lines(case, executions, same),
        )


def _rewritten(case: Case, executions: Executions, found: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Say which departures are other lines of a service with a new version: it may well write others, save errors."""
    deployed = {one.service for one in Deploys().examine(case)}
    service = pd.Series(executions.table["service"].to_numpy()[found["execution"]])
    event = found["event"].to_numpy()
    line = np.array([str(name).startswith(WRITES) for name in executions.names], dtype=bool)
    harmless: npt.NDArray[np.bool_] = line[event] & (executions.severity[event] == 0)
    return harmless & service.isin(deployed).to_numpy(dtype=bool)


def _refused(spans: pd.DataFrame, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Say which spans ended with a 4xx answer: whoever asked for what is not there takes another way, rightly."""
    distinct = np.unique(rows)
    refused = dict(zip(distinct, answered_4xx(spans["attributes"].iloc[distinct]), strict=True))
    return np.array([refused[row] for row in rows], dtype=bool)


def _signal(executions: Executions, found: pd.DataFrame) -> str:
    new_errors = found[~found["missed"] & (executions.severity[found["event"]] > 0)]
    return "new_errors" if len(new_errors) else "changed_work"


def _summary(executions: Executions, main: pd.Series, service: str, operation: str, departed: int, now: int) -> str:
    what = _short(executions.names[int(main["event"])])
    earlier = f"in {main['share_before']:.1%} of requests before" if main["share_before"] else "never before"
    if not main["missed"]:
        return f"{operation} of {service} {what} in {departed} of {now} executions, {earlier}"
    after = int(main["after_event"])
    follows = f"after it {_short(executions.names[after])}" if after >= 0 else "as it always did"
    return f"{operation} of {service} no longer {what} {follows}: missing in {departed} of {now} executions, {earlier}"


def _short(name: object) -> str:
    text = " ".join(str(name).split())
    return text if len(text) <= _LONGEST_NAME else text[: _LONGEST_NAME - 1] + "…"


def _departed(mine: pd.DataFrame, departed: npt.NDArray[np.int64]) -> pd.Series:
    return pd.Series(mine.index.isin(departed).astype(float), index=mine.index)


def _trace_ids(case: Case, table: pd.DataFrame, departed: npt.NDArray[np.int64]) -> tuple[str, ...]:
    assert case.spans is not None  # noqa: S101 (asked for with spans only)
    rows = table["span"].to_numpy()[departed]
    return tuple(case.spans["trace_id"].iloc[rows].drop_duplicates().head(_EXAMPLES))


def _lines(case: Case, executions: Executions, found: pd.DataFrame) -> tuple[str, ...]:
    """Give lines of the departed executions: the new ones, or the last they wrote before they stopped short."""
    if case.recording.logs is None:
        return ()
    events = executions.events
    lines = events[(events["row"] >= 0) & events["execution"].isin(found["execution"])]
    new = lines[lines["event"].isin(found.loc[~found["missed"], "event"])]
    shown = new if len(new) else lines.drop_duplicates("execution", keep="last")
    return tuple(case.recording.logs["body"].loc[shown["row"].head(_EXAMPLES)])
