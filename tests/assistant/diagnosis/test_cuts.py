"""Since which moment something rose most clearly, without trusting when the alert came."""

import numpy as np
import pandas as pd
import pytest
from made_up_system import header, moment, stretch

from assistant.diagnosis.case import open_case
from assistant.diagnosis.cuts import clearest_cut, counts_since, cuts_of, lasts, phases_of
from telemetry import Alert, Recording


def cuts_at(*seconds: float) -> pd.DatetimeIndex:
    return pd.DatetimeIndex([moment(second) for second in seconds])


@pytest.mark.parametrize(
    ("baseline_end", "alert", "expected"),
    [
        (400, 460, [400, 415, 430, 445, 460]),
        (400, 430, [400, 415, 430]),
        (100, 400, [220 + 15 * step for step in range(13)]),  # An alarm is at most three minutes late.
    ],
)
def test_the_trouble_may_have_begun_from_the_end_of_the_baseline_to_the_alert(
    baseline_end: float, alert: float, expected: list[float]
) -> None:
    asked = header(baseline=(stretch(0, baseline_end),), alert=Alert(at=moment(alert)))
    assert list(cuts_of(open_case(Recording(asked)))) == [pd.Timestamp(moment(second)) for second in expected]


def test_a_time_counts_for_the_cuts_that_it_does_not_lie_before() -> None:
    times = pd.Series([moment(second) for second in (9.9, 10, 19.9, 20, 99, 25)])
    before = np.array([False, False, False, False, False, True])
    assert phases_of(times, before, cuts_at(10, 20)).tolist() == [0, 1, 1, 2, 2, 0]


def test_rows_are_counted_since_each_cut_and_those_before_the_first_never() -> None:
    group, phase = np.array([0, 0, 0, 2, 2, 2]), np.array([1, 3, 0, 3, 3, 2])
    assert counts_since(group, phase, 3, 3).tolist() == [[2, 1, 1], [0, 0, 0], [3, 3, 2]]


def test_weights_are_added_up_instead_of_rows() -> None:
    group, phase = np.array([0, 1, 1]), np.array([1, 2, 1])
    assert counts_since(group, phase, 2, 2, np.array([0.5, 2.0, 3.0])).tolist() == [[0.5, 0.0], [5.0, 2.0]]


def test_the_clearest_cut_is_where_the_failures_begin_and_not_where_the_counting_does() -> None:
    # Ten requests a cut; they fail from the third on.
    everything = np.array([[40.0, 30, 20, 10]])
    failed = np.array([[20.0, 20, 20, 10]])
    ratio, cut, share = clearest_cut(failed, everything, np.zeros(1), np.full(1, 100.0))
    assert cut.tolist() == [2]
    assert share.tolist() == [1.0]
    assert ratio[0] > 100


def test_a_share_that_falls_is_not_told() -> None:
    everything, had = np.array([[40.0, 20]]), np.array([[4.0, 4]])
    ratio, _, _ = clearest_cut(had, everything, np.full(1, 90.0), np.full(1, 100.0))
    assert ratio.tolist() == [0.0]


@pytest.mark.parametrize(("failed", "told"), [(2.0, False), (3.0, True)])
def test_fewer_than_three_are_chance_however_rare_they_were(failed: float, told: bool) -> None:
    ratio, _, _ = clearest_cut(np.array([[failed]]), np.array([[5.0]]), np.zeros(1), np.full(1, 10_000.0))
    assert bool(ratio[0] > 0) is told


def test_what_was_over_before_the_last_cut_is_not_told() -> None:
    everything = np.array([[200.0, 100]])
    over, lasting = np.array([[50.0, 5]]), np.array([[50.0, 25]])
    for failed, told in ((over, False), (lasting, True)):
        ratio, _, _ = clearest_cut(failed, everything, np.zeros(1), np.full(1, 200.0))
        assert bool(ratio[0] > 0) is told


def test_a_level_holds_down_to_a_third_of_what_it_was() -> None:
    level, size = np.array([[0.9, 0.3], [0.9, 0.29]]), np.full((2, 2), 10.0)
    assert lasts(level, size, np.array([0, 0])).tolist() == [True, False]


def test_a_cut_after_which_hardly_anything_came_does_not_say_that_it_is_over() -> None:
    level, size = np.array([[0.9, 0.9, 0.0]]), np.array([[9.0, 5, 2]])
    assert lasts(level, size, np.array([0])).tolist() == [True]
    assert lasts(level, np.array([[9.0, 5, 3]]), np.array([0])).tolist() == [False]


def test_before_the_cut_that_counts_nothing_is_over() -> None:
    assert lasts(np.array([[0.0, 0.9]]), np.array([[9.0, 2]]), np.array([1])).tolist() == [True]


def test_where_there_is_nothing_nothing_is_clear() -> None:
    no_cuts = np.zeros((2, 0))
    ratio, cut, share = clearest_cut(no_cuts, no_cuts, np.ones(2), np.ones(2))
    assert (ratio.tolist(), cut.tolist(), share.tolist()) == ([0, 0], [0, 0], [0, 0])
