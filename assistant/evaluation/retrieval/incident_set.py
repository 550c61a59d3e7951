"""Labelled incidents as lists of alerts: are those of the same kind found, and the one on the same instance first?"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeAlias

from assistant.evaluation.errors import SetUnusable
from assistant.evaluation.retrieval.json_lines import read_objects, required
from assistant.evaluation.retrieval.trial import Query, Trial
from knowledge_base import (
    Entry,
    Question,
    ReviewStatus,
    names_of_alerts,
    signature_of_alerts,
    standing_out,
    symptoms_of_alerts,
)

SAME_KIND: Final = "same kind"
KIND_HELD_OUT: Final = "kind held out"
_HIDDEN_TITLE: Final = "incident"
KNOWN: Final = "train"
ASKED: Final = "test"
_LONG_AGO: Final = datetime(2020, 1, 1, tzinfo=UTC)
_SAME_PLACE, _SAME_KIND = 2, 1
_Rarity: TypeAlias = Callable[[str], float]
# Digits would be cut apart from letters, and a lone 5 is a word that alerts have.
_LETTERS: Final = str.maketrans("0123456789", "ghijklmnop")


def read_incident_set(path: Path) -> Trial:
    """Read incidents: those of the split `train` are known, and each of `test` is a question.

    Same kind on the same instance is grade 2, same kind elsewhere grade 1. The words of a kind reach neither questions
    nor what is searched: a kind is a label without meaning, as many alerts have words of kinds in their names. What
    people know of a known incident does reach its entry: that it has the same label as others, and the instance that it
    was on. Each question is also asked where no incident of its kind is known.

    Raises:
        SetUnusable: The file is missing or broken; the message names the line.
    """
    cases = list(read_objects(path))
    known = [one for one in cases if required(one, "split", str) == KNOWN]
    asked = [one for one in cases if one["split"] == ASKED]
    if not known or not asked:
        raise SetUnusable(path, f"should have cases of both splits, {KNOWN!r} and {ASKED!r}")
    return trial_of(path.stem, known=known, asked=asked)


def trial_of(name: str, *, known: Sequence[Mapping[str, Any]], asked: Sequence[Mapping[str, Any]]) -> Trial:
    """Make a trial of incidents that are known and incidents that are asked about, see `read_incident_set`."""
    rarities = _Rarities(known)
    return Trial(
        name=name,
        entries=tuple(_entry(one) for one in known),
        queries=tuple(query for one in asked for query in _queries(one, known, rarities)),
        measure="nDCG@5",
    )


def _entry(case: Mapping[str, Any]) -> Entry:
    alerts = required(case, "alerts", list)
    instance, kind = required(case, "instance", str), required(case, "kind", str)
    return Entry(
        id=required(case, "id", str),
        kind="incident",
        title=_HIDDEN_TITLE,
        symptoms=symptoms_of_alerts(alerts) or _HIDDEN_TITLE,
        services=(instance,),
        fault_kind=label_of(kind),
        signals=names_of_alerts(alerts),
        signature=signature_of_alerts(alerts, focus=instance),
        status=ReviewStatus.APPROVED,
        created_at=_LONG_AGO,
        updated_at=_LONG_AGO,
    )


def label_of(kind: str) -> str:
    """Give a label that stands for a kind and shares no word with it, nor with anything else."""
    return "kind" + hashlib.sha256(kind.encode()).hexdigest()[:12].translate(_LETTERS)


def _queries(case: Mapping[str, Any], known: Sequence[Mapping[str, Any]], rarities: _Rarities) -> Iterator[Query]:
    kind, instance = required(case, "kind", str), required(case, "instance", str)
    grades = {
        required(one, "id", str): _SAME_PLACE if one["instance"] == instance else _SAME_KIND
        for one in known
        if one["kind"] == kind
    }
    case_id = required(case, "id", str)
    yield Query(id=case_id, question=_question(case, rarities.of_all), grades=grades, form=SAME_KIND, seen=bool(grades))
    if grades:
        yield Query(
            id=f"{case_id}-unknown",
            question=_question(case, rarities.without(kind)),
            grades={},
            absent=frozenset(grades),
            form=KIND_HELD_OUT,
            seen=False,
        )


def _question(case: Mapping[str, Any], rarity: _Rarity) -> Question:
    """Ask with the alerts alone; where the trouble seems to be is made out from them and from what is known."""
    alerts = required(case, "alerts", list)
    focus = standing_out(alerts, rarity)
    return Question(
        text=symptoms_of_alerts(alerts),
        signals=names_of_alerts(alerts),
        signature=signature_of_alerts(alerts, focus=focus),
        services=(focus,) if focus else (),
    )


class _Rarities:
    """How rarely each sort of alert was seen among what is known, in nats."""

    def __init__(self, known: Sequence[Mapping[str, Any]]) -> None:
        self._cases = Counter(required(one, "kind", str) for one in known)
        self._seen = {kind: Counter[str]() for kind in self._cases}
        for one in known:
            self._seen[one["kind"]].update(names_of_alerts(required(one, "alerts", list)))
        self.of_all = self.without("")

    def without(self, kind: str) -> _Rarity:
        """Say it as if no incident of a kind were known."""
        others = [one for one in self._cases if one != kind]
        cases = sum(self._cases[one] for one in others)
        seen = sum((self._seen[one] for one in others), start=Counter[str]())
        return lambda name: math.log((cases + 1) / (seen[name] + 0.5))
