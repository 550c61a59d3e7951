"""Leads where nothing else tells: a silent service, new error lines."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from assistant.diagnosis.causes.candidate import Candidate, candidate
from assistant.diagnosis.finding import Finding
from assistant.taxonomy import FaultKind

# Real, but seldom what hurts: each is told with less weight than a failing request.
_SILENCE_ALONE: Final = 0.8
_LINES_ALONE: Final = 0.6
# What callers show too comes from below: errors and delays travel up the calls.
_LEFT_OF_CALLER: Final = 0.4
_TRAVELS_UP: Final = frozenset({"log_errors"})


def from_leads(findings: Sequence[Finding], calls: Collection[tuple[str, str]]) -> list[Candidate]:
    """Say what could be wrong where only lines or silence tell.

    Args:
        findings: All of them.
        calls: Known calls as `(caller, callee)`.
    """
    candidates = []
    for finding in findings:
        found = _lead(finding, findings)
        if found is not None:
            below = _shown_below(finding, findings, calls)
            candidates.append(found.weakened(_LEFT_OF_CALLER) if below else found)
    return candidates


def _lead(finding: Finding, findings: Sequence[Finding]) -> Candidate | None:
    service = finding.service
    match finding.signal:
        case "silence":
            lead = candidate(finding, FaultKind.SERVICE_DOWN, f"{service} has fallen silent")
            return lead.weakened(_SILENCE_ALONE)
        case "log_errors":
            most = max(other.share for other in findings if other.signal == "log_errors")
            lead = candidate(finding, FaultKind.CODE_ERROR, f"{service} writes new errors")
            return lead.weakened(_LINES_ALONE * finding.share / most)
        case _:
            return None


def _shown_below(finding: Finding, findings: Sequence[Finding], calls: Collection[tuple[str, str]]) -> bool:
    """Say whether a service that this one calls shows the same."""
    if finding.signal not in _TRAVELS_UP:
        return False
    same = {other.service for other in findings if other.signal == finding.signal and other.service != finding.service}
    return any(caller == finding.service and callee in same for caller, callee in calls)
