"""Vectors of entries in memory, compared with every one of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from knowledge_base.search.growing import Growing

_COMPARED_AT_ONCE: Final = 50
Vectors = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


class VectorTable:
    """Vectors of length one, each belonging to an entry's row; a row has one or a few, added together."""

    def __init__(self) -> None:
        self._vectors: Growing | None = None
        self._owner = Growing(np.int32)
        self._is_first = Growing(np.bool_)
        # By row: where its vectors begin and end; nothing for those that have none.
        self._begin, self._end = Growing(np.int64), Growing(np.int64)
        self._most_places = 1

    def __len__(self) -> int:
        return len(self._owner)

    def add(self, row: int, vectors: Vectors) -> None:
        """Keep the vectors of a row that has none so far, `[passage, dimension]`."""
        if self._vectors is None:
            self._vectors = Growing(np.float32, width=vectors.shape[1])
        begin, count = len(self._owner), len(vectors)
        for bounds in (self._begin, self._end):
            bounds.add(np.zeros(max(0, row + 1 - len(bounds)), dtype=np.int64))
        self._begin.values[row], self._end.values[row] = begin, begin + count
        self._most_places = max(self._most_places, count)
        self._vectors.add(vectors)
        self._owner.add([row] * count)
        self._is_first.add([True, *[False] * (count - 1)])

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

    def neighbours(self, rows: Sequence[int], limit: int, allowed: Mask, least: float) -> dict[int, dict[int, float]]:
        """Find the rows whose first passage is most like that of each of some rows, itself left out, best first.

        Args:
            rows: Whose neighbours; one without vectors is left out.
            limit: Most neighbours of each.
            allowed: Which rows may be one, `[row]`.
            least: Cosine from which on a row is one.
        """
        if self._vectors is None:
            return {}
        vectors, owner = self._vectors.values, self._owner.values
        compared = self._is_first.values & allowed[owner]
        found: dict[int, dict[int, float]] = {}
        held = [row for row in rows if self._places(row)]
        for start in range(0, len(held), _COMPARED_AT_ONCE):
            some = held[start : start + _COMPARED_AT_ONCE]
            alike = vectors[self._begin.values[some]] @ vectors.T
            alike[:, ~compared] = -np.inf
            for row, scores in zip(some, alike, strict=True):
                near = np.flatnonzero(scores >= least)
                near = near[owner[near] != row]
                best = near[np.argsort(-scores[near], kind="stable")[:limit]]
                found[row] = {int(owner[at]): float(scores[at]) for at in best}
        return found

    def similarities(self, vector: Vectors, rows: Iterable[int]) -> dict[int, float]:
        """Compare with chosen rows, as row to cosine of its best passage; one without vectors is left out."""
        if self._vectors is None:
            return {}
        values = self._vectors.values
        held = ((row, self._places(row)) for row in rows)
        return {row: float((values[at.start : at.stop] @ vector).max()) for row, at in held if at}

    def _places(self, row: int) -> range:
        if row >= len(self._begin):
            return range(0)
        return range(int(self._begin.values[row]), int(self._end.values[row]))
