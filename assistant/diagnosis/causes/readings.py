"""Causes that metrics tell: a resource that runs out, a link that is slow, a service that is slow or fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from assistant.diagnosis.causes.candidate import Candidate, candidate, own_fault, supporting
from assistant.diagnosis.finding import Finding
from assistant.taxonomy import FaultKind

# A resource that is used more is often the effect of what the service was made to do, a backlog of what it waits for.
_RESOURCE: Final = 0.9
_SILENCE: Final = 0.8
_BACKLOG: Final = 0.4
# Where requests can be watched and nothing else is wrong with the service, more use is no trouble yet.
_UNSUPPORTED: Final = 0.45
_ELSEWHERE: Final = frozenset({"deploy", "log_errors", "errors", "resource", "backlog"})


def from_readings(
    findings: Sequence[Finding], deploys: Mapping[str, Finding], *, watched: bool = True
) -> list[Candidate]:
    """Say what the metrics of services speak for.

    Args:
        findings: All of them.
        deploys: Those of services that were just deployed.
        watched: Whether requests were recorded, so that harm would be seen.
    """
    candidates = []
    for finding in findings:
        about = supporting(finding, findings)
        service = finding.service
        match finding.signal:
            case "resource" | "backlog":
                weight = _RESOURCE if finding.signal == "resource" else _BACKLOG
                if watched and not _supported(finding, findings):
                    weight *= _UNSUPPORTED
                if watched and finding.signal == "backlog":
                    continue
                text = f"{service} uses far more than before"
                found = candidate(finding, FaultKind.RESOURCE_EXHAUSTION, text, about)
                candidates.append(found.weakened(weight))
            case "silence":
                lead = candidate(finding, FaultKind.SERVICE_DOWN, f"{service} has fallen silent")
                candidates.append(lead.weakened(_SILENCE))
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


def _supported(finding: Finding, findings: Sequence[Finding]) -> bool:
    """Say whether anything else is wrong with the service, or with calls to it."""
    service = finding.service
    return any(
        other.service == service or (other.link is not None and other.link[1] == service)
        for other in findings
        if other.signal not in _ELSEWHERE
    )
