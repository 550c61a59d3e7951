from __future__ import annotations

import math

import pytest

from assistant.answers.wording import percent, probability, reading


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (0.341, "ratio", "34 %"),
        (0.0012, "ratio", "0.12 %"),
        (0, "ratio", "0 %"),
        (1, "ratio", "100 %"),
        (119.7, "ms", "120 ms"),
        (2400, "ms", "2.4 s"),
        (12.5, "requests/s", "12.5 requests/s"),
        (12345, "lines/s", "12345 lines/s"),
        (3, "", "3"),
        (None, "ms", "nothing"),
        (math.nan, "ms", "nothing"),
    ],
)
def test_a_value_is_said_with_its_unit(value: float | None, unit: str, said: str) -> None:
    assert reading(value, unit) == said


def test_only_certainty_is_a_hundred_percent() -> None:
    assert percent(0.9996) == "99.9 %"


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.95, "almost certain (95 %)"), (0.549, "possible (55 %)"), (0.0, "a weak lead (0 %)")],
)
def test_a_probability_is_said_in_words_and_percent(value: float, said: str) -> None:
    assert probability(value) == said
