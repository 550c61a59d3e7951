"""Causes that a reader would think of, and why they are none."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from assistant.diagnosis.finding import Finding
from assistant.diagnosis.values import Rejected
from assistant.taxonomy import FaultKind

_BEGINNINGS = frozenset({"own_errors", "database_errors", "link_errors"})


def rejected_causes(findings: Sequence[Finding], blamed: Collection[str]) -> tuple[Rejected, ...]:
    """Say of deployed and of failing services why they are not to blame; `blamed` are those that are."""
    return (*_deployed(findings, blamed), *_failing(findings, blamed))


def _deployed(findings: Sequence[Finding], blamed: Collection[str]) -> list[Rejected]:
    return [
        Rejected(
            service=finding.service,
            kind=FaultKind.BAD_VERSION,
            reason=f"{finding.summary}, but no failure or delay begins in it.",
        )
        for finding in findings
        if finding.signal == "deploy" and finding.service not in blamed
    ]


def _failing(findings: Sequence[Finding], blamed: Collection[str]) -> list[Rejected]:
    begins_in = {finding.service for finding in findings if finding.signal in _BEGINNINGS}
    worst: dict[str, Finding] = {}
    for finding in findings:
        if finding.signal == "errors" and finding.service not in begins_in and finding.service not in blamed:
            worst.setdefault(finding.service, finding)
    return [
        Rejected(
            service=service,
            kind=FaultKind.CODE_ERROR,
            reason=f"{finding.summary}; these failures all begin in services that it calls.",
        )
        for service, finding in worst.items()
    ]
