"""How right a named kind is when the truth is told in the words of its source."""

from __future__ import annotations

from typing import Final

from assistant.taxonomy.classes import CLASSES, FaultClass
from assistant.taxonomy.kinds import FaultKind
from assistant.taxonomy.words import classify

# Where the fault lies decides who is called and what is looked at first, so it counts as much as the rest together.
_COMPONENT_WEIGHT: Final = 2
_FAILURE_WEIGHT: Final = 1
_MECHANISM_WEIGHT: Final = 1
_ANOTHER_KIND: Final = 0.5


def kind_credit(named: FaultKind, truth_word: str) -> float | None:
    """Say how right a kind is, in 0..1; None where the word of the truth is not known.

    1 for the kind that the word means. For another kind, half of the share of what the word says that fits. A word that
    means no kind, such as `latency`, is matched in full on the parts that it says.
    """
    truth = classify(truth_word)
    if truth is None:
        return None
    if truth.kind is named:
        return 1.0
    share = _share_that_fits(CLASSES[named], truth)
    return share if truth.kind is None else _ANOTHER_KIND * share


def _share_that_fits(named: FaultClass, truth: FaultClass) -> float:
    parts: tuple[tuple[int, frozenset[str], frozenset[str]], ...] = (
        (_COMPONENT_WEIGHT, frozenset(named.components), frozenset(truth.components)),
        (_FAILURE_WEIGHT, frozenset(named.failures), frozenset(truth.failures)),
        (_MECHANISM_WEIGHT, frozenset(named.mechanisms), frozenset(truth.mechanisms)),
    )
    said = sum(weight for weight, _, true in parts if true)
    fits = sum(weight for weight, names, true in parts if names & true)
    return fits / said
