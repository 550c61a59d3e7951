"""What executions do since the trouble began that they did not do before, and what they no longer do.

Each event of each operation is held against the baseline: a line that was never written, a call that always followed
and now does not. Counted are traces and not executions, since one request repeats the same way many times over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from assistant.diagnosis.cuts import clearest_cut, counts_since, phases_of
from assistant.diagnosis.executions import IDLE, WORTH_OF_NEW, Executions

# In the baseline an event was unknown, or sure, up to this share of the traces.
UNKNOWN: Final = 0.02
_SELDOM_IDLE: Final = 0.1
_SURE: Final = 0.95
_FEWEST_BEFORE: Final = 5
# Twice the logarithm of the likelihood ratio; above 10 one in a thousand events of a healthy operation.
LEAST_RATIO: Final = 10.0
_START: Final = -1  # stands for the start of an execution among the events


@dataclass(frozen=True)
class Departures:
    """Executions that departed from the baseline.

    Attributes:
        reasons: One row for each departure: `execution`, `event`, `after_event` (what it always followed, -1 for the
            start of the execution; the same as `event` where it is new), `missed` (whether it no longer happens),
            `ratio` (how clearly), and in what share of the traces in which it could be expected, since (`share`) and
            before (`share_before`).
        begins: For each execution whether it departed and nothing that it called did: the trouble began here.
    """

    reasons: pd.DataFrame
    begins: npt.NDArray[np.bool_]


def departures_in(
    executions: Executions,
    before: npt.NDArray[np.bool_],
    cuts: pd.DatetimeIndex,
) -> Departures:
    """Find what changed in the executions.

    Args:
        executions: All of the recording.
        before: Which of them belong to the baseline.
        cuts: Moments at which the trouble may have begun, in order; the one that shows it best is taken for each event.
    """
    table = executions.table
    # 0 before the first moment, n after the n-th.
    phase = phases_of(table["ts"], before, cuts)
    new = _new(executions, before, phase, len(cuts))
    missed = _missed(executions, before, phase, len(cuts))
    reasons = pd.concat([new, missed], ignore_index=True)
    departed = np.zeros(len(table), dtype=bool)
    departed[reasons["execution"]] = True
    return Departures(reasons, departed & ~_has_departed_below(table["parent"].to_numpy(), departed))


def _new(
    executions: Executions, before: npt.NDArray[np.bool_], phase: npt.NDArray[np.int64], cuts: int
) -> pd.DataFrame:
    """Give the executions with events that the operation did not know."""
    table, events = executions.table, executions.events
    op, trace = table["op"].to_numpy(), table["trace"].to_numpy()
    of = events["execution"].to_numpy()
    size = int(events["event"].max()) + 1 if len(events) else 1
    pair, pairs = pd.factorize(op[of] * size + events["event"].to_numpy())
    its_op, event = pairs // size, pairs % size
    had, had_since = _traces(pair, trace[of], before[of], phase[of], len(pairs), cuts)
    all_before, all_since = _traces(op, trace, before, phase, int(op.max(initial=-1)) + 1, cuts)
    ratio, cut, share = clearest_cut(had_since, all_since[its_op], had, all_before[its_op])
    ratio = ratio * WORTH_OF_NEW[executions.severity[event]]
    known_share = np.where(executions.names[event] == IDLE, _SELDOM_IDLE, UNKNOWN)
    unknown = (had <= known_share * all_before[its_op]) & (all_before[its_op] >= _FEWEST_BEFORE)
    told = unknown & (ratio >= LEAST_RATIO)
    shows = told[pair] & (phase[of] > cut[pair])
    found: pd.DataFrame = events.loc[shows, ["execution", "event"]]
    mine = pair[shows]
    share_before = had / np.maximum(all_before[its_op], 1.0)
    return found.assign(
        missed=False,
        ratio=ratio[mine],
        share=share[mine],
        share_before=share_before[mine],
        after_event=found["event"],
    )


def _missed(
    executions: Executions, before: npt.NDArray[np.bool_], phase: npt.NDArray[np.int64], cuts: int
) -> pd.DataFrame:
    """Give the executions without an event that always followed another one (or the start)."""
    table, events = executions.table, executions.events
    op, trace = table["op"].to_numpy(), table["trace"].to_numpy()
    starts = pd.DataFrame({"execution": np.arange(len(table)), "event": _START})
    seen = pd.concat([events[["execution", "event"]], starts], ignore_index=True)
    seen["op"] = op[seen["execution"]]
    follow = _not_too_seldom(_usual_order(executions, before), seen[before[seen["execution"]]], trace)
    seen = seen[seen["op"].isin(follow["op"])]
    asked = seen.rename(columns={"event": "after_event"}).merge(follow, on=["op", "after_event"])
    both = pd.MultiIndex.from_frame(asked[["execution", "event"]])
    asked["has"] = both.isin(pd.MultiIndex.from_frame(events[["execution", "event"]]))
    of = asked["execution"].to_numpy()
    rule, lacks = asked["rule"].to_numpy(), ~asked["has"].to_numpy()
    size = len(follow)
    all_before, all_since = _traces(rule, trace[of], before[of], phase[of], size, cuts)
    lack, lack_since = _traces(rule[lacks], trace[of[lacks]], before[of[lacks]], phase[of[lacks]], size, cuts)
    ratio, cut, share = clearest_cut(lack_since, all_since, lack, all_before)
    sure = (lack <= (1 - _SURE) * all_before) & (all_before >= _FEWEST_BEFORE)
    told = sure & (ratio >= LEAST_RATIO)
    shows = told[rule] & lacks & (phase[of] > cut[rule])
    found: pd.DataFrame = asked.loc[shows, ["execution", "event", "after_event"]]
    mine, share_before = rule[shows], lack / np.maximum(all_before, 1.0)
    return found.assign(missed=True, ratio=ratio[mine], share=share[mine], share_before=share_before[mine])


def _usual_order(executions: Executions, before: npt.NDArray[np.bool_]) -> pd.DataFrame:
    """Give what usually follows what in an operation: each event after the one before it, and after the start.

    Errors and warnings are left out: that they no longer come is good news.

    Returns:
        `op`, `event` and `after_event`.
    """
    events = executions.events
    of = events["execution"].to_numpy()
    first = np.r_[True, of[1:] != of[:-1]] if len(of) else np.zeros(0, dtype=bool)
    previous = np.where(first, _START, np.roll(events["event"].to_numpy(), 1))
    # What an execution that failed did before the trouble is no example of how it should go.
    failed = np.zeros(len(before), dtype=bool)
    failed[of[executions.severity[events["event"]] == 2]] = True
    usual = before & ~failed
    told = pd.DataFrame(
        {"op": executions.table["op"].to_numpy()[of], "event": events["event"], "after_event": previous}
    )
    counted = told[usual[of] & (executions.severity[events["event"]] == 0)].value_counts().reset_index(name="times")
    rules = [
        counted.drop_duplicates(["op", "event"]),
        counted[counted["after_event"] != _START].drop_duplicates(["op", "after_event"]),
        counted.drop_duplicates(["op", "event"]).assign(after_event=_START),
    ]
    every: pd.DataFrame = pd.concat(rules).drop(columns="times").drop_duplicates().reset_index(drop=True)
    return every


def _not_too_seldom(follow: pd.DataFrame, seen: pd.DataFrame, trace: npt.NDArray[np.int64]) -> pd.DataFrame:
    """Leave out what comes too seldom to be sure; an operation that calls hundreds of others has many such rules.

    Args:
        follow: What usually follows what.
        seen: What was seen in the baseline: `op`, `execution`, `event`.
        trace: Of each execution.

    Returns:
        What is left, with `rule`, the number of the row.
    """
    traces = seen.assign(trace=trace[seen["execution"]])[["op", "event", "trace"]].drop_duplicates()
    times = traces.groupby(["op", "event"]).size()
    had = times.reindex(pd.MultiIndex.from_frame(follow[["op", "event"]])).to_numpy()
    expected = times.reindex(pd.MultiIndex.from_frame(follow[["op", "after_event"]])).to_numpy()
    left = follow[(expected - had <= (1 - _SURE) * expected) & (expected >= _FEWEST_BEFORE)].reset_index(drop=True)
    return left.assign(rule=np.arange(len(left)))


def _traces(
    group: npt.NDArray[np.int64],
    trace: npt.NDArray[np.int64],
    before: npt.NDArray[np.bool_],
    phase: npt.NDArray[np.int64],
    groups: int,
    cuts: int,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Count the traces of each group: in the baseline, and since each of the cuts (a column for each)."""
    rows = pd.DataFrame({"group": group, "trace": trace, "phase": phase, "before": before})
    once = rows.groupby(["group", "trace"], sort=False).agg({"phase": "max", "before": "max"}).reset_index()
    normal = once[once["before"]]
    earlier = np.bincount(normal["group"], minlength=groups).astype(float)
    now = once[~once["before"]]
    return earlier, counts_since(now["group"].to_numpy(), now["phase"].to_numpy(), groups, cuts)


def _has_departed_below(parent: npt.NDArray[np.int64], departed: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Walk up from each departed execution and mark those above it, all in step."""
    above = np.zeros(len(parent), dtype=bool)
    at = np.unique(parent[departed])
    while (at := at[at >= 0]).size and not above[at].all():
        at = at[~above[at]]
        above[at] = True
        at = np.unique(parent[at])
    return above
