"""Which sorts of line came or went, where lines do not say which request they belong to.

Each sort of line is counted as a share of all lines of its service, so that more or fewer requests change nothing. A
line that always came and is missing says nearly as much as a new error: code that is left early writes no last line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from assistant.diagnosis.case import Case
from assistant.diagnosis.counts import clarity
from assistant.diagnosis.cuts import CLEAR_RATIO, clearest_cut, counts_since, cuts_of, phases_of
from assistant.diagnosis.departures import LEAST_RATIO, UNKNOWN
from assistant.diagnosis.executions import MOST_LINES, WORTH_OF_NEW, line_severity
from assistant.diagnosis.finding import Finding
from telemetry import mine_templates

# Where most lines name their span, executions tell the same more exactly.
_MOSTLY: Final = 0.5
_FEWEST_BEFORE: Final = 5
# A sort of line is gone when a tenth is left of its share.
_GONE: Final = 0.1
_WORTH_OF_GONE: Final = 0.8
_MOST_FINDINGS: Final = 5


@dataclass(frozen=True)
class _Sorts:
    """Lines by what they have in common: `table` has a row a sort of line of a service, `sort` the row of each line."""

    table: pd.DataFrame
    services: tuple[str, ...]
    lines: pd.DataFrame
    sort: npt.NDArray[np.int64]


class LineRates:
    """Holds the share of each sort of line among the lines of its service against the baseline."""

    name = "line rates"
    needs = ("logs",)

    def examine(self, case: Case) -> list[Finding]:
        """Give the services whose lines changed most, one finding each."""
        logs = case.recording.logs
        assert logs is not None  # noqa: S101 (the engine asks only with the tables in `needs`)
        if case.spans is not None and not case.spans.empty and (logs["span_id"] != "").mean() > _MOSTLY:
            return []
        lines = logs[case.compared(logs["ts"]) & (logs["service"] != "")]
        if lines.empty:
            return []
        sorts = _sorts(case, lines.tail(MOST_LINES))
        told = sorts.table[sorts.table["ratio"] >= LEAST_RATIO].sort_values("ratio", ascending=False, kind="stable")
        return [self._finding(case, sorts, int(row)) for row in told.drop_duplicates("service").index[:_MOST_FINDINGS]]

    def _finding(self, case: Case, sorts: _Sorts, row: int) -> Finding:
        about = sorts.table.loc[[row]].to_dict("records")[0]
        service, gone = str(about["service"]), bool(about["gone"])
        mine = sorts.lines[sorts.sort == row]
        since = cuts_of(case)[int(about["cut"])]
        now = mine[mine["ts"] >= since]
        shown = case.before.of(mine).tail(3) if gone else now.head(3)
        new_error = not gone and about["severity"] > 0
        told = "hardly writes a line any more" if gone else "writes a line that it hardly ever wrote"
        return Finding(
            signal="new_errors" if new_error else "changed_work",
            service=service,
            link=_names(service, shown, sorts.services) if new_error else None,
            share=1.0,
            strength=0.9 * clarity(float(about["ratio"]), clear=CLEAR_RATIO),
            summary=f"{service} {told}: {about['now']:.1%} of its lines now, {about['before']:.1%} before",
            query=f"lines of {service} like: {about['template']}",
            window=case.since_search.whole,
            before=float(about["before"]),
            after=float(about["now"]),
            unit="ratio",
            onset=since.to_pydatetime() if gone or now.empty else now["ts"].min().to_pydatetime(),
            series=case.series(mine["ts"]),
            trace_ids=tuple(now.loc[now["trace_id"] != "", "trace_id"].drop_duplicates().head(3)),
            log_lines=tuple(shown["body"]),
        )


def _sorts(case: Case, lines: pd.DataFrame) -> _Sorts:
    of_line = line_severity(lines).to_numpy()
    mined = mine_templates(lines["body"].str.partition("\n")[0], apart=of_line)
    of_service, services = pd.factorize(lines["service"])
    size = len(mined.templates)
    sort, kinds = pd.factorize(of_service * size + np.array(mined.template_of))
    service, template = kinds // size, kinds % size
    before = case.before.mask(lines["ts"]).to_numpy()
    cuts = cuts_of(case)
    phase, later = phases_of(lines["ts"], before, cuts), ~before
    had_since = counts_since(sort[later], phase[later], len(kinds), len(cuts))
    all_since = counts_since(of_service[later], phase[later], len(services), len(cuts))[service]
    had = np.bincount(sort[before], minlength=len(kinds)).astype(float)
    every = np.bincount(of_service[before], minlength=len(services)).astype(float)[service]
    severity = np.zeros(len(kinds), dtype=np.int8)
    np.maximum.at(severity, sort, of_line)
    came, came_cut, came_share = clearest_cut(had_since, all_since, had, every)
    went, went_cut, lacks = clearest_cut(all_since - had_since, all_since, every - had, every)
    share = had / np.maximum(every, 1.0)
    known = every >= _FEWEST_BEFORE
    came = np.where(known & (share <= UNKNOWN), came * WORTH_OF_NEW[severity], 0.0)
    is_gone = (had >= _FEWEST_BEFORE) & (1 - lacks <= _GONE * share) & (severity == 0)
    went = np.where(is_gone, went * _WORTH_OF_GONE, 0.0)
    gone = went > came
    table = pd.DataFrame(
        {
            "service": np.asarray(services, dtype=object)[service],
            "template": np.array(mined.templates, dtype=object)[template],
            "severity": severity,
            "gone": gone,
            "ratio": np.maximum(came, went),
            "cut": np.where(gone, went_cut, came_cut),
            "before": share,
            "now": np.where(gone, 1 - lacks, came_share),
        }
    )
    return _Sorts(table, _services(case), lines, np.asarray(sort, dtype=np.int64))


def _services(case: Case) -> tuple[str, ...]:
    """Give all services that are known by name, the longest first."""
    tables = [case.recording.metrics, case.recording.logs]
    names = {str(name) for table in tables if table is not None for name in table["service"].unique() if name}
    return tuple(sorted(names, key=len, reverse=True))


def _names(service: str, lines: pd.DataFrame, services: tuple[str, ...]) -> tuple[str, str] | None:
    """Say whom the lines complain about, where they name another service: `(writer, named)`."""
    for body in lines["body"]:
        text = str(body)
        for other in services:
            if other != service and re.search(rf"(?<![\w-]){re.escape(other)}(?![\w-])", text):
                return service, other
    return None
