from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.review.feedback import feedback_factor
from knowledge_base.review.values import FeedbackCounts

NUMBERS = st.integers(0, 10**9)
COUNTS = st.builds(FeedbackCounts, shown=NUMBERS, opened=NUMBERS, helped=NUMBERS, wrong=NUMBERS)


@given(COUNTS)
def test_the_factor_is_over_zero_and_at_most_one(counts: FeedbackCounts) -> None:
    assert 0 < feedback_factor(counts) <= 1


@given(NUMBERS, NUMBERS)
def test_what_nobody_judged_keeps_its_score_however_often_it_was_shown_and_opened(shown: int, opened: int) -> None:
    assert feedback_factor(FeedbackCounts(shown=shown, opened=opened)) == 1


@given(COUNTS)
def test_one_more_wrong_never_lifts_and_one_more_help_never_lowers(counts: FeedbackCounts) -> None:
    factor = feedback_factor(counts)
    assert feedback_factor(counts.model_copy(update={"wrong": counts.wrong + 1})) <= factor
    assert feedback_factor(counts.model_copy(update={"helped": counts.helped + 1})) >= factor


@given(COUNTS, NUMBERS, NUMBERS)
def test_showing_and_opening_change_nothing(counts: FeedbackCounts, shown: int, opened: int) -> None:
    other = counts.model_copy(update={"shown": shown, "opened": opened})
    assert feedback_factor(other) == feedback_factor(counts)


@given(st.integers(0, 10**6))
def test_three_helps_make_good_for_each_wrong(wrong: int) -> None:
    assert feedback_factor(FeedbackCounts(helped=3 * wrong, wrong=wrong)) == pytest.approx(1)


@pytest.mark.parametrize(("wrong", "factor"), [(1, 0.8), (2, 2 / 3), (3, 4 / 7), (12, 0.25)])
def test_an_entry_that_misleads_sinks_step_by_step(wrong: int, factor: float) -> None:
    assert feedback_factor(FeedbackCounts(wrong=wrong)) == pytest.approx(factor)
