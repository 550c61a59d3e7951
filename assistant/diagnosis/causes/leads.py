"""Leads where nothing else tells: services that write more errors than before."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from assistant.diagnosis.causes.candidate import Candidate, candidate
from assistant.diagnosis.finding import Finding
from assistant.taxonomy import FaultKind

# Real, but seldom what hurts: told with less weight than a failing request.
_LINES_ALONE: Final = 0.6
# What callers show too comes from below: errors travel up the calls.
_LEFT_OF_CALLER: Final = 0.4


def from_leads(findings: Sequence[Finding], calls: Collection[tuple[str, str]]) -> list[Candidate]:
    """Say what could be wrong where only error lines tell.

    Args:
        findings: All of them.
        calls: Known calls as `(caller, callee)`.
    """
    lines = [finding for finding in findings if finding.signal == "log_errors"]
    most = max((finding.share for finding in lines), default=0.0)
    writers = {finding.service for finding in lines}
    candidates = []
    for finding in lines:
        service = finding.service
        below = {callee for caller, callee in calls if caller == service and callee != service} & writers
        lead = candidate(finding, FaultKind.CODE_ERROR, f"{service} writes new errors")
        weight = _LINES_ALONE * finding.share / max(most, 1e-9)
        candidates.append(lead.weakened(weight * (_LEFT_OF_CALLER if below else 1.0)))
    return candidates
