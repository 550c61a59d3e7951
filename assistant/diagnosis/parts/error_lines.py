"""Which kinds of error line are new, or come far more often than before."""

from __future__ import annotations

import math
from collections import Counter
from typing import Final

import pandas as pd

from assistant.diagnosis.case import Case
from assistant.diagnosis.finding import Finding
from telemetry import mine_templates

_SEVERE: Final = ("WARN", "WARNING", "ERROR", "CRITICAL", "FATAL", "SEVERE", "EMERGENCY", "ALERT")
_FEWEST_LINES: Final = 3
_LEAST_RISE: Final = 3.0
_MOST_FINDINGS: Final = 5
_MOST_OF_A_SERVICE: Final = 2
_MOST_LINES: Final = 8000  # Bounds the time for templates; the newest lines are the ones that matter.


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
        if inside.empty:
            return []
        mined = mine_templates(inside["body"].str.split("\n").str[0].tolist())
        inside = inside.assign(template=[mined.templates[number] for number in mined.template_of])
        after = case.after.of(inside)
        scale = case.after.seconds / max(case.before.covered_seconds(logs["ts"], case.bucket_seconds), 1)
        total = max(len(after), 1)
        findings = []
        for (service, template), group in after.groupby(["service", "template"]):
            mine = inside[(inside["service"] == service) & (inside["template"] == template)]
            earlier = len(case.before.of(mine))
            expected = earlier * scale
            if len(group) < _FEWEST_LINES or len(group) < _LEAST_RISE * max(expected, 0.5):
                continue
            findings.append(self._finding(case, str(service), str(template), group, mine, len(group) / total))
        findings.sort(key=lambda finding: -finding.share)
        told: Counter[str] = Counter()
        kept = []
        for finding in findings:
            told[finding.service] += 1
            if told[finding.service] <= _MOST_OF_A_SERVICE:
                kept.append(finding)
        return kept[:_MOST_FINDINGS]

    def _finding(
        self, case: Case, service: str, template: str, group: pd.DataFrame, mine: pd.DataFrame, share: float
    ) -> Finding:
        earlier = len(case.before.of(mine))
        trace_ids = tuple(group["trace_id"][group["trace_id"].fillna("") != ""].head(3)) if "trace_id" in group else ()
        return Finding(
            signal="log_errors",
            service=service,
            share=share,
            strength=0.9 * (1 - math.exp(-len(group) / 5)),
            summary=(
                f"{service} writes a line {len(group)} times in {case.after.seconds:.0f} s that it wrote "
                + (f"{earlier} times in the {case.before.seconds:.0f} s before" if earlier else "never before")
            ),
            query=f"lines of {service} like: {template}",
            window=case.after.stretches[0],
            before=earlier / max(case.before.seconds, 1),
            after=len(group) / max(case.after.seconds, 1),
            unit="lines/s",
            onset=group["ts"].min().to_pydatetime(),
            series=case.series(mine["ts"]),
            trace_ids=trace_ids,
            log_lines=tuple(group["body"].head(3)),
        )


def _severe_lines(logs: pd.DataFrame) -> pd.DataFrame:
    if "severity" not in logs or (logs["severity"].fillna("") == "").all():
        # Nothing says how severe a line is; words that every stack shares have to do.
        return logs[logs["body"].str.contains(r"error|exception|fail|fatal|refused|timed? ?out", case=False, na=False)]
    return logs[logs["severity"].fillna("").str.upper().isin(_SEVERE)]
