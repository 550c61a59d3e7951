"""One candidate for each service out of all that was seen of it: what is seen in several ways is surer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from assistant.diagnosis.causes import Candidate
from assistant.taxonomy import FaultKind

# What a further way of looking adds, as a share of what it would say alone: the ways are not independent.
_FURTHER: Final = 0.7
# The kind is that of the strongest candidate, unless one that says more is at least this strong beside it.
_SAYS_ENOUGH: Final = 0.5
# What says most about what to do: where it came from, then how requests fail, then what ran out, then where time goes.
_ORIGINS: Final = (FaultKind.REQUEST_FLOOD, FaultKind.BAD_VERSION, FaultKind.SERVICE_DOWN)
_LOOKS: Final = ("failures", "resources", "time")


def one_for_each_service(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Fold the candidates of each service into one, which keeps all their findings, the strongest first."""
    by_service: dict[str, list[Candidate]] = {}
    for one in sorted(candidates, key=lambda one: -one.strength):
        by_service.setdefault(one.service, []).append(one)
    return [_folded(mine) for mine in by_service.values()]


def _folded(mine: list[Candidate]) -> Candidate:
    """Fold the candidates of one service, strongest first."""
    chosen = min((one for one in mine if one.strength >= _SAYS_ENOUGH * mine[0].strength), key=_says)
    findings = chosen.findings
    doubt = 1 - mine[0].strength
    seen = {mine[0].look}
    for one in mine:
        findings += tuple(new for new in one.findings if not any(new is old for old in findings))
        if one.look not in seen:
            seen.add(one.look)
            doubt *= 1 - _FURTHER * one.strength
    return replace(chosen, strength=1 - doubt, findings=findings)


def _says(one: Candidate) -> tuple[int, float]:
    if one.kind in _ORIGINS:
        return 0, -one.strength
    return 1 + (_LOOKS.index(one.look) if one.look in _LOOKS else len(_LOOKS)), -one.strength
