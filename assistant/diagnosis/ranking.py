"""From findings to ranked causes: what explains what away, and how sure that makes us.

A candidate's odds are `s / (1 - s)` for its strength `s`; with the odds that it is something else they are scaled to
probabilities, which are then calibrated (see `calibration`). The numbers here are judgements, not fits; they are named
so that they can be questioned.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from assistant.diagnosis.calibration import calibrated
from assistant.diagnosis.causes import (
    Candidate,
    from_executions,
    from_failures,
    from_leads,
    from_readings,
    from_slowness,
    from_surges,
)
from assistant.diagnosis.finding import Finding
from assistant.diagnosis.merging import one_for_each_service
from assistant.diagnosis.rejections import rejected_causes
from assistant.diagnosis.values import Rejected

# Odds that the cause is none of the candidates: about 1 in 7 against a candidate of strength 0.7.
_ODDS_OF_NONE: Final = 0.35
# Below this no candidate is worth naming, and half of it is too little to be named beside another.
_WEAKEST_NAMED: Final = 0.3
_WEAKEST_BESIDE: Final = 0.125
_MOST_NAMED: Final = 5
_STRONGEST: Final = 0.97
# From here on requests are hurt: they fail, or take clearly longer.
_HARM: Final = 0.3
# A surge this clear explains failures and slowness elsewhere: they are what overload looks like.
_CLEAR_SURGE: Final = 0.6
_LEFT_AFTER_SURGE: Final = 0.25
# A surge that hurts nobody is worth telling, but it is not trouble yet.
_LEFT_OF_HARMLESS_SURGE: Final = 0.35
# Failing requests also take longer or shorter. Slowness is a symptom of failures that are about as many;
# three failures among a thousand slow requests explain nothing.
_LEFT_AFTER_FAILURES: Final = 0.25
_AS_MANY: Final = 0.3


@dataclass(frozen=True)
class Ranking:
    """Candidates with their probabilities, likeliest first; what remains is `none_probability`."""

    candidates: tuple[tuple[Candidate, float], ...]
    none_probability: float
    rejected: tuple[Rejected, ...]


def rank(findings: Sequence[Finding], calls: Collection[tuple[str, str]] = (), *, watched: bool = True) -> Ranking:
    """Weigh all findings against each other.

    Args:
        findings: Of all parts.
        calls: The known ones, as `(caller, callee)`.
        watched: Whether requests were recorded, so that harm would be seen.
    """
    deploys = {finding.service: finding for finding in findings if finding.signal == "deploy"}
    failures, slow = from_failures(findings, deploys), from_slowness(findings, deploys)
    changed, readings = from_executions(findings, deploys, calls), from_readings(findings, deploys, watched=watched)
    surges = from_surges(findings)
    # A way through the code that is new hurts somebody too, but more requests do not make it.
    harm = _strongest([*failures, *slow])
    inside = [*failures, *changed, *_unexplained_by_failures(slow, failures), *readings]
    if harm < _HARM:
        surges = [surge.weakened(_LEFT_OF_HARMLESS_SURGE) for surge in surges]
    elif _strongest(surges) >= _CLEAR_SURGE:
        inside = [one.weakened(_LEFT_AFTER_SURGE) for one in inside]
    candidates = [*inside, *surges]
    if _strongest(candidates) < _WEAKEST_NAMED:
        candidates += from_leads(findings, calls)
    named = _with_probabilities(one_for_each_service(candidates))
    blamed = {one.service for one, _ in named}
    left = max(0.0, round(1 - sum(probability for _, probability in named), 4))
    return Ranking(named, left, rejected_causes(findings, blamed))


def _unexplained_by_failures(slow: list[Candidate], failures: list[Candidate]) -> list[Candidate]:
    if _strongest(failures) < _HARM:
        return slow
    failing = sum(one.findings[0].affected for one in failures)
    return [
        one.weakened(_LEFT_AFTER_FAILURES) if failing >= _AS_MANY * one.findings[0].affected else one for one in slow
    ]


def _with_probabilities(candidates: Sequence[Candidate]) -> tuple[tuple[Candidate, float], ...]:
    if _strongest(candidates) < _WEAKEST_NAMED:
        return ()
    likely = [one for one in candidates if one.strength >= _WEAKEST_BESIDE]
    odds = [strength / (1 - strength) for strength in (min(one.strength, _STRONGEST) for one in likely)]
    total = sum(odds) + _ODDS_OF_NONE
    ranked = sorted(zip(likely, odds, strict=True), key=lambda pair: -pair[1])[:_MOST_NAMED]
    probabilities = calibrated([its_odds / total for _, its_odds in ranked])
    return tuple((one, round(its, 4)) for (one, _), its in zip(ranked, probabilities, strict=True))


def _strongest(candidates: Iterable[Candidate]) -> float:
    return max((one.strength for one in candidates), default=0.0)
