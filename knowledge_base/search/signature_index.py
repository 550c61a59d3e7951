"""Cosine similarity of numeric signatures, compared with all of them at once."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from knowledge_base.search.growing import Growing


def cosine(one: Mapping[str, float], other: Mapping[str, float]) -> float | None:
    """Give the cosine of two signatures, in 0..1; None where one of them says nothing."""
    length = math.hypot(*one.values()) * math.hypot(*other.values())
    if not length:
        return None
    product = math.fsum(strength * other[name] for name, strength in one.items() if name in other)
    return min(1.0, max(0.0, product / length))


class SignatureIndex:
    """Signatures, feature name to strength, numbered from 0 in the order in which they were added."""

    def __init__(self) -> None:
        self._rows: defaultdict[str, Growing] = defaultdict(lambda: Growing(np.int32))
        self._strengths: defaultdict[str, Growing] = defaultdict(lambda: Growing(np.float32))
        self._lengths = Growing(np.float32)

    def __len__(self) -> int:
        return len(self._lengths)

    def add(self, signature: Mapping[str, float]) -> None:
        """Put a signature at the end; an empty one is like nothing."""
        row = len(self._lengths)
        for feature, strength in signature.items():
            self._rows[feature].add([row])
            self._strengths[feature].add([strength])
        self._lengths.add([math.hypot(*signature.values())])

    def similarities(self, signature: Mapping[str, float]) -> npt.NDArray[np.float32]:
        """Compare with each, `[row]`, in 0..1."""
        found = np.zeros(len(self._lengths), dtype=np.float32)
        length = math.hypot(*signature.values())
        if not length:
            return found
        for feature, strength in signature.items():
            if feature in self._rows:
                found[self._rows[feature].values] += np.float32(strength) * self._strengths[feature].values
        lengths = self._lengths.values
        np.divide(found, lengths * np.float32(length), out=found, where=lengths > 0)
        return np.clip(found, 0.0, 1.0)

    def commonest_features(self, limit: int) -> list[str]:
        """Name the features that most signatures have, by name."""
        return sorted(sorted(self._rows, key=lambda name: (-len(self._rows[name]), name))[:limit])

    def matrix(self, features: Sequence[str], *, start: int = 0) -> npt.NDArray[np.float32]:
        """Give the strengths of chosen features, `[row, feature]`, from a row on."""
        found = np.zeros((len(self) - start, len(features)), dtype=np.float32)
        for at, name in enumerate(features):
            rows = self._rows[name].values
            first = int(np.searchsorted(rows, start))
            found[rows[first:] - start, at] = self._strengths[name].values[first:]
        return found
