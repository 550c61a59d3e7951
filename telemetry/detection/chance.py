"""How likely a count is by chance alone: what keeps small numbers from raising alarms."""

from __future__ import annotations

import math

# A term this much smaller than the sum so far changes nothing that we decide on.
_NEGLIGIBLE = 1e-15


def at_least(successes: int, trials: int, probability: float) -> float:
    """Give the probability of `successes` or more in `trials` independent ones (binomial upper tail)."""
    if successes <= 0:
        return 1.0
    if successes > trials or probability <= 0.0:
        return 0.0
    if probability >= 1.0:
        return 1.0
    # Logarithms for the first term, since the factorials overflow; each further term follows from its neighbour.
    term = math.exp(
        math.lgamma(trials + 1)
        - math.lgamma(successes + 1)
        - math.lgamma(trials - successes + 1)
        + successes * math.log(probability)
        + (trials - successes) * math.log1p(-probability)
    )
    total, odds = 0.0, probability / (1.0 - probability)
    if successes <= trials * probability and term == 0.0:
        return 1.0  # The count lies so far below what is expected that even its own term underflows.
    for count in range(successes, trials + 1):
        total += term
        if count > trials * probability and term < total * _NEGLIGIBLE:
            break
        term *= (trials - count) / (count + 1) * odds
    return min(total, 1.0)


def at_most(count: int, expected: float) -> float:
    """Give the probability of `count` events or fewer where `expected` are usual (Poisson lower tail)."""
    if count < 0:
        return 0.0
    if expected <= 0.0:
        return 1.0
    term = math.exp(count * math.log(expected) - expected - math.lgamma(count + 1))
    if count >= expected and term == 0.0:
        return 1.0  # As above, from the other side.
    total = 0.0
    for events in range(count, -1, -1):
        total += term
        if events < expected and term < total * _NEGLIGIBLE:
            break
        term *= events / expected
    return min(total, 1.0)
