"""The figures of a whole run: overall, of each set, and of each fault kind in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.evaluation.judging import Case, judge
from assistant.evaluation.lines import Line
from assistant.evaluation.sets import RecordingSet
from assistant.evaluation.summaries import Summary, summarise
from assistant.evaluation.truth import TruthOfSet


@dataclass(frozen=True, slots=True, kw_only=True)
class SetScores:
    """The figures of a set, and of each fault kind in it, kinds in the words of its source."""

    summary: Summary
    kinds: Mapping[str, Summary]

    def as_json(self) -> dict[str, Any]:
        """Give the figures as plain data."""
        return {**self.summary.as_json(), "kinds": {kind: one.as_json() for kind, one in self.kinds.items()}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """The figures of a run over sets."""

    overall: Summary
    sets: Mapping[str, SetScores]

    def as_json(self) -> dict[str, Any]:
        """Give the figures as plain data."""
        return {"overall": self.overall.as_json(), "sets": {name: one.as_json() for name, one in self.sets.items()}}


def score(sets: Sequence[RecordingSet], truths: Mapping[str, TruthOfSet], lines: Sequence[Line]) -> Scores:
    """Judge the lines of a run with the truth of each set, by the set's name."""
    judged = {one.name: judge(one, truths[one.name], lines) for one in sets}
    return Scores(
        overall=summarise([case for cases in judged.values() for case in cases]),
        sets={name: _of_set(cases) for name, cases in judged.items()},
    )


def _of_set(cases: Sequence[Case]) -> SetScores:
    faults = [case for case in cases if case.fault]
    kinds = sorted({case.true_kind for case in faults if case.true_kind is not None})
    of_kinds = {kind: summarise([case for case in faults if case.true_kind == kind]) for kind in kinds}
    return SetScores(summary=summarise(cases), kinds=of_kinds)
