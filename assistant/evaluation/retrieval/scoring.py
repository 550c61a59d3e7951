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
        found: For questions with an answer: the measure of each way of comparing.
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


def score(trial: Trial, given: Iterable[Answer]) -> tuple[TrialScores, ...]:
    """Score a trial's answers, over all and for each form of question that is asked often enough.

    Raises:
        TooFewQueries: It has fewer than 20 questions.
    """
    if len(trial.queries) < LEAST_QUERIES:
        raise TooFewQueries(len(trial.queries), LEAST_QUERIES)
    by_id = {answer.id: answer for answer in given}
    pairs = [(query, by_id[query.id]) for query in trial.queries if query.id in by_id]
    forms = dict.fromkeys(query.form for query in trial.queries)
    found = [_scores(trial, ALL_FORMS, pairs)]
    if len(forms) > 1:
        for form in forms:
            some = [(query, answer) for query, answer in pairs if query.form == form]
            if len(some) >= LEAST_QUERIES:
                found.append(_scores(trial, form, some))
    return tuple(found)


def _scores(trial: Trial, form: str, pairs: Sequence[tuple[Query, Answer]]) -> TrialScores:
    measure = MEASURES[trial.measure]
    seen = [(query, answer) for query, answer in pairs if query.seen]
    ways = dict.fromkeys(way for _, answer in seen for way in answer.rankings)
    seconds = [answer.seconds for _, answer in pairs]
    return TrialScores(
        trial=trial.name,
        form=form,
        measure=trial.measure,
        found={
            way: _figure([measure(answer.rankings.get(way, ()), query.grades) for query, answer in seen])
            for way in ways
            if seen
        },
        refused_seen=_figure([float(answer.refused) for _, answer in seen]) if seen else None,
        refused_unseen=_figure(unseen)
        if (unseen := [float(answer.refused) for query, answer in pairs if not query.seen])
        else None,
        median_seconds=float(np.median(seconds)),
        p95_seconds=float(np.quantile(seconds, 0.95)),
    )


def _figure(values: Sequence[float]) -> Figure:
    mean, low, high = mean_with_interval(values)
    return Figure(mean=mean, low=low, high=high, queries=len(values))
