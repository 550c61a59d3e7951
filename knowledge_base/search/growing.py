"""Arrays that rows are added to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

_SMALLEST = 16


class Growing:
    """A NumPy array that grows at its end; room is doubled when it runs out, so adding costs the same on average.

    Args:
        dtype: Of its values.
        width: Values in a row; None for one value that is no row.
    """

    def __init__(self, dtype: npt.DTypeLike, width: int | None = None) -> None:
        self._room = np.empty((_SMALLEST,) if width is None else (_SMALLEST, width), dtype=dtype)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def values(self) -> npt.NDArray[Any]:
        """What it holds, `[row]` or `[row, width]`; a view, to be used before the next `add`."""
        return self._room[: self._count]

    def add(self, values: Sequence[Any] | npt.NDArray[Any]) -> None:
        """Put rows at the end."""
        needed = self._count + len(values)
        if needed > len(self._room):
            grown = np.empty((max(needed, 2 * len(self._room)), *self._room.shape[1:]), dtype=self._room.dtype)
            grown[: self._count] = self.values
            self._room = grown
        if len(values):
            self._room[self._count : needed] = values
        self._count = needed
