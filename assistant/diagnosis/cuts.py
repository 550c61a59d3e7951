"""Moments at which the trouble may have begun, and the one since which something rose most clearly.

The alert says when somebody noticed. Instead of trusting it, every count is compared with the baseline since each of
these moments; the clearest is taken as its onset (a change point by likelihood ratio, Hinkley 1970).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from assistant.diagnosis.case import Case
from assistant.diagnosis.counts import log_likelihood_ratio

_STEP: Final = "15s"
# At this likelihood ratio the strength of a finding is 0.63, at three times it 0.95.
CLEAR_RATIO: Final = 25.0
_STILL: Final = 1 / 3
_FEWEST: Final = 3  # fewer since a moment are chance, however rare they were


def cuts_of(case: Case) -> pd.DatetimeIndex:
    """Give the moments at which the trouble of a case may have begun, in order."""
    latest = max(case.recording.header.alert.at, case.search_from)
    return pd.date_range(case.search_from, latest, freq=_STEP)


def phases_of(times: pd.Series, before: npt.NDArray[np.bool_], cuts: pd.DatetimeIndex) -> npt.NDArray[np.int64]:
    """Say for each time how many of the cuts it lies after; 0 for what belongs to the baseline."""
    phase: npt.NDArray[np.int64] = np.asarray(cuts.searchsorted(times, side="right"))
    return np.where(before, 0, phase)


def counts_since(
    group: npt.NDArray[np.int64],
    phase: npt.NDArray[np.int64],
    groups: int,
    cuts: int,
    weights: npt.NDArray[np.float64] | None = None,
) -> npt.NDArray[np.float64]:
    """Count the rows of each group since each cut, or add up their weights: a row a group, a column a cut."""
    cells = np.bincount(group * (cuts + 1) + phase, weights=weights, minlength=groups * (cuts + 1))
    in_phase = cells.astype(float).reshape(groups, cuts + 1)
    since: npt.NDArray[np.float64] = np.cumsum(in_phase[:, ::-1], axis=1)[:, ::-1][:, 1:]
    return since


def clearest_cut(
    had_since: npt.NDArray[np.float64],
    all_since: npt.NDArray[np.float64],
    had: npt.NDArray[np.float64],
    all_before: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Take for each group the cut since which its share rose most clearly.

    Args:
        had_since: How many of a group had it since each cut, a column a cut.
        all_since: Of how many.
        had: How many had it in the baseline.
        all_before: Of how many.

    Returns:
        The likelihood ratio (see `counts.log_likelihood_ratio`), 0 where the share did not rise or was over before the
        last of the cuts, the cut, and the share since.
    """
    if not had_since.size:
        return np.zeros(len(had)), np.zeros(len(had), dtype=np.int64), np.zeros(len(had))
    ratio = log_likelihood_ratio(had_since, all_since, had[:, None], all_before[:, None])
    ratio = np.where(had_since >= _FEWEST, ratio, 0.0)
    cut = ratio.argmax(axis=1)
    share = had_since / np.maximum(all_since, 1.0)
    every = np.arange(len(ratio))
    clear = np.where(lasts(share, all_since, cut), np.maximum(ratio[every, cut], 0.0), 0.0)
    return clear, cut, share[every, cut]


def lasts(
    level: npt.NDArray[np.float64], size: npt.NDArray[np.float64], cut: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """Say which levels since a cut still hold, by a third, since the last cut that enough came after.

    Args:
        level: The share of each group, or its rise above the baseline, since each cut, a column a cut.
        size: Of how many that is told.
        cut: The cut that counts for each group.
    """
    every = np.arange(len(level))
    enough = size >= _FEWEST
    last = np.where(enough.any(axis=1), size.shape[1] - 1 - enough[:, ::-1].argmax(axis=1), cut)
    held: npt.NDArray[np.bool_] = level[every, np.maximum(last, cut)] >= _STILL * level[every, cut]
    return held
