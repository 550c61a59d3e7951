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


def log_likelihood_ratio(now: Any, all_now: Any, earlier: Any, all_earlier: Any) -> Any:
    """Give how clearly a share differs from an earlier one: the signed G statistic (Dunning 1993), positive for a rise.

    Args:
        now: How many had it; arrays are taken element by element.
        all_now: Of how many.
        earlier: How many had it earlier.
        all_earlier: Of how many.
    """
    share_now, share_then = now / np.maximum(all_now, 1e-9), earlier / np.maximum(all_earlier, 1e-9)
    share = (now + earlier) / np.maximum(all_now + all_earlier, 1e-9)
    ratio = 2 * (
        _x_log_ratio(now, share_now, share)
        + _x_log_ratio(all_now - now, 1 - share_now, 1 - share)
        + _x_log_ratio(earlier, share_then, share)
        + _x_log_ratio(all_earlier - earlier, 1 - share_then, 1 - share)
    )
    return np.sign(share_now - share_then) * np.maximum(ratio, 0.0)


def _x_log_ratio(times: Any, one: Any, other: Any) -> Any:
    return np.where(times > 0, times * np.log(np.maximum(one, 1e-12) / np.maximum(other, 1e-12)), 0.0)
