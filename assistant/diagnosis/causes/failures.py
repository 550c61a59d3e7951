"""Causes of failing requests: a database, a link, a service that is gone, or the failing service itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from assistant.diagnosis.causes.candidate import Candidate, candidate, own_fault, supporting
from assistant.diagnosis.finding import Finding
from assistant.taxonomy import FaultKind

# Calls fail for a moment while their callee restarts as another version: the link is not to blame,
_LEFT_OF_LINK: Final = 0.3
# but a version that does not answer calls at all is as bad as one that fails them.
_NOT_ANSWERING: Final = 0.8
# A deployment this near to the onset (within a minute) explains that calls to the service are refused.
_JUST_DEPLOYED: Final = 0.9
_STRONGEST: Final = 0.98


def from_failures(findings: Sequence[Finding], deploys: Mapping[str, Finding]) -> list[Candidate]:
    """Say what could be behind the failures, place by place."""
    candidates = []
    for finding in findings:
        if finding.signal == "database_errors":
            text = f"{finding.service} cannot use its database"
            about = supporting(finding, findings)
            candidates.append(candidate(finding, FaultKind.DATABASE_CONNECTION, text, about))
        elif finding.signal == "link_errors":
            candidates += _of_a_call(finding, findings, deploys)
        elif finding.signal == "own_errors":
            refused = _share_refused_in_restart(finding.service, findings, deploys)
            strength = min(_STRONGEST, finding.strength * (1 + refused / max(finding.share, 1e-9)))
            candidates.append(own_fault(finding, FaultKind.CODE_ERROR, "fails", deploys, findings, strength=strength))
    return candidates


def _of_a_call(finding: Finding, findings: Sequence[Finding], deploys: Mapping[str, Finding]) -> list[Candidate]:
    about = supporting(finding, findings)
    if finding.link is None:
        text = f"calls from {finding.service} to somebody unknown fail on the way"
        return [candidate(finding, FaultKind.NETWORK_LINK, text, about)]
    caller, callee = finding.link
    strength = _strength_to_callee(finding, findings)
    deploy = deploys.get(callee)
    if deploy is not None and deploy.strength >= _JUST_DEPLOYED:
        text = f"calls from {caller} to {callee} fail on the way"
        left = strength * _LEFT_OF_LINK
        found = [candidate(finding, FaultKind.NETWORK_LINK, text, about, service=callee, strength=left)]
        if not any(other.signal == "own_errors" and other.service == callee for other in findings):
            text = f"{callee} does not answer since its version {deploy.version or ''} was deployed".replace("  ", " ")
            found.append(
                candidate(
                    finding,
                    FaultKind.BAD_VERSION,
                    text,
                    (deploy, *about),
                    service=callee,
                    strength=strength * _NOT_ANSWERING,
                    version=deploy.version,
                )
            )
        return found
    silence = next((other for other in findings if other.signal == "silence" and other.service == callee), None)
    if silence is not None:
        text = f"{callee} is gone"
        return [candidate(finding, FaultKind.SERVICE_DOWN, text, (silence, *about), service=callee, strength=strength)]
    text = f"calls from {caller} to {callee} fail on the way"
    return [candidate(finding, FaultKind.NETWORK_LINK, text, about, service=callee, strength=strength)]


def _strength_to_callee(finding: Finding, findings: Sequence[Finding]) -> float:
    """Add what other callers' failed calls to the same callee say: what they share is the callee."""
    assert finding.link is not None  # noqa: S101 (asked of links only)
    callee = finding.link[1]
    same = [one for one in findings if one.signal == "link_errors" and one.link and one.link[1] == callee]
    if any(one.share > finding.share for one in same):
        return finding.strength
    return min(_STRONGEST, finding.strength * sum(one.share for one in same) / max(finding.share, 1e-9))


def _share_refused_in_restart(service: str, findings: Sequence[Finding], deploys: Mapping[str, Finding]) -> float:
    """Give the share of failures that were calls to a service which had just been deployed."""
    deploy = deploys.get(service)
    if deploy is None or deploy.strength < _JUST_DEPLOYED:
        return 0.0
    return sum(one.share for one in findings if one.signal == "link_errors" and one.link and one.link[1] == service)
