"""Vectors of entries in memory, compared with every one of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from knowledge_base.search.growing import Growing

_COMPARED_AT_ONCE: Final = 200
Vectors = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


class VectorTable:
    """Vectors of length one, each belonging to an entry's row; a row has one or a few."""

    def __init__(self) -> None:
        self._vectors: Growing | None = None
        self._owner = Growing(np.int32)
        self._places: defaultdict[int, list[int]] = defaultdict(list)
        self._most_places = 1

    def __len__(self) -> int:
        return len(self._owner)

    def __contains__(self, row: object) -> bool:
        return row in self._places

    def add(self, row: int, vectors: Vectors) -> None:
        """Keep the vectors of a row, `[passage, dimension]`."""
        if self._vectors is None:
            self._vectors = Growing(np.float32, width=vectors.shape[1])
        self._places[row] += range(len(self._owner), len(self._owner) + len(vectors))
        self._most_places = max(self._most_places, len(self._places[row]))
        self._vectors.add(vectors)
        self._owner.add([row] * len(vectors))

    def nearest(self, vector: Vectors, limit: int, allowed: Mask) -> dict[int, float]:
        """Find the rows most alike among those allowed, `[row]`, as row to cosine of its best passage, best first."""
        if self._vectors is None:
            return {}
        alike = self._vectors.values @ vector
        owner = self._owner.values
        alike[~allowed[owner]] = -np.inf
        # A row may be found by each of its passages.
        reach = min(len(alike), limit * self._most_places)
        best = np.argpartition(-alike, reach - 1)[:reach]
        found: dict[int, float] = {}
        for place in best[np.argsort(-alike[best], kind="stable")]:
            if alike[place] > -np.inf:
                found.setdefault(int(owner[place]), float(alike[place]))
        return dict(list(found.items())[:limit])

    def neighbours(self, rows: Sequence[int], limit: int, allowed: Mask) -> dict[int, dict[int, float]]:
        """Find the rows whose first passage is most like that of each of some rows, itself left out, best first."""
        if self._vectors is None:
            return {}
        firsts = np.array([places[0] for row, places in self._places.items() if allowed[row]], dtype=np.int64)
        matrix, owner = self._vectors.values[firsts], self._owner.values[firsts]
        found: dict[int, dict[int, float]] = {}
        held = [row for row in rows if row in self._places]
        for start in range(0, len(held), _COMPARED_AT_ONCE):
            some = held[start : start + _COMPARED_AT_ONCE]
            alike = self._vectors.values[[self._places[row][0] for row in some]] @ matrix.T
            for row, scores in zip(some, alike, strict=True):
                reach = min(len(scores), limit + 1)
                best = np.argpartition(-scores, reach - 1)[:reach]
                ordered = best[np.argsort(-scores[best])]
                found[row] = {int(owner[at]): float(scores[at]) for at in ordered if owner[at] != row}
        return found

    def similarities(self, vector: Vectors, rows: Iterable[int]) -> dict[int, float]:
        """Compare with chosen rows, as row to cosine of its best passage; one without vectors is left out."""
        if self._vectors is None:
            return {}
        values = self._vectors.values
        return {row: float((values[self._places[row]] @ vector).max()) for row in rows if row in self._places}
