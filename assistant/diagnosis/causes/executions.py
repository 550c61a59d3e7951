"""Causes of requests that take another way through the code than before, whatever status they end with."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from assistant.diagnosis.causes.candidate import Candidate, candidate, own_fault
from assistant.diagnosis.finding import Finding
from assistant.taxonomy import FaultKind

# A service whose calls or database fail does something else for that reason.
_REASONS: Final = frozenset({"link_errors", "abandoned_calls", "database_errors"})
_LEFT_WITH_REASON: Final = 0.25
# That work is missing may also be a change of what users ask for.
_WORK_ALONE: Final = 0.95
_COMPLAINT: Final = 0.85
_LEFT_OF_COMPLAINER: Final = 0.4
# Lines do not say which request they belong to; what the callee shows too comes from there more often than not.
_LEFT_OF_CALLER: Final = 0.5
_CHANGES: Final = frozenset({"new_errors", "changed_work"})


def from_executions(
    findings: Sequence[Finding], deploys: Mapping[str, Finding], calls: Collection[tuple[str, str]] = ()
) -> list[Candidate]:
    """Say in which services requests begin to go another way.

    Args:
        findings: All of them.
        deploys: Those of services that were just deployed.
        calls: Known calls as `(caller, callee)`.
    """
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
        if finding.link is not None:
            # Whoever complains about another service is seldom the one at fault.
            text = f"{finding.service} complains about {finding.link[1]}"
            blamed = candidate(finding, FaultKind.NETWORK_LINK, text, service=finding.link[1])
            candidates.append(blamed.weakened(_COMPLAINT))
            found = found.weakened(_LEFT_OF_COMPLAINER)
        below = _LEFT_OF_CALLER if _shown_below(finding, findings, calls) else 1.0
        candidates.append(found.weakened(below * (1 - (1 - _LEFT_WITH_REASON) * reason)))
    return candidates


def _explains(other: Finding, finding: Finding) -> bool:
    return other.signal in _REASONS and other.service == finding.service


def _shown_below(finding: Finding, findings: Sequence[Finding], calls: Collection[tuple[str, str]]) -> bool:
    """Say whether a service that this one calls changed as clearly, where no trace told which of them began."""
    if finding.operation is not None:
        return False
    below = {callee for caller, callee in calls if caller == finding.service and callee != caller}
    return any(
        other.signal in _CHANGES and other.service in below and other.strength >= finding.strength / 2
        for other in findings
    )
