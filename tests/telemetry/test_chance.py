from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, poisson

from telemetry.detection.chance import at_least, at_most


@given(st.integers(0, 400), st.integers(0, 400), st.floats(1e-6, 0.999))
def test_failures_by_chance_agree_with_scipy(successes: int, trials: int, probability: float) -> None:
    assert at_least(successes, trials, probability) == pytest.approx(
        float(binom.sf(successes - 1, trials, probability)), rel=1e-6, abs=1e-250
    )


@given(st.integers(0, 3000), st.floats(0.01, 3000))
def test_quiet_by_chance_agrees_with_scipy(count: int, expected: float) -> None:
    assert at_most(count, expected) == pytest.approx(float(poisson.cdf(count, expected)), rel=1e-6, abs=1e-250)


@pytest.mark.parametrize(
    ("found", "known"),
    [
        (at_least(0, 0, 0.5), 1.0),
        (at_least(1, 0, 0.5), 0.0),
        (at_least(3, 3, 0.0), 0.0),
        (at_least(3, 3, 1.0), 1.0),
        (at_least(1, 100_000, 0.9), 1.0),
        (at_most(-1, 5.0), 0.0),
        (at_most(0, 0.0), 1.0),
        (at_most(100_000, 3.0), 1.0),
    ],
)
def test_chance_is_certain_at_its_ends(found: float, known: float) -> None:
    assert found == known
