"""Causes from outside: more requests than the system can carry."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.diagnosis.causes.candidate import Candidate, candidate
from assistant.diagnosis.finding import Finding
from assistant.taxonomy import FaultKind


def from_surges(findings: Sequence[Finding]) -> list[Candidate]:
    """Say where more requests enter than before."""
    return [
        candidate(finding, FaultKind.REQUEST_FLOOD, f"{finding.service} is flooded with requests")
        for finding in findings
        if finding.signal == "traffic_surge"
    ]
