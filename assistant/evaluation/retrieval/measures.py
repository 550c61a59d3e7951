"""Measures of one ranked list, and the interval of their mean."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Final

import numpy as np

_RESAMPLES: Final = 2000
_LOW, _HIGH = 0.025, 0.975


def reciprocal_rank(ranking: Sequence[str], relevant: Collection[str], *, at: int = 10) -> float:
    """Give 1 / rank of the first that is relevant; 0 where none is among the first `at`."""
    ranks = (rank for rank, found in enumerate(ranking[:at], start=1) if found in relevant)
    return 1 / next(ranks, math.inf)


def recall(ranking: Sequence[str], relevant: Collection[str], *, at: int) -> float:
    """Say which share of what is relevant is among the first `at`; with one place, whether that is relevant.

    Where more are relevant than there are places, filling the places with them is 1.
    """
    places = min(at, len(set(relevant)))
    return len(set(ranking[:at]) & set(relevant)) / places if places else 0.0


def ndcg(ranking: Sequence[str], grades: Mapping[str, int], *, at: int) -> float:
    """Give the normalised discounted cumulative gain, with gain 2^grade - 1 (Burges et al., ICML 2005), in 0..1."""
    ideal = _gain(sorted(grades.values(), reverse=True)[:at])
    return _gain([grades.get(found, 0) for found in ranking[:at]]) / ideal if ideal else 0.0


def _gain(grades: Sequence[int]) -> float:
    return math.fsum((2**grade - 1) / math.log2(place + 1) for place, grade in enumerate(grades, start=1))


def mean_with_interval(values: Sequence[float], *, seed: int = 1) -> tuple[float, float, float]:
    """Give the mean and its 95 % interval by the percentile bootstrap over queries (Efron, 1979).

    Raises:
        ValueError: There are no values.
    """
    if not values:
        raise ValueError("there is no mean of nothing")
    measured = np.asarray(values, dtype=np.float64)
    chosen = np.random.default_rng(seed).integers(len(measured), size=(_RESAMPLES, len(measured)))
    low, high = np.quantile(measured[chosen].mean(axis=1), [_LOW, _HIGH])
    return float(measured.mean()), float(low), float(high)
