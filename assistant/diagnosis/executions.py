"""What each operation did each time it was carried out: the lines it wrote, the steps it took, the services it called.

An *execution* is one server span (or root) of a service with everything of the same service below it. What happened in
it are its *events*. How often an event happens in an operation says what the operation does, in any language and
without any error status; the idea is that of event patterns in Nezha (Yu et al., ESEC/FSE 2023).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from telemetry import mine_templates

SEVERE: Final = frozenset({"ERR", "ERROR", "CRIT", "CRITICAL", "FATAL", "PANIC", "SEVERE", "EMERG", "EMERGENCY"})
WARNING: Final = frozenset({"WARN", "WARNING", "ALERT"})
# Words that the lines of every stack share, for lines that do not say how severe they are.
SEVERE_WORDS: Final = r"error|exception|fail|fatal|refused|timed? ?out"
NO_ERRORS: Final = r"\b(?:0|no|without)\s+(?:error|failure|exception)|\berrors?[=:]\s*0\b"
# By severity: a new warning is less of a symptom than a new error; a new line or call that nobody calls an error may be
# any change of what users ask for.
WORTH_OF_NEW: Final = np.array([0.25, 0.9, 1.0])
MOST_LINES: Final = 40_000  # The newest are the ones that matter.
# What is said of an execution in which nothing is seen to happen, of an operation that otherwise does something.
IDLE: Final = "does nothing further"
WRITES: Final = "writes "


@dataclass(frozen=True)
class Executions:
    """The executions of a recording and the events in them.

    Attributes:
        table: One row an execution: `span` (row of the span), `service`, `operation`, `op` (number of the pair),
            `trace` (number), `ts`, `parent` (row here of the execution that called it, -1 where nobody did).
        events: One row for the first time that an event happens in an execution, in order: `execution` (row of
            `table`), `event` (number), `row` (row of the line, -1 where it is no line).
        names: What each event is called, for people.
        severity: For each event 2 for errors, 1 for warnings, 0 otherwise.
        callee: For each event the service that is called, empty where it is no call.
    """

    table: pd.DataFrame
    events: pd.DataFrame
    names: npt.NDArray[np.object_]
    severity: npt.NDArray[np.int8]
    callee: npt.NDArray[np.object_]


def executions_in(spans: pd.DataFrame, logs: pd.DataFrame | None) -> Executions:
    """Lay out what happened in each execution.

    Args:
        spans: Linked spans (see `trace_view.link_spans`).
        logs: Tidy lines, None where none were collected. Those that name no span are left out.
    """
    top = spans["top"].to_numpy()
    own = np.flatnonzero(top == np.arange(len(spans)))
    number = np.full(len(spans), -1)
    number[own] = np.arange(len(own))
    parent = spans["parent"].to_numpy()
    service, name = spans["service"].to_numpy(dtype=object), spans["operation_key"].to_numpy(dtype=object)
    above = spans["above"].to_numpy()[own]
    op, _ = pd.factorize(pd.Series(service[own] + "\x1f" + name[own]))
    table = pd.DataFrame(
        {
            "span": own,
            "service": service[own],
            "operation": spans["name"].to_numpy()[own],
            "op": op,
            "trace": pd.factorize(spans["trace_id"].iloc[own])[0],
            "ts": spans["ts"].array[own],
            "parent": np.where(above >= 0, number[top[np.maximum(above, 0)]], -1),
        }
    )
    told = [_steps_and_calls(spans, number, top, parent, service, name)]
    if logs is not None and not logs.empty:
        told.append(_lines(spans, logs.tail(MOST_LINES), number, top))
    events = pd.concat(told, ignore_index=True)
    return _numbered(table, pd.concat([events, _idle(table, events)], ignore_index=True))


def _steps_and_calls(
    spans: pd.DataFrame,
    number: npt.NDArray[np.int64],
    top: npt.NDArray[np.int64],
    parent: npt.NDArray[np.int64],
    service: npt.NDArray[np.object_],
    name: npt.NDArray[np.object_],
) -> pd.DataFrame:
    """Give an event for each span below the top of an execution: a step of its own, or a call to another service."""
    below = np.flatnonzero(parent >= 0)
    call = service[below] != service[parent[below]]
    done = pd.DataFrame(
        {
            "execution": number[top[parent[below]]],
            "label": np.where(call, "calls " + service[below] + " " + name[below], "does " + name[below]),
            "at": spans["ts"].array[below],
            "severity": np.int8(0),
            "callee": np.where(call, service[below], ""),
            "row": -1,
        }
    )
    failed: pd.DataFrame = done[spans["error"].to_numpy()[below] & ~call]
    failed = failed.assign(label=failed["label"] + ", which fails", severity=np.int8(2))
    return pd.concat([done, failed], ignore_index=True)


def _lines(
    spans: pd.DataFrame, logs: pd.DataFrame, number: npt.NDArray[np.int64], top: npt.NDArray[np.int64]
) -> pd.DataFrame:
    """Give an event for each line that names the span it was written in."""
    ids = pd.Index(spans["trace_id"] + "/" + spans["span_id"], dtype=object)
    at = ids.get_indexer(pd.Index(logs["trace_id"] + "/" + logs["span_id"], dtype=object))
    known = (at >= 0) & (logs["span_id"] != "").to_numpy()
    lines, at = logs[known], at[known]
    first = lines["body"].str.partition("\n")[0] if len(lines) else lines["body"]
    severity = line_severity(lines).to_numpy()
    mined = mine_templates(first, apart=severity)
    templates = np.array(mined.templates, dtype=object)
    return pd.DataFrame(
        {
            "execution": number[top[at]],
            "label": WRITES + templates[list(mined.template_of)] if len(lines) else "",
            "at": lines["ts"].array,
            "severity": severity,
            "callee": "",
            "row": lines.index.to_numpy(),
        }
    )


def line_severity(logs: pd.DataFrame) -> pd.Series:
    """Give for each line 2 for an error, 1 for a warning, 0 otherwise; by its words where it names no severity."""
    said = logs["severity"].str.upper()
    found = said.isin(SEVERE).astype(np.int8) * np.int8(2) + said.isin(WARNING).astype(np.int8)
    silent = said == ""
    if silent.any():
        bodies = logs.loc[silent, "body"]
        severe = bodies.str.contains(SEVERE_WORDS, case=False) & ~bodies.str.contains(NO_ERRORS, case=False)
        found[silent] = severe.astype(np.int8) * np.int8(2)
    return found


def _idle(table: pd.DataFrame, told: pd.DataFrame) -> pd.DataFrame:
    """Give an event for each execution without any, of the operations that have some."""
    busy = np.zeros(len(table), dtype=bool)
    busy[told.loc[told["execution"] >= 0, "execution"]] = True
    op = table["op"].to_numpy()
    idle = np.flatnonzero(~busy & np.isin(op, op[busy]))
    at = table["ts"].array[idle]
    return pd.DataFrame({"execution": idle, "label": IDLE, "at": at, "severity": np.int8(1), "callee": "", "row": -1})


def _numbered(table: pd.DataFrame, told: pd.DataFrame) -> Executions:
    told = told[told["execution"] >= 0].sort_values(["execution", "at"], kind="stable")
    event, names = pd.factorize(told["label"])
    told = told.assign(event=event)
    of_event = told.groupby("event")
    return Executions(
        table=table,
        events=told.drop_duplicates(["execution", "event"])[["execution", "event", "row"]].reset_index(drop=True),
        names=np.asarray(names, dtype=object),
        severity=of_event["severity"].max().to_numpy(dtype=np.int8),
        callee=of_event["callee"].first().to_numpy(dtype=object),
    )
