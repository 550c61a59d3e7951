"""Causes that metrics tell: a resource that runs out, a link that is slow, a service that is slow or fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from assistant.diagnosis.causes.candidate import Candidate, candidate, own_fault, supporting
from assistant.diagnosis.finding import Finding
from assistant.taxonomy import FaultKind

# A resource that is used more is often the effect of what the service was made to do.
_RESOURCE: Final = 0.9


def from_readings(findings: Sequence[Finding], deploys: Mapping[str, Finding]) -> list[Candidate]:
    """Say what the metrics of services speak for."""
    candidates = []
    for finding in findings:
        about = supporting(finding, findings)
        service = finding.service
        match finding.signal:
            case "resource":
                text = f"{service} uses far more than before"
                found = candidate(finding, FaultKind.RESOURCE_EXHAUSTION, text, about)
                candidates.append(found.weakened(_RESOURCE))
            case "link_metric" if finding.link is not None:
                caller, callee = finding.link
                text = f"calls from {caller} to {callee} hang on the way"
                candidates.append(candidate(finding, FaultKind.NETWORK_LINK, text, about))
            case "latency_metric":
                candidates.append(own_fault(finding, FaultKind.SLOW_CODE, "takes longer", deploys, findings))
            case "error_metric":
                candidates.append(own_fault(finding, FaultKind.CODE_ERROR, "fails more", deploys, findings))
            case _:
                pass
    return candidates
