"""The parts of a recording's time that are compared: what was normal, and what came since the trouble began."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd

from telemetry import Stretch

# A pause many times as long as usual is a gap in what was collected, rather than a time when nobody came.
_UNUSUAL_PAUSES: Final = 30.0
_SHORTEST_GAP_SECONDS: Final = 5.0
_LONGEST_PAUSE_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of the recording's time, which may be in pieces.

    Attributes:
        stretches: The pieces, in order.
    """

    stretches: tuple[Stretch, ...]

    def of(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Give the rows of a table that lie in this phase."""
        return frame[self.mask(frame["ts"])]

    def mask(self, times: pd.Series) -> pd.Series:
        """Say which times lie in this phase."""
        inside = pd.Series(False, index=times.index)
        for stretch in self.stretches:
            inside |= (times >= stretch.start) & (times < stretch.end)
        return inside

    def covered_seconds(self, times: pd.Series, *, regular: bool = True) -> float:
        """Seconds of this phase for which rows were recorded: all but the gaps.

        Tables seldom cover the whole window; a rate over time without data would be too low. A gap is a pause of more
        than a minute, or of thirty times the usual and at least 5 seconds.

        Args:
            times: When they came, in order.
            regular: Whether they usually come one after the other, as requests do; lines come when there is something
                to say, and only pauses of more than a minute are gaps.
        """
        seconds = 0.0
        pauses = times.diff().dt.total_seconds()
        usual = float(pauses.median()) if len(pauses) > 1 else _LONGEST_PAUSE_SECONDS
        gap = (
            _LONGEST_PAUSE_SECONDS
            if not regular
            else min(max(_UNUSUAL_PAUSES * usual, _SHORTEST_GAP_SECONDS), _LONGEST_PAUSE_SECONDS)
        )
        for stretch in self.stretches:
            inside = times[(times >= stretch.start) & (times < stretch.end)]
            at = (inside - pd.Timestamp(stretch.start)).dt.total_seconds().to_numpy()
            gaps = np.diff(np.concatenate([[0.0], at, [stretch.seconds]]))
            seconds += float(gaps[gaps <= gap].sum())
        return seconds

    @property
    def whole(self) -> Stretch:
        """The stretch from the first piece's start to the last one's end; only where there are pieces."""
        return Stretch(start=self.stretches[0].start, end=self.stretches[-1].end)


def pieces_outside(start: datetime, end: datetime, holes: Sequence[Stretch]) -> tuple[Stretch, ...]:
    """Give what is left between two moments once holes are cut out; nothing where they run backwards."""
    pieces = []
    for hole in sorted(holes, key=lambda one: one.start):
        if min(hole.start, end) > start:
            pieces.append(Stretch(start=start, end=min(hole.start, end)))
        start = max(start, hole.end)
    if end > start:
        pieces.append(Stretch(start=start, end=end))
    return tuple(pieces)


def clipped(stretch: Stretch, start: datetime, end: datetime) -> tuple[Stretch, ...]:
    """Give what of a stretch lies between two moments: one piece or none."""
    first, last = max(stretch.start, start), min(stretch.end, end)
    return (Stretch(start=first, end=last),) if last > first else ()
