"""Each recording's result next to what is true."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from assistant.evaluation.lines import Line
from assistant.evaluation.sets import RecordingSet
from assistant.evaluation.truth import Truth, TruthOfSet
from assistant.taxonomy import FaultKind, kind_credit


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """How a recording was judged.

    Attributes:
        set_name: Its set.
        id: The recording.
        fault: Whether anything was the matter.
        true_kind: The fault's class in the words of its source, where known.
        rank: Place of the true service, counted from 1; None where it was not named, or there was no fault.
        abstained: Whether no cause was named.
        missing: Whether there is no result, or only an error.
        kind_right: Whether the kind named is the truth's very word; None where none was named, or there was no fault.
        kind_credit: How right the kind named is, in 0..1; None as well where the truth's word is not known.
        probability: That of the likeliest cause, in 0..1; None where none was named.
        seconds: Time it took; None where it is not known.
    """

    set_name: str
    id: str
    fault: bool
    true_kind: str | None = None
    rank: int | None = None
    abstained: bool = False
    missing: bool = False
    kind_right: bool | None = None
    kind_credit: float | None = None
    probability: float | None = None
    seconds: float | None = None

    @property
    def named_right(self) -> bool:
        """Whether the likeliest cause lay in the true service; never on a quiet recording."""
        return self.rank == 1


def credit_for_kind(named: str, true: str | None) -> float | None:
    """Say how right a kind is, in 0..1, by the rules of `docs/taxonomy.md`; None where either word is not known."""
    if true is None or named not in set(FaultKind):
        return None
    return kind_credit(FaultKind(named), true)


def judge(one: RecordingSet, truth: TruthOfSet, lines: Iterable[Line]) -> tuple[Case, ...]:
    """Judge the results of a set.

    What the truth speaks of and no line does is missing, unless only some recordings of the set were asked for. What
    only a line speaks of cannot be judged and is left out.
    """
    given = {line.id: line for line in lines if line.set_name == one.name}
    asked = {stored.id for stored in one.recordings}
    spoken_of = [known for known in truth.recordings if one.whole or known.id in asked]
    return tuple(_case(one.name, known, given.get(known.id), truth) for known in spoken_of)


def _case(set_name: str, known: Truth, line: Line | None, truth: TruthOfSet) -> Case:
    if line is None or line.error is not None:
        return Case(set_name=set_name, id=known.id, fault=known.fault, true_kind=known.kind, missing=True)
    named = line.kind if known.fault else None
    rank = None
    if known.service is not None and known.fault and not line.abstained:
        rank = _rank(truth.same(known.service), [truth.same(service) for service in line.ranking])
    return Case(
        set_name=set_name,
        id=known.id,
        fault=known.fault,
        true_kind=known.kind,
        rank=rank,
        abstained=line.abstained,
        kind_right=None if named is None else named == known.kind,
        kind_credit=None if named is None else credit_for_kind(named, known.kind),
        probability=None if line.abstained else line.probability,
        seconds=line.seconds,
    )


def _rank(service: str, ranking: Sequence[str]) -> int | None:
    places = list(dict.fromkeys(ranking))
    return places.index(service) + 1 if service in places else None
