"""From answers to figures, with the interval of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import numpy as np
from pydantic import BaseModel, ConfigDict

from assistant.evaluation.errors import TooFewQueries
from assistant.evaluation.retrieval.measures import mean_with_interval, ndcg, recall, reciprocal_rank
from assistant.evaluation.retrieval.running import Answer
from assistant.evaluation.retrieval.trial import Query, Trial

LEAST_QUERIES: Final = 20
ALL_FORMS: Final = "all"

_Measure = Callable[[Sequence[str], Mapping[str, int]], float]
MEASURES: Final[Mapping[str, _Measure]] = {
    "MRR@10": lambda ranking, grades: reciprocal_rank(ranking, grades, at=10),
    "nDCG@5": lambda ranking, grades: ndcg(ranking, grades, at=5),
    "recall@1": lambda ranking, grades: recall(ranking, grades, at=1),
}


class Figure(BaseModel):
    """A mean over queries, and its 95 % interval by bootstrap."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mean: float
    low: float
    high: float
    queries: int


class TrialScores(BaseModel):
    """How well a trial's questions of one form were answered.

    Attributes:
        trial: Name of the trial.
        form: Sort of question, or all of them.
        measure: What `found` is.
        found: For questions with an answer: the measure of each way of comparing. As everywhere here, there is no
            figure of fewer than 20 questions.
        refused_seen: Share of questions with an answer that were told that nothing is similar: false refusals.
        refused_unseen: Share of questions without an answer that were told so, rightly.
        median_seconds: Time to the results.
        p95_seconds: Time within which 95 % had them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    trial: str
    form: str
    measure: str
    found: Mapping[str, Figure]
    refused_seen: Figure | None
    refused_unseen: Figure | None
    median_seconds: float
    p95_seconds: float


def check_enough(trial: Trial) -> None:
    """Refuse what is too small for a table.

    Raises:
        TooFewQueries: Fewer than 20 of a trial's questions have an answer.
    """
    count = sum(query.seen for query in trial.queries)
    if count < LEAST_QUERIES:
        raise TooFewQueries(count, LEAST_QUERIES)


def score(trial: Trial, given: Iterable[Answer]) -> tuple[TrialScores, ...]:
    """Score a trial's answers, over all and for each form of question that is asked often enough.

    Raises:
        TooFewQueries: Fewer than 20 of its questions have an answer.
    """
    check_enough(trial)
    pairs = _pairs(trial, given)
    forms = dict.fromkeys(query.form for query in trial.queries if query.seen)
    found = [_scores(trial.name, ALL_FORMS, trial.measure, pairs)]
    if len(forms) > 1:
        for form in forms:
            some = [(query, answer) for query, answer in pairs if query.form == form]
            if sum(query.seen for query, _ in some) >= LEAST_QUERIES:
                found.append(_scores(trial.name, form, trial.measure, some))
    return tuple(found)


def pool(trials: Sequence[Trial], given: Iterable[Answer]) -> tuple[TrialScores, ...]:
    """Score trials of the same measure as one, where there are several; each question counts the same.

    Raises:
        TooFewQueries: As for `score`.
    """
    answered = list(given)
    found = []
    for measure in dict.fromkeys(trial.measure for trial in trials):
        some = [trial for trial in trials if trial.measure == measure]
        if len(some) < 2:
            continue
        for trial in some:
            check_enough(trial)
        pairs = [pair for trial in some for pair in _pairs(trial, answered)]
        found.append(_scores("+".join(trial.name for trial in some), ALL_FORMS, measure, pairs))
    return tuple(found)


def _pairs(trial: Trial, given: Iterable[Answer]) -> list[tuple[Query, Answer]]:
    by_id = {answer.id: answer for answer in given if answer.trial == trial.name}
    return [(query, by_id[query.id]) for query in trial.queries if query.id in by_id]


def _scores(name: str, form: str, measure: str, pairs: Sequence[tuple[Query, Answer]]) -> TrialScores:
    of_one = MEASURES[measure]
    seen = [(query, answer) for query, answer in pairs if query.seen]
    ways = dict.fromkeys(way for _, answer in seen for way in answer.rankings)
    seconds = [answer.seconds for _, answer in pairs]
    found = {
        way: _figure([of_one(answer.rankings.get(way, ()), query.grades) for query, answer in seen]) for way in ways
    }
    return TrialScores(
        trial=name,
        form=form,
        measure=measure,
        found={way: figure for way, figure in found.items() if figure is not None},
        refused_seen=_figure([float(answer.refused) for _, answer in seen]),
        refused_unseen=_figure([float(answer.refused) for query, answer in pairs if not query.seen]),
        median_seconds=float(np.median(seconds)),
        p95_seconds=float(np.quantile(seconds, 0.95)),
    )


def _figure(values: Sequence[float]) -> Figure | None:
    """Give the mean; None where it would be of so few that it says nothing."""
    if len(values) < LEAST_QUERIES:
        return None
    mean, low, high = mean_with_interval(values)
    return Figure(mean=mean, low=low, high=high, queries=len(values))
