"""How clearly a share differs from an earlier one, against a slow and obvious version of the same."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.diagnosis.counts import clarity, log_likelihood_ratio


def obvious_ratio(now: int, all_now: int, earlier: int, all_earlier: int) -> float:
    """Compare how likely the counts are with a share each, and with one share for both."""

    def log_likelihood(times: int, of: int, share: float) -> float:
        misses = of - times
        return (times * math.log(share) if times else 0.0) + (misses * math.log(1 - share) if misses else 0.0)

    share_now, share_then, share = now / all_now, earlier / all_earlier, (now + earlier) / (all_now + all_earlier)
    apart = log_likelihood(now, all_now, share_now) + log_likelihood(earlier, all_earlier, share_then)
    ratio = 2 * (apart - log_likelihood(now, all_now, share) - log_likelihood(earlier, all_earlier, share))
    return math.copysign(ratio, share_now - share_then)


@given(st.data())
def test_the_ratio_is_that_of_one_share_against_two(data: st.DataObject) -> None:
    all_now, all_earlier = data.draw(st.integers(1, 500)), data.draw(st.integers(1, 500))
    now, earlier = data.draw(st.integers(0, all_now)), data.draw(st.integers(0, all_earlier))
    expected = obvious_ratio(now, all_now, earlier, all_earlier)
    assert float(log_likelihood_ratio(now, all_now, earlier, all_earlier)) == pytest.approx(expected, abs=1e-6)


def test_a_rise_is_positive_a_fall_negative_and_no_change_is_nothing() -> None:
    found = log_likelihood_ratio(np.array([9, 1, 5]), np.array([10, 10, 10]), np.array([1, 9, 5]), 10)
    assert found[0] == pytest.approx(-found[1])
    assert found[0] == pytest.approx(14.72, abs=0.01)
    assert found[2] == 0


def test_the_same_share_of_more_is_clearer() -> None:
    few, many = log_likelihood_ratio(np.array([3, 30]), np.array([10, 100]), np.array([0, 0]), np.array([10, 100]))
    assert many == pytest.approx(10 * few)


@pytest.mark.parametrize("counts", [(0, 0, 0, 0), (0, 0, 5, 10), (5, 10, 0, 0)])
def test_of_nothing_no_share_is_told(counts: tuple[int, int, int, int]) -> None:
    assert abs(float(log_likelihood_ratio(*counts))) < 1e-6


def test_clarity_grows_from_nothing_and_is_never_certain() -> None:
    assert clarity(-5.0, clear=8) == clarity(0.0, clear=8) == 0.0
    assert clarity(8.0, clear=8) == pytest.approx(0.632, abs=0.001)
    assert 0.9999 < clarity(100.0, clear=8) < 1
