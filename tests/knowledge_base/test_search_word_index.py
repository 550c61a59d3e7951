import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge_base.search.word_index import MOST_OF_A_TERM, WordIndex

K1, B = 1.5, 0.75
WORDS = st.sampled_from([f"w{number}" for number in range(12)])
TEXTS = st.lists(st.lists(WORDS, max_size=15), min_size=1, max_size=25)


def filled(*batches: Sequence[Sequence[str]]) -> WordIndex:
    index = WordIndex()
    for texts in batches:
        index.add(texts)
    return index


def scores(index: WordIndex, asked: Sequence[str]) -> list[float]:
    found: list[float] = index.scores(index.numbers(asked)).tolist()
    return found


def slow_bm25(texts: Sequence[Sequence[str]], asked: Sequence[str]) -> list[float]:
    mean_length = sum(map(len, texts)) / len(texts)
    found = []
    for text in texts:
        counts, score = Counter(text), 0.0
        for term in set(asked):
            having = sum(term in other for other in texts)
            rarity = math.log(1 + (len(texts) - having + 0.5) / (having + 0.5))
            if counts[term]:
                score += rarity * counts[term] / (counts[term] + K1 * (1 - B + B * len(text) / mean_length))
        found.append(score)
    return found


@given(TEXTS, st.lists(WORDS, max_size=6))
@settings(max_examples=60, deadline=None)
def test_scores_are_those_of_bm25(texts: list[list[str]], asked: list[str]) -> None:
    assert scores(filled(texts), asked) == pytest.approx(slow_bm25(texts, asked), abs=1e-4)


@given(TEXTS, TEXTS, st.lists(WORDS, max_size=6))
@settings(max_examples=40, deadline=None)
def test_what_came_bit_by_bit_scores_as_what_came_at_once(
    first: list[list[str]], second: list[list[str]], asked: list[str]
) -> None:
    index = filled(first)
    scores(index, asked)  # Made once before the rest comes.
    index.add(second)
    assert scores(index, asked) == pytest.approx(scores(filled([*first, *second]), asked), abs=1e-5)


def test_a_few_new_texts_beside_many_score_nearly_as_if_all_were_made_anew() -> None:
    random = np.random.default_rng(5)
    texts = [[f"w{number}" for number in random.zipf(1.3, size=30) if number < 500] for _ in range(2700)]
    asked = ["w1", "w7", "w40", "w333"]
    index = filled(texts[:2500])
    scores(index, asked)
    index.add(texts[2500:])
    whole = filled(texts)
    assert scores(index, asked) == pytest.approx(scores(whole, asked), rel=0.05, abs=0.02)
    best = np.argsort(scores(index, asked))[-10:]
    assert len(set(best.tolist()) & set(np.argsort(scores(whole, asked))[-10:].tolist())) >= 8


def test_a_term_that_only_new_texts_have_is_found_beside_many() -> None:
    index = filled([["common", f"w{number}"] for number in range(2100)])
    scores(index, ["common"])
    index.add([["common", "neverseen"]])
    found = scores(index, ["neverseen", "w3"])
    assert [row for row, score in enumerate(found) if score > 0] == [3, 2100]
    # As rare as the other, and of a text as long.
    assert found[2100] == pytest.approx(found[3], rel=0.1)


def test_texts_without_any_term_score_nothing() -> None:
    assert scores(filled([[], []]), ["orders"]) == [0.0, 0.0]
    assert scores(filled([[], ["orders"]]), []) == [0.0, 0.0]
    assert scores(filled([["orders"]]), ["payments"]) == [0.0]
    assert scores(filled(), ["orders"]) == []


def test_a_score_stays_under_what_the_terms_of_a_question_can_reach() -> None:
    index = filled([["orders"] * 500, ["payments"], ["gateway"] * 2])
    numbers = index.numbers(["orders", "gateway"])
    assert max(scores(index, ["orders", "gateway"])) < index.rarity(numbers).sum() * MOST_OF_A_TERM


def test_a_term_is_rarer_the_fewer_have_it_and_rarest_where_none_has() -> None:
    index = filled([["orders", "pod"], ["orders"], ["orders", "pod"], ["disk"]])
    rarity = index.rarity(index.numbers(["orders", "pod", "disk"])).tolist()
    assert rarity == sorted(rarity)
    assert rarity[-1] < index.rarity_of_unknown


def test_shared_terms_are_named_the_rarest_first() -> None:
    index = filled([["orders", "pod", "disk"], ["orders", "pod"], ["orders"]])
    asked = index.numbers(["orders", "disk", "pod", "nothing"])
    assert index.shared(asked, 0) == ["disk", "pod", "orders"]
    assert index.shared(asked, 2) == ["orders"]


@given(TEXTS, st.lists(WORDS, max_size=4))
@settings(max_examples=40, deadline=None)
def test_having_every_term_means_each_of_them(texts: list[list[str]], asked: list[str]) -> None:
    rows = np.arange(len(texts))
    expected = [bool(asked) and set(asked) <= set(text) for text in texts]
    assert filled(texts).has_all(asked, rows).tolist() == expected
