"""Putting several rankings into one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, TypeVar

# Cormack, Clarke and Büttcher, "Reciprocal rank fusion outperforms Condorcet and individual rank learning methods",
# SIGIR 2009, found 60 to be good and the exact value to matter little.
RANK_CONSTANT: Final = 60

_Key = TypeVar("_Key")


def reciprocal_rank_fusion(rankings: Iterable[Sequence[_Key]]) -> dict[_Key, float]:
    """Add up 1 / (60 + rank) over rankings, best first; equals keep the order in which they were first seen."""
    scores: defaultdict[_Key, float] = defaultdict(float)
    for ranking in rankings:
        for rank, key in enumerate(ranking, start=1):
            scores[key] += 1 / (RANK_CONSTANT + rank)
    return dict(sorted(scores.items(), key=lambda scored: -scored[1]))
