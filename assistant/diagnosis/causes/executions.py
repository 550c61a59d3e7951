"""Causes of requests that take another way through the code than before, whatever status they end with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from assistant.diagnosis.causes.candidate import Candidate, own_fault
from assistant.diagnosis.finding import Finding
from assistant.taxonomy import FaultKind

# A service whose calls or database fail does something else for that reason.
_REASONS: Final = frozenset({"link_errors", "abandoned_calls", "database_errors"})
_LEFT_WITH_REASON: Final = 0.25
# That work is missing may also be a change of what users ask for.
_WORK_ALONE: Final = 0.95


def from_executions(findings: Sequence[Finding], deploys: Mapping[str, Finding]) -> list[Candidate]:
    """Say in which services requests begin to go another way."""
    candidates = []
    for finding in findings:
        if finding.signal == "new_errors":
            found = own_fault(finding, FaultKind.CODE_ERROR, "takes the way of an error", deploys, findings)
        elif finding.signal == "changed_work":
            found = own_fault(finding, FaultKind.WRONG_ANSWER, "no longer does all of its work", deploys, findings)
            found = found.weakened(_WORK_ALONE)
        else:
            continue
        reason = max((one.strength for one in findings if _explains(one, finding)), default=0.0)
        candidates.append(found.weakened(1 - (1 - _LEFT_WITH_REASON) * reason))
    return candidates


def _explains(other: Finding, finding: Finding) -> bool:
    return other.signal in _REASONS and other.service == finding.service
