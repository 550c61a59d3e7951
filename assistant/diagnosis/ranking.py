"""From findings to causes: what each finding speaks for, what explains what away, and how sure that makes us.

Each rule turns the findings into candidates with a strength in 0..1. A candidate's odds are `s / (1 - s)`; with the
odds that it is something else they are scaled to probabilities. The numbers are judgements, not fits; they are named
here so that they can be questioned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from assistant.diagnosis.finding import Finding
from assistant.diagnosis.values import Rejected
from assistant.taxonomy import FaultKind

# Odds that the cause is none of the candidates: about 1 in 7 against a candidate of strength 0.7.
_ODDS_OF_NONE: Final = 0.35
# Below this no candidate is worth naming.
_WEAKEST_NAMED: Final = 0.25
_MOST_NAMED: Final = 5
_STRONGEST: Final = 0.97
# A surge this clear explains failures and slowness elsewhere: they are what overload looks like.
_CLEAR_SURGE: Final = 0.6
_LEFT_AFTER_SURGE: Final = 0.25
# A surge that hurts nobody is worth telling, but it is not trouble yet.
_HARMLESS_SURGE: Final = 0.6
# Failing requests also take longer or shorter; slowness where failures are known is a symptom of them.
_LEFT_AFTER_FAILURES: Final = 0.25
_CLEAR_FAILURES: Final = 0.3
# Calls fail for a moment while their callee restarts as another version.
_LEFT_OF_RESTART: Final = 0.3
# Metrics and lines without a failing or slow request behind them: real, but seldom what hurts.
_LINES_ALONE: Final = 0.6
_RESOURCE_ALONE: Final = 0.7


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A possible cause before it has a probability."""

    service: str
    kind: FaultKind
    strength: float
    summary: str
    findings: tuple[Finding, ...]
    operation: str | None = None
    link: tuple[str, str] | None = None
    version: str | None = None

    @property
    def place(self) -> tuple[str, tuple[str, str] | None]:
        """Where it is: the service, or the link."""
        return self.service, self.link


@dataclass(frozen=True)
class Ranking:
    """Candidates with their probabilities, likeliest first; what remains is `none_probability`."""

    candidates: tuple[tuple[Candidate, float], ...]
    none_probability: float
    rejected: tuple[Rejected, ...]


def rank(findings: Sequence[Finding]) -> Ranking:
    """Weigh all findings against each other."""
    deploys = {finding.service: finding for finding in findings if finding.signal == "deploy"}
    failures = _from_failures(findings, deploys)
    failing = max((candidate.strength for candidate in failures), default=0.0)
    slow = _from_slowness(findings, deploys)
    if failing >= _CLEAR_FAILURES:
        slow = [replace(candidate, strength=candidate.strength * _LEFT_AFTER_FAILURES) for candidate in slow]
    harm = max([failing, *(candidate.strength for candidate in slow)], default=0.0)
    surges = _from_surges(findings, harm)
    inside = [*failures, *slow]
    if any(surge.strength >= _CLEAR_SURGE for surge in surges) and harm >= _CLEAR_FAILURES * _LEFT_AFTER_FAILURES:
        inside = [replace(candidate, strength=candidate.strength * _LEFT_AFTER_SURGE) for candidate in inside]
    candidates = [*inside, *surges]
    if not candidates:
        candidates = [*_from_silence(findings), *_from_resources(findings), *_from_lines(findings)]
    candidates = [candidate for candidate in _one_per_cause(candidates) if candidate.strength >= _WEAKEST_NAMED / 2]
    strongest = max((candidate.strength for candidate in candidates), default=0.0)
    if strongest < _WEAKEST_NAMED:
        return Ranking((), 1.0, _rejected(findings, ()))
    odds = [min(candidate.strength, _STRONGEST) / (1 - min(candidate.strength, _STRONGEST)) for candidate in candidates]
    total = sum(odds) + _ODDS_OF_NONE
    ranked = sorted(zip(candidates, odds, strict=True), key=lambda pair: -pair[1])[:_MOST_NAMED]
    named = tuple((candidate, round(one / total, 4)) for candidate, one in ranked)
    left = max(0.0, round(1 - sum(probability for _, probability in named), 4))
    return Ranking(named, left, _rejected(findings, tuple(candidate for candidate, _ in named)))


def _from_failures(findings: Sequence[Finding], deploys: dict[str, Finding]) -> list[Candidate]:
    silent = {finding.service for finding in findings if finding.signal == "silence"}
    candidates = []
    for finding in _with_restarts_explained(findings, deploys):
        about = tuple(other for other in findings if _supports(other, finding))
        if finding.signal == "database_errors":
            candidates.append(
                _candidate(finding, FaultKind.DATABASE_CONNECTION, f"{finding.service} cannot use its database", about)
            )
        elif finding.signal == "link_errors" and finding.link is not None:
            caller, callee = finding.link
            if callee in silent:
                candidates.append(
                    _candidate(finding, FaultKind.SERVICE_DOWN, f"{callee} is gone", about, service=callee)
                )
            else:
                text = f"calls from {caller} to {callee} fail on the way"
                candidates.append(_candidate(finding, FaultKind.NETWORK_LINK, text, about, service=callee))
        elif finding.signal == "own_errors":
            candidates.append(_own_fault(finding, deploys.get(finding.service), about, FaultKind.CODE_ERROR, "fails"))
    return candidates


def _with_restarts_explained(findings: Sequence[Finding], deploys: dict[str, Finding]) -> list[Finding]:
    """Put calls that a service refused while it was being deployed down to its deployment, not to the network."""
    restarts: dict[str, float] = {}
    for finding in findings:
        if finding.signal == "link_errors" and finding.link and finding.link[1] in deploys:
            callee = finding.link[1]
            restarts[callee] = restarts.get(callee, 0.0) + finding.share
    explained = []
    for finding in findings:
        strength = finding.strength
        if finding.signal == "link_errors" and finding.link and finding.link[1] in restarts:
            strength *= _LEFT_OF_RESTART
        elif finding.signal == "own_errors" and finding.service in restarts:
            strength *= (finding.share + restarts[finding.service]) / finding.share
        explained.append(replace(finding, strength=min(strength, 1.0)))
    return explained


def _from_slowness(findings: Sequence[Finding], deploys: dict[str, Finding]) -> list[Candidate]:
    candidates = []
    for finding in findings:
        about = tuple(other for other in findings if _supports(other, finding))
        if finding.signal == "slow_link" and finding.link is not None:
            caller, callee = finding.link
            text = f"calls from {caller} to {callee} hang on the way"
            candidates.append(_candidate(finding, FaultKind.NETWORK_LINK, text, about, service=callee))
        elif finding.signal == "slow_database":
            candidates.append(
                _candidate(finding, FaultKind.SLOW_DATABASE, f"{finding.service} waits for its database", about)
            )
        elif finding.signal == "slow_service":
            candidates.append(_own_fault(finding, deploys.get(finding.service), about, FaultKind.SLOW_CODE, "is slow"))
    return candidates


def _from_surges(findings: Sequence[Finding], harm: float) -> list[Candidate]:
    hurts = harm >= _CLEAR_FAILURES * _LEFT_AFTER_FAILURES
    return [
        replace(candidate, strength=candidate.strength * (1.0 if hurts else _HARMLESS_SURGE))
        for candidate in (
            _candidate(finding, FaultKind.REQUEST_FLOOD, f"{finding.service} is flooded with requests", ())
            for finding in findings
            if finding.signal == "traffic_surge"
        )
    ]


def _from_silence(findings: Sequence[Finding]) -> list[Candidate]:
    return [
        _candidate(finding, FaultKind.SERVICE_DOWN, f"{finding.service} has fallen silent", ())
        for finding in findings
        if finding.signal == "silence"
    ]


def _from_resources(findings: Sequence[Finding]) -> list[Candidate]:
    return [
        replace(candidate, strength=candidate.strength * _RESOURCE_ALONE)
        for candidate in (
            _candidate(finding, FaultKind.RESOURCE_EXHAUSTION, f"{finding.service} uses far more than before", ())
            for finding in findings
            if finding.signal == "resource"
        )
    ]


def _from_lines(findings: Sequence[Finding]) -> list[Candidate]:
    return [
        replace(candidate, strength=candidate.strength * candidate.findings[0].share * _LINES_ALONE)
        for candidate in (
            _candidate(finding, FaultKind.CODE_ERROR, f"{finding.service} writes new errors", ())
            for finding in findings
            if finding.signal == "log_errors"
        )
    ]


def _own_fault(
    finding: Finding, deploy: Finding | None, about: tuple[Finding, ...], otherwise: FaultKind, does: str
) -> Candidate:
    """A fault of the service itself: of its new version where there is one, of something else otherwise."""
    where = f" in {finding.operation}" if finding.operation else ""
    if deploy is None:
        return _candidate(finding, otherwise, f"{finding.service} itself {does}{where}", about)
    text = f"the new version {deploy.version} of {finding.service} {does}{where}"
    candidate = _candidate(finding, FaultKind.BAD_VERSION, text, (deploy, *about))
    return replace(candidate, version=deploy.version)


def _candidate(
    finding: Finding, kind: FaultKind, text: str, about: tuple[Finding, ...], *, service: str | None = None
) -> Candidate:
    return Candidate(
        service=service or finding.service,
        kind=kind,
        strength=finding.strength,
        summary=f"{text[0].upper()}{text[1:]}: {finding.summary}.",
        findings=(finding, *about),
        operation=finding.operation,
        link=finding.link,
    )


def _supports(other: Finding, finding: Finding) -> bool:
    """Whether another finding shows the same trouble from another side."""
    if other is finding or other.signal not in {"errors", "log_errors", "resource"}:
        return False
    if other.service != finding.service:
        return False
    return other.signal != "errors" or finding.operation in {None, other.operation}


def _one_per_cause(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Fold candidates that name the same place and kind into the strongest, keeping all their findings."""
    best: dict[tuple[str, FaultKind, tuple[str, str] | None], Candidate] = {}
    for candidate in sorted(candidates, key=lambda one: -one.strength):
        key = (candidate.service, candidate.kind, candidate.link)
        if key in best:
            kept = best[key]
            extra = tuple(finding for finding in candidate.findings if finding not in kept.findings)
            best[key] = replace(kept, findings=kept.findings + extra)
        else:
            best[key] = candidate
    return list(best.values())


def _rejected(findings: Sequence[Finding], named: tuple[Candidate, ...]) -> tuple[Rejected, ...]:
    blamed = {candidate.service for candidate in named}
    beginning = {
        finding.service for finding in findings if finding.signal in {"own_errors", "database_errors", "link_errors"}
    }
    rejected = [
        Rejected(
            service=finding.service,
            kind=FaultKind.BAD_VERSION,
            reason=f"{finding.summary}, but no failure or delay begins in it.",
        )
        for finding in findings
        if finding.signal == "deploy" and finding.service not in blamed
    ]
    seen: set[str] = set()
    for finding in findings:
        if finding.signal == "errors" and finding.service not in blamed | beginning | seen:
            seen.add(finding.service)
            rejected.append(
                Rejected(
                    service=finding.service,
                    kind=FaultKind.CODE_ERROR,
                    reason=f"{finding.summary}; these failures all begin in services that it calls.",
                )
            )
    return tuple(rejected)
