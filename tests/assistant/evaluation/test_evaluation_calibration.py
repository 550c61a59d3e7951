import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.evaluation import Case, calibrate


def case(probability: float | None, *, right: bool = False, fault: bool = True) -> Case:
    return Case(set_name="one", id="a", fault=fault, rank=1 if right else None, probability=probability)


@pytest.mark.parametrize(
    ("probability", "number"), [(0.0, 0), (0.1, 0), (0.1000001, 1), (0.3, 2), (0.7, 6), (0.95, 9), (1.0, 9)]
)
def test_a_bin_holds_its_upper_edge_and_not_its_lower(probability: float, number: int) -> None:
    found = calibrate([case(probability)])
    assert [one.count for one in found.bins].index(1) == number


def test_figures_are_those_worked_out_by_hand() -> None:
    found = calibrate(
        [
            case(0.9, right=True),
            case(0.85),
            case(0.6, right=True),
            case(0.9, fault=False),
            case(None),
            case(None, fault=False),
        ]
    )
    assert found.named == 4
    # In 0.8-0.9 three said 0.883 on average and one was right; in 0.5-0.6 one said 0.6 and was.
    assert found.expected_error == pytest.approx(3 / 4 * ((0.9 + 0.85 + 0.9) / 3 - 1 / 3) + 1 / 4 * 0.4, abs=1e-4)
    assert found.brier == pytest.approx((0.1**2 + 0.85**2 + 0.4**2 + 0.9**2) / 4, abs=1e-4)
    assert found.confident_and_wrong == pytest.approx(2 / 6, abs=1e-4)


def test_exactly_four_fifths_is_not_confident() -> None:
    assert calibrate([case(0.8)]).confident_and_wrong == 0
    assert calibrate([case(0.81)]).confident_and_wrong == 1


def test_who_always_says_what_is_so_is_calibrated() -> None:
    chance = random.Random(7)
    said = [chance.random() for _ in range(20_000)]
    found = calibrate([case(probability, right=chance.random() < probability) for probability in said])
    assert found.expected_error is not None
    assert found.expected_error < 0.02


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans(), st.booleans())))
def test_every_named_cause_is_in_one_bin(said: list[tuple[float, bool, bool]]) -> None:
    found = calibrate([case(p, right=right and fault, fault=fault) for p, right, fault in said])
    assert sum(one.count for one in found.bins) == found.named == len(said)
    for one in found.bins:
        if one.mean_probability is not None:
            assert one.low - 1e-9 <= one.mean_probability <= one.high + 1e-9
    if found.expected_error is not None:
        assert 0 <= found.expected_error <= 1
