"""Causes of slow requests: a link, a database, or the slow service itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from assistant.diagnosis.causes.candidate import Candidate, candidate, own_fault, supporting
from assistant.diagnosis.finding import Finding
from assistant.taxonomy import FaultKind

# That callers stopped waiting says who was slow, and not yet why.
_ABANDONED: Final = 0.6


def from_slowness(findings: Sequence[Finding], deploys: Mapping[str, Finding]) -> list[Candidate]:
    """Say what could be behind the extra time, place by place."""
    candidates = []
    for finding in findings:
        about = supporting(finding, findings)
        if finding.signal == "slow_link":
            callee = finding.link[1] if finding.link else None
            text = f"calls from {finding.service} to {callee or 'somebody unknown'} hang on the way"
            candidates.append(candidate(finding, FaultKind.NETWORK_LINK, text, about, service=callee))
        elif finding.signal == "slow_database":
            text = f"{finding.service} waits for its database"
            candidates.append(candidate(finding, FaultKind.SLOW_DATABASE, text, about))
        elif finding.signal == "slow_service":
            candidates.append(own_fault(finding, FaultKind.SLOW_CODE, "is slow", deploys, findings))
        elif finding.signal == "abandoned_calls" and finding.link is not None:
            caller, callee = finding.link
            text = f"{callee} answers {caller} too late"
            strength = finding.strength * _ABANDONED
            late = candidate(finding, FaultKind.SLOW_CODE, text, about, service=callee, strength=strength)
            candidates.append(late)
    return candidates
