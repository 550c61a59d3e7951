"""Why an entry was found: which words, which signals, which labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from knowledge_base.entry import Entry
from knowledge_base.search.question import Question

# Under this a signal is not named as something that moved.
_NAMED_STRENGTH: Final = 0.1
_NAMED: Final = 5
_READS_ALIKE: Final = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Reasons:
    """What a question and an entry have in common, and the same in sentences."""

    words: tuple[str, ...]
    signals: tuple[str, ...]
    labels: tuple[str, ...]
    sentences: tuple[str, ...]


def reasons(
    question: Question, entry: Entry, *, words: Sequence[str], meaning: float | None, feedback: float
) -> Reasons:
    """Say why an entry answers a question.

    Args:
        question: What was asked.
        entry: What was found.
        words: Words of the question that the entry has, the rarest first.
        meaning: Cosine of meaning, None where no words were asked.
        feedback: Factor of people's feedback on its score.
    """
    signals = _shared_signals(question.signature, entry.signature)
    labels = tuple(_shared_labels(question, entry))
    sentences = []
    if signals:
        sentences.append(f"the same signals moved: {', '.join(signals)}")
    sentences += [f"the same {label}" for label in labels]
    if words:
        sentences.append(f"it has the words: {', '.join(words[:_NAMED])}")
    if meaning is not None and meaning >= _READS_ALIKE:
        sentences.append(f"it reads alike ({meaning:.2f} of 1)")
    if feedback < 1:
        sentences.append(f"people were misled by it before, so its score counts {feedback:.0%}")
    return Reasons(words=tuple(words[:_NAMED]), signals=signals, labels=labels, sentences=tuple(sentences))


def _shared_signals(one: Mapping[str, float], other: Mapping[str, float]) -> tuple[str, ...]:
    """Name what moved in both, by how strongly it did in the one where it moved less."""
    shared = {name: min(strength, other[name]) for name, strength in one.items() if name in other}
    strongest = sorted(shared, key=lambda name: (-shared[name], name))
    return tuple(name for name in strongest if shared[name] >= _NAMED_STRENGTH)[:_NAMED]


def _shared_labels(question: Question, entry: Entry) -> list[str]:
    kind = [f"fault kind {entry.fault_kind}"] if entry.fault_kind and entry.fault_kind == question.fault_kind else []
    services = [f"service {name}" for name in dict.fromkeys(question.services) if name in entry.services]
    operations = [f"operation {name}" for name in dict.fromkeys(question.operations) if name in entry.operations]
    return [*kind, *services, *operations]
