"""Which kinds of error line are new, or come far more often than before."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

import pandas as pd

from assistant.diagnosis.case import Case
from assistant.diagnosis.counts import LEAST_SURPRISE, clarity, surprise
from assistant.diagnosis.executions import line_severity
from assistant.diagnosis.finding import Finding
from telemetry import mine_templates

_LEAST_RISE: Final = 3.0
_MOST_FINDINGS: Final = 5
_MOST_OF_A_SERVICE: Final = 2
_MOST_LINES: Final = 8000  # Bounds the time for templates; the newest lines are the ones that matter.


@dataclass(frozen=True, slots=True)
class _Watched:
    """Seconds for which lines were collected on both sides."""

    before: float
    after: float

    @property
    def ratio(self) -> float:
        """How many lines to expect since the onset for each before, if nothing changed."""
        return self.after / max(self.before, 1.0)


class ErrorLines:
    """Counts warnings and errors by template, before and after."""

    name = "error lines"
    needs = ("logs",)

    def examine(self, case: Case) -> list[Finding]:
        """Give the templates that rose most, most lines first."""
        logs = case.recording.logs
        assert logs is not None  # noqa: S101 (the engine asks only with the tables in `needs`)
        severe = _severe_lines(logs)
        inside = severe[case.before.mask(severe["ts"]) | case.after.mask(severe["ts"])].tail(_MOST_LINES)
        inside = inside[inside["service"] != ""]
        if inside.empty:
            return []
        mined = mine_templates(body.partition("\n")[0] for body in inside["body"])
        inside = inside.assign(template=[mined.templates[number] for number in mined.template_of])
        # Where requests were watched lines were too, and no line is no news.
        watched = _Watched(
            max(case.seconds_before, case.before.covered_seconds(logs["ts"], regular=False)),
            max(case.seconds_after, case.after.covered_seconds(logs["ts"], regular=False)),
        )
        after = case.after.of(inside)
        lines = after.groupby(["service", "template"]).size()
        earlier = case.before.of(inside).groupby(["service", "template"]).size().reindex(lines.index, fill_value=0)
        unusual = surprise(lines, earlier, watched.ratio)
        risen = lines[(unusual >= LEAST_SURPRISE) & (lines >= _LEAST_RISE * earlier * watched.ratio)]
        told: Counter[str] = Counter()
        findings = []
        for service, template in risen.sort_values(ascending=False, kind="stable").index:
            told[service] += 1
            if told[service] <= _MOST_OF_A_SERVICE:
                mine = inside[(inside["service"] == service) & (inside["template"] == template)]
                findings.append(self._finding(case, service, template, mine, len(after), watched))
        return findings[:_MOST_FINDINGS]

    def _finding(
        self, case: Case, service: str, template: str, mine: pd.DataFrame, all_lines: int, watched: _Watched
    ) -> Finding:
        now, earlier = case.after.of(mine), len(case.before.of(mine))
        return Finding(
            signal="log_errors",
            service=service,
            share=len(now) / all_lines,
            strength=0.9 * clarity(surprise(len(now), earlier, watched.ratio), clear=5),
            summary=(
                f"{service} writes a line {len(now)} times in {watched.after:.0f} s that it wrote "
                + (f"{earlier} times in the {watched.before:.0f} s before" if earlier else "never before")
            ),
            query=f"lines of {service} like: {template}",
            window=case.after.whole,
            before=earlier / max(watched.before, 1.0),
            after=len(now) / max(watched.after, 1.0),
            unit="lines/s",
            onset=now["ts"].min().to_pydatetime(),
            series=case.series(mine["ts"]),
            trace_ids=tuple(now.loc[now["trace_id"] != "", "trace_id"].drop_duplicates().head(3)),
            log_lines=tuple(now["body"].head(3)),
        )


def _severe_lines(logs: pd.DataFrame) -> pd.DataFrame:
    return logs[line_severity(logs) > 0]
