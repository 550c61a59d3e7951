"""Searching vectors by comparing with every one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float32]


class ExactVectors:
    """Vectors of length one in memory, by id; answers as id to cosine similarity in -1..1."""

    def __init__(self, vectors: Mapping[str, Vector]) -> None:
        self._vectors = dict(vectors)
        self._stacked: tuple[tuple[str, ...], Vector] | None = None

    def __len__(self) -> int:
        return len(self._vectors)

    def put(self, entry_id: str, vector: Vector) -> None:
        """Keep a vector, in place of the one of the same id."""
        self._vectors[entry_id] = vector
        self._stacked = None

    def drop(self, entry_id: str) -> None:
        """Forget a vector; an id that is not there is passed over."""
        self._vectors.pop(entry_id, None)
        self._stacked = None

    def nearest(self, vector: Vector, limit: int) -> dict[str, float]:
        """Find the most alike, the most alike first."""
        if not self._vectors:
            return {}
        if self._stacked is None:
            self._stacked = tuple(self._vectors), np.stack(list(self._vectors.values()))
        ids, matrix = self._stacked
        alike = matrix @ vector
        best = np.argsort(-alike, kind="stable")[:limit]
        return {ids[row]: float(alike[row]) for row in best}

    def similarities(self, vector: Vector, ids: Sequence[str]) -> dict[str, float]:
        """Compare with chosen ones; an id that is not there is left out."""
        return {entry_id: float(self._vectors[entry_id] @ vector) for entry_id in ids if entry_id in self._vectors}
