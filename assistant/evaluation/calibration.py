"""Do the probabilities mean what they say?

Expected calibration error as Naeini et al. (AAAI 2015) and Guo et al. (ICML 2017) define it: equal-width bins, each
weighed by how many fell into it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from assistant.evaluation.judging import Case

BINS: Final = 10
CONFIDENT: Final = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """The causes named with a probability over `low` and up to `high`; the first bin holds 0 as well.

    Attributes:
        low: Lower edge, in 0..1.
        high: Upper edge.
        count: How many there are.
        mean_probability: Mean of what was said, None when empty.
        share_right: Share in which the service was right, None when empty.
    """

    low: float
    high: float
    count: int
    mean_probability: float | None
    share_right: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """How far the top probabilities can be trusted, over the recordings in which a cause was named.

    A cause is right when its service is; on a quiet recording every named cause is wrong.

    Attributes:
        named: In how many recordings a cause was named.
        expected_error: Expected calibration error, in 0..1; None when nothing was named.
        brier: Mean squared difference between what was said and what was so; None when nothing was named.
        confident_and_wrong: Share of *all* recordings with a wrong cause named at over `CONFIDENT`; None without any.
        bins: The reliability diagram.
    """

    named: int
    expected_error: float | None
    brier: float | None
    confident_and_wrong: float | None
    bins: tuple[Bin, ...]

    def as_json(self) -> dict[str, Any]:
        """Give it as plain data."""
        return asdict(self)


def calibrate(cases: Sequence[Case]) -> Calibration:
    """Compare the probabilities of the likeliest causes with how often these were right."""
    said = [(case.probability, case.named_right) for case in cases if case.probability is not None]
    filled: list[list[tuple[float, bool]]] = [[] for _ in range(BINS)]
    for probability, right in said:
        filled[_bin_of(probability)].append((probability, right))
    bins = tuple(_bin(number, within) for number, within in enumerate(filled))
    gaps = [
        one.count * abs(one.mean_probability - one.share_right)
        for one in bins
        if one.mean_probability is not None and one.share_right is not None
    ]
    wrong = sum(probability > CONFIDENT and not right for probability, right in said)
    return Calibration(
        named=len(said),
        expected_error=round(sum(gaps) / len(said), 4) if said else None,
        brier=round(sum((p - right) ** 2 for p, right in said) / len(said), 4) if said else None,
        confident_and_wrong=round(wrong / len(cases), 4) if cases else None,
        bins=bins,
    )


def _bin_of(probability: float) -> int:
    # Rounding keeps 0.3, which times ten is a little more than three, in the bin that it closes.
    return min(max(math.ceil(round(probability * BINS, 9)) - 1, 0), BINS - 1)


def _bin(number: int, within: Sequence[tuple[float, bool]]) -> Bin:
    count = len(within)
    return Bin(
        low=number / BINS,
        high=(number + 1) / BINS,
        count=count,
        mean_probability=sum(probability for probability, _ in within) / count if count else None,
        share_right=sum(right for _, right in within) / count if count else None,
    )
