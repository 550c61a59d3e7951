"""Seeing signatures as known kinds of faults differ in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from knowledge_base.search.growing import Growing
from knowledge_base.search.signature_index import SignatureIndex

_FEWEST_KINDS: Final = 3
_FEWEST_OF_A_KIND: Final = 5
_LEARNED_FROM: Final = 20_000
_MOST_FEATURES: Final = 400
# How far the scatter within kinds is drawn towards that of independent features of equal spread; with some hundred
# entries the scatter itself is poorly known.
_SHRINKAGE: Final = 0.2
_GROWN: Final = 1.1
# Signatures have four digits after the point; what differs by less is the same.
_LEAST_SCATTER: Final = 1e-4


class KindLens:
    """Directions in which the kinds of faults that people told apart lie apart: Fisher's linear discriminant.

    A signal that moves in every kind of trouble says little, however strongly it does, and one that moves in two kinds
    only says much. Which is which differs from system to system, so it is learned from the entries that have both a
    signature and a kind (Fisher, "The use of multiple measurements in taxonomic problems", 1936; shrunk as by Ledoit
    and Wolf, 2004, by a fixed share). Made by `learn`.
    """

    def __init__(self, features: Sequence[str], matrix: npt.NDArray[np.float32], kinds: Sequence[str]) -> None:
        # Seconds to import, and a part of what comes with the embedder; a base without labelled signatures needs none.
        from sklearn.discriminant_analysis import LinearDiscriminantAnalysis  # noqa: PLC0415

        self._features = features
        self._learned_from = len(kinds)
        self._model = LinearDiscriminantAnalysis(solver="eigen", shrinkage=_SHRINKAGE).fit(matrix, list(kinds))
        self._views = Growing(np.float32, width=len(set(kinds)) - 1)

    @classmethod
    def learn(cls, signatures: SignatureIndex, kinds: Mapping[int, str]) -> Self | None:
        """Learn from rows whose kind is known, and look at every row; None where too few are known to learn from.

        Args:
            signatures: Of all rows.
            kinds: Row to kind of fault, for rows that can be found and have a signature.
        """
        newest = sorted(kinds)[-_LEARNED_FROM:]
        counted = Counter(kinds[row] for row in newest)
        enough = {kind for kind, count in counted.items() if count >= _FEWEST_OF_A_KIND}
        if len(enough) < _FEWEST_KINDS:
            return None
        rows = [row for row in newest if kinds[row] in enough]
        features = signatures.commonest_features(_MOST_FEATURES)
        matrix = signatures.matrix(features)
        varied = np.flatnonzero(np.ptp(matrix[rows], axis=0) > 0)
        chosen = [features[at] for at in varied]
        known = [kinds[row] for row in rows]
        if len(chosen) < len(enough) or not _scatters(matrix[rows], known):
            return None
        lens = cls(chosen, matrix[rows][:, varied], known)
        lens.look_at_new(signatures)
        return lens

    def is_outgrown(self, known: int) -> bool:
        """Say whether so many more kinds are known now that it should be learned anew."""
        return known > _GROWN * self._learned_from or _GROWN * known < self._learned_from

    def look_at_new(self, signatures: SignatureIndex) -> None:
        """Take up the rows that were added since the last time."""
        if len(self._views) < len(signatures):
            self._views.add(self._seen(signatures.matrix(self._features, start=len(self._views))))

    def similarities(self, signature: Mapping[str, float]) -> npt.NDArray[np.float32]:
        """Compare with every row as kinds are told apart, `[row]`, in -1..1; 0 for a row that shows nothing of it."""
        asked = np.array([[signature.get(name, 0.0) for name in self._features]], dtype=np.float32)
        found: npt.NDArray[np.float32] = self._views.values @ self._seen(asked)[0]
        return found

    def _seen(self, matrix: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        found = np.asarray(self._model.transform(matrix), dtype=np.float32)
        found[~matrix.any(axis=1)] = 0.0
        lengths = np.linalg.norm(found, axis=1, keepdims=True)
        alike: npt.NDArray[np.float32] = np.divide(found, lengths, out=np.zeros_like(found), where=lengths > 0)
        return alike


def _scatters(matrix: npt.NDArray[np.float32], kinds: Sequence[str]) -> bool:
    """Say whether any two of a kind differ: where all are the same, as of drills on a schedule, there is no measure."""
    labels = np.asarray(kinds)
    return any(float(np.ptp(matrix[labels == kind], axis=0).max()) > _LEAST_SCATTER for kind in set(kinds))
