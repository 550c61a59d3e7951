"""Measures of one ranking, their means, and the refusal to say anything of a few."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score

from assistant.evaluation.errors import TooFewQueries
from assistant.evaluation.retrieval import Answer, Query, Trial, pool, score
from assistant.evaluation.retrieval.measures import mean_with_interval, ndcg, recall, reciprocal_rank
from knowledge_base import Question

NEVER = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ranking", "expected"),
    [("abc", 1.0), ("bac", 0.5), ("bcdefghija", 0.1), ("bcdefghijka", 0.0), ("", 0.0)],
)
def test_the_reciprocal_rank_looks_at_the_first_ten(ranking: str, expected: float) -> None:
    assert reciprocal_rank(list(ranking), {"a"}) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("ranking", "at", "expected"),
    [("abc", 1, 1.0), ("xab", 1, 0.0), ("axb", 3, 2 / 3), ("abc", 2, 1.0), ("", 1, 0.0)],
)
def test_recall_is_the_share_of_places_that_could_be_filled(ranking: str, at: int, expected: float) -> None:
    assert recall(list(ranking), {"a", "b", "c"}, at=at) == pytest.approx(expected)


def test_recall_of_nothing_is_nothing() -> None:
    assert recall(["a"], set(), at=1) == 0.0


@given(
    st.lists(st.integers(0, 2), min_size=2, max_size=12)
    .filter(any)
    .flatmap(lambda grades: st.tuples(st.just(grades), st.permutations(range(len(grades)))))
)
def test_ndcg_is_what_another_library_gives(case: tuple[list[int], list[int]]) -> None:
    grades, order = case
    gains = [[2**grade - 1 for grade in grades]]
    places = [[-order.index(number) for number in range(len(grades))]]
    named = {str(number): grade for number, grade in enumerate(grades) if grade}
    assert ndcg([str(number) for number in order], named, at=5) == pytest.approx(ndcg_score(gains, places, k=5))


def test_an_interval_holds_the_mean_and_narrows_with_more() -> None:
    few, many = [0.0, 1.0] * 10, [0.0, 1.0] * 1000
    mean, low, high = mean_with_interval(few)
    assert low < mean == 0.5 < high
    _, closer, nearer = mean_with_interval(many)
    assert low < closer < nearer < high
    assert mean_with_interval(few) == mean_with_interval(few)
    assert mean_with_interval([1.0] * 20) == (1.0, 1.0, 1.0)
    with pytest.raises(ValueError, match="no mean of nothing"):
        mean_with_interval([])


def trial(name: str, *, seen: int, unseen: int = 0, forms: Sequence[str] = ("",), measure: str = "MRR@10") -> Trial:
    queries = [
        Query(id=f"q-{n}", question=Question(text="t"), grades={"right": 1} if n < seen else {}, seen=n < seen,
              form=forms[n % len(forms)])
        for n in range(seen + unseen)
    ]  # fmt: skip
    return Trial(name=name, entries=(), queries=tuple(queries), measure=measure)


def answers_to(one: Trial, rankings: Mapping[str, tuple[str, ...]], *, refused: bool = False) -> list[Answer]:
    return [
        Answer(
            trial=one.name,
            id=query.id,
            form=query.form,
            seen=query.seen,
            rankings=rankings,
            score=0.7,
            refused=refused or not query.seen,
            seconds=n / 100,
        )
        for n, query in enumerate(one.queries)
    ]


def test_each_way_of_comparing_has_its_figure_and_refusals_are_told_apart() -> None:
    one = trial("one", seen=20, unseen=25)
    (found,) = score(one, answers_to(one, {"words": ("x", "right"), "reranked": ("right",)}))
    assert {way: (figure.mean, figure.queries) for way, figure in found.found.items()} == {
        "words": (0.5, 20),
        "reranked": (1.0, 20),
    }
    assert found.refused_seen is not None
    assert found.refused_unseen is not None
    assert (found.refused_seen.mean, found.refused_unseen.mean, found.refused_unseen.queries) == (0.0, 1.0, 25)
    assert found.median_seconds == pytest.approx(0.22)
    assert math.isclose(found.p95_seconds, 0.418)


def test_nineteen_questions_give_no_table_whatever_else_is_asked() -> None:
    one = trial("one", seen=19, unseen=100)
    with pytest.raises(TooFewQueries, match=r"19 queries are too few .* give sets with 20 or more"):
        score(one, answers_to(one, {"words": ("right",)}))
    with pytest.raises(TooFewQueries):
        pool([one, trial("two", seen=50)], [])


def test_no_figure_is_made_of_nineteen() -> None:
    one = trial("one", seen=20, unseen=19)
    (found,) = score(one, answers_to(one, {"words": ("right",)}))
    assert found.refused_unseen is None
    assert found.refused_seen is not None


def test_forms_are_told_apart_where_each_is_asked_often_enough() -> None:
    one = trial("one", seen=45, forms=("name", "name", "description"))
    assert [(found.form, found.found["words"].queries) for found in score(one, answers_to(one, {"words": ()}))] == [
        ("all", 45),
        ("name", 30),
    ]


def test_sets_of_one_measure_are_pooled_and_each_keeps_its_answers() -> None:
    one, two = trial("one", seen=20), trial("two", seen=60)
    other = trial("other", seen=30, measure="recall@1")
    given = [*answers_to(one, {"words": ("right",)}), *answers_to(two, {"words": ("wrong",)}, refused=True)]
    (found,) = pool([one, other, two], [*given, *answers_to(other, {"words": ("right",)})])
    assert (found.trial, found.measure, found.form) == ("one+two", "MRR@10", "all")
    assert (found.found["words"].mean, found.found["words"].queries) == (0.25, 80)
    assert found.refused_seen is not None
    assert found.refused_seen.mean == 0.75
    assert pool([one, other], given) == ()
