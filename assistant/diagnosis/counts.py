"""How surprising a count is, given how many there were before."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

# Fewer standard deviations above what is expected are chance; without any before, three in number.
LEAST_SURPRISE: Final = 3.0


def surprise(now: Any, earlier: Any, now_over_earlier: float) -> Any:
    """Give how many standard deviations a count lies above what is expected (numbers, or arrays of them).

    Both counts are taken as Poisson's; one more is added to each variance, since none seen is not none possible.

    Args:
        now: The count.
        earlier: The count before.
        now_over_earlier: How much longer it was counted now than before.
    """
    expected = earlier * now_over_earlier
    return (now - expected) / np.sqrt(1.0 + expected + now_over_earlier**2 * (earlier + 1.0))


def clarity(deviations: float, *, clear: float) -> float:
    """Turn standard deviations into a strength in 0..1; at `clear` it is 0.63, at three times that 0.95."""
    return 1.0 - math.exp(-max(deviations, 0.0) / clear)
