"""A possible cause before it has a probability."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from assistant.diagnosis.finding import Finding
from assistant.taxonomy import FaultKind

Look = Literal["failures", "executions", "time", "traffic", "readings", "resources", "lines", "silence"]
LOOKS: Final[Mapping[str, Look]] = {
    "own_errors": "failures",
    "database_errors": "failures",
    "link_errors": "failures",
    "abandoned_calls": "failures",
    "new_errors": "executions",
    "changed_work": "executions",
    "slow_service": "time",
    "slow_database": "time",
    "slow_link": "time",
    "link_metric": "time",
    "latency_metric": "time",
    "error_metric": "readings",
    "resource": "resources",
    "backlog": "resources",
    "traffic_surge": "traffic",
    "silence": "silence",
    "log_errors": "lines",
}
# What shows the same trouble from another side.
_SIDES = frozenset({"errors", "log_errors", "resource", "backlog"})


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A possible cause; the fields that `Hypothesis` has too mean the same there.

    Attributes:
        look: How it was seen; what is seen in two ways is surer than what is seen twice in one.
        strength: How much speaks for it, in 0..1.
        findings: What speaks for it, strongest first.
    """

    service: str
    kind: FaultKind
    look: Look
    strength: float
    summary: str
    findings: tuple[Finding, ...]
    operation: str | None = None
    link: tuple[str, str] | None = None
    version: str | None = None

    def weakened(self, factor: float) -> Candidate:
        """Give the same cause with less speaking for it."""
        return replace(self, strength=self.strength * factor)


def candidate(
    finding: Finding,
    kind: FaultKind,
    text: str,
    others: Iterable[Finding] = (),
    *,
    service: str | None = None,
    strength: float | None = None,
    version: str | None = None,
) -> Candidate:
    """Make a candidate of its main finding.

    Args:
        finding: What speaks for it most.
        kind: What is wrong.
        text: A clause that says the cause, without a full stop.
        others: What speaks for it too.
        service: Where it lies, unless it is the finding's service.
        strength: Unless it is the finding's.
        version: The version under suspicion.
    """
    # Seen from a caller, a fault of the callee's own is on no link, and not in the caller's operation.
    on_link = kind is FaultKind.NETWORK_LINK
    elsewhere = service not in {None, finding.service}
    return Candidate(
        service=service or finding.service,
        look=LOOKS[finding.signal],
        kind=kind,
        strength=finding.strength if strength is None else strength,
        summary=f"{_begun(text, {finding.service, service or '', *(finding.link or ())})}: {finding.summary}.",
        findings=(finding, *others),
        operation=None if elsewhere and not on_link else finding.operation,
        link=finding.link if on_link else None,
        version=version,
    )


def _begun(text: str, names: Collection[str]) -> str:
    """Begin a sentence with a capital letter, unless it begins with somebody's name."""
    return text if any(name and text.startswith(name) for name in names) else text[0].upper() + text[1:]


def own_fault(
    finding: Finding,
    kind: FaultKind,
    does: str,
    deploys: Mapping[str, Finding],
    findings: Sequence[Finding],
    *,
    strength: float | None = None,
) -> Candidate:
    """Make a candidate of a fault in the service itself: of its new version where it has one, else of `kind`."""
    where = f" in {finding.operation}" if finding.operation else ""
    about = supporting(finding, findings)
    deploy = deploys.get(finding.service)
    if deploy is None:
        return candidate(finding, kind, f"{finding.service} itself {does}{where}", about, strength=strength)
    named = f"the new version {deploy.version}" if deploy.version else "the new version"
    text = f"{named} of {finding.service} {does}{where}"
    return candidate(finding, FaultKind.BAD_VERSION, text, (deploy, *about), strength=strength, version=deploy.version)


def supporting(finding: Finding, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Give the findings that show the same trouble as one of them from another side."""
    return tuple(
        other
        for other in findings
        if other is not finding
        and other.signal in _SIDES
        and other.service == finding.service
        and (other.signal != "errors" or finding.operation in {None, other.operation})
    )
