"""How sure it is that an entry is like what is asked about, from how alike they are in each way."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.floating]
Flags = npt.NDArray[np.bool_]

ALIKE: Final = 0.5
"""From this relevance on an entry counts as alike."""

# Round figures of the weights that cross-validation on labelled questions gave, see docs/retrieval.md.
_BODY, _HEAD, _MEANING = 2.0, 1.0, 1.5
# Held-out questions with an answer lie above these, but for one in twenty by text and one in thirty by signature.
_LEAST_TEXT: Final = 1.2
_LEAST_SIGNATURE: Final = 0.85
_SLOPE_OF_TEXT: Final = 2.2
_SLOPE_OF_SIGNATURE: Final = 20.0
# What a like entry usually has of these; they move the bar up and down around the one of the signature.
_KIND, USUAL_KIND = 0.5, 0.8
_SIGNALS, USUAL_SIGNALS = 4.0, 0.04
# Little, so that the better ones of those stay before the others.
_JUST_ALIKE: Final = 0.1


def text_score(body: Numbers, head: Numbers, meaning: Numbers) -> Numbers:
    """Add up how alike texts are.

    Args:
        body: BM25 of everything an entry says, relative to what the question's words are worth, about 0..0.4.
        head: The same of its title and symptoms alone.
        meaning: Cosine of meaning, in -1..1.
    """
    found: Numbers = _BODY * body + _HEAD * head + _MEANING * meaning
    return found


def relevance(
    text: Numbers, named: Flags, signature: Numbers, kind: Numbers | None, signals: Numbers | None
) -> Numbers:
    """Give how sure it is that each is alike, in 0..1.

    Where both the question and the entry have a signature it decides: it names no service, so the same fault elsewhere
    looks the same, while texts of different faults of one service read alike.

    Args:
        text: As `text_score` gives it.
        named: Whether a text has every word of the question: who searches for one word wants to see what has it.
        signature: Cosine of signatures in 0..1; NaN where one of the two has none.
        kind: Cosine of signatures as known kinds differ in them, in -1..1; None where too few kinds are known.
        signals: BM25 of the names of the signals that moved, relative to the most the question could reach; None where
            the question names none.
    """
    alike = signature - _LEAST_SIGNATURE
    if kind is not None:
        alike = alike + _KIND * (kind - USUAL_KIND)
    if signals is not None:
        alike = alike + _SIGNALS * (signals - USUAL_SIGNALS)
    by_text = _SLOPE_OF_TEXT * (text - _LEAST_TEXT)
    by_text = np.where(named, np.maximum(by_text, _JUST_ALIKE * text), by_text)
    by_signature = _SLOPE_OF_SIGNATURE * alike
    found: Numbers = 1 / (1 + np.exp(-np.where(np.isnan(signature), by_text, by_signature)))
    return found
