"""How alike an entry and what is happening now are, and the reasons in words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from knowledge_base.entry import Entry, Match

# The signature names no service, so it is what lets the same fault on another service come up first; the text is full
# of the service's name and pulls towards whatever else happened to that service. Hence the larger share.
SIGNATURE_WEIGHT: Final = 0.65
TEXT_WEIGHT: Final = 0.35

# Measured on four drills with the default model: nonsense reaches 0.13 by text and a terse question about the right
# entry 0.35; with signatures other faults of the same shop reach 0.46, and the same fault elsewhere 0.77.
LEAST_SCORE_OF_TEXT: Final = 0.25
LEAST_SCORE_WITH_SIGNATURES: Final = 0.5

# Under this a signal is named neither in a reason nor as something that moved.
_NAMED_STRENGTH: Final = 0.1
_NAMED_SIGNALS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is happening now, as far as it is known.

    Attributes:
        text: Symptoms in plain words; may be empty where there is a signature.
        signature: Feature name to strength in 0..1; empty where there is no recording.
        fault_kind: The suspected kind, None while there is none. Explains a match, and does not raise its score.
        services: Services concerned. As `fault_kind`.
        operations: Operations concerned. As `fault_kind`.
    """

    text: str
    signature: Mapping[str, float] = field(default_factory=dict)
    fault_kind: str | None = None
    services: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()


def searchable_text(entry: Entry) -> str:
    """Give the text of an entry that is embedded, what it is first and what helped last."""
    parts = (entry.title, entry.symptoms, entry.cause, entry.fix)
    return "\n".join(part for part in parts if part)


def signature_similarity(one: Mapping[str, float], other: Mapping[str, float]) -> float | None:
    """Give the cosine of two signatures, in 0..1; None where one of them says nothing."""
    length = math.hypot(*one.values()) * math.hypot(*other.values())
    if length == 0:
        return None
    product = math.fsum(strength * other[name] for name, strength in one.items() if name in other)
    return min(1.0, max(0.0, product / length))


def combined(text_similarity: float | None, of_signatures: float | None) -> float:
    """Give one score in 0..1 of what could be compared.

    Args:
        text_similarity: Cosine of the texts, in -1..1; None where nothing was asked in words.
        of_signatures: Cosine of the signatures, in 0..1; None where one of the two has none.
    """
    text = None if text_similarity is None else min(1.0, max(0.0, text_similarity))
    if text is None:
        return of_signatures or 0.0
    if of_signatures is None:
        return text
    return SIGNATURE_WEIGHT * of_signatures + TEXT_WEIGHT * text


def match(question: Question, entry: Entry, text_similarity: float | None) -> Match:
    """Compare what is asked with one entry.

    Args:
        question: What is happening now.
        entry: What is known.
        text_similarity: Cosine of their texts, in -1..1; None where nothing was asked in words.
    """
    of_signatures = signature_similarity(question.signature, entry.signature)
    return Match(
        entry=entry,
        score=combined(text_similarity, of_signatures),
        text_similarity=0.0 if text_similarity is None else text_similarity,
        signature_similarity=of_signatures,
        why=_reasons(question, entry, text_similarity),
    )


def is_alike(found: Match, minimum_score: float | None = None) -> bool:
    """Say whether a match is worth showing.

    Args:
        found: What was compared.
        minimum_score: Least score that counts, in 0..1; None for a bar that depends on what could be compared.
    """
    if minimum_score is None:
        by_text_alone = found.signature_similarity is None
        minimum_score = LEAST_SCORE_OF_TEXT if by_text_alone else LEAST_SCORE_WITH_SIGNATURES
    return found.score >= minimum_score


def _reasons(question: Question, entry: Entry, text_similarity: float | None) -> tuple[str, ...]:
    reasons = []
    if signals := _shared_signals(question.signature, entry.signature):
        reasons.append(f"the same signals moved: {', '.join(signals)}")
    if entry.fault_kind is not None and entry.fault_kind == question.fault_kind:
        reasons.append(f"the same fault kind is suspected: {entry.fault_kind}")
    if services := _shared(question.services, entry.services):
        reasons.append(f"the same services are concerned: {', '.join(services)}")
    if operations := _shared(question.operations, entry.operations):
        reasons.append(f"the same operations are concerned: {', '.join(operations)}")
    if text_similarity is not None and text_similarity >= LEAST_SCORE_OF_TEXT:
        reasons.append(f"the descriptions are alike ({text_similarity:.2f} of 1)")
    return tuple(reasons)


def _shared_signals(one: Mapping[str, float], other: Mapping[str, float]) -> list[str]:
    """Name what moved in both, by how strongly it did in the one where it moved less."""
    shared = {name: min(strength, other[name]) for name, strength in one.items() if name in other}
    strongest = sorted(shared, key=lambda name: (-shared[name], name))
    return [name for name in strongest if shared[name] >= _NAMED_STRENGTH][:_NAMED_SIGNALS]


def _shared(asked: tuple[str, ...], known: tuple[str, ...]) -> list[str]:
    return [name for name in dict.fromkeys(asked) if name in known]
