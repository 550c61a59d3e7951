"""An embedder that makes no vector twice, for texts that are put into many knowledge bases."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from knowledge_base import Embedder


class Remembering:
    """Another embedder, with its vectors of documents kept; questions are embedded each time, for that is timed.

    Args:
        embedder: What makes the vectors.
    """

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._vectors: dict[str, npt.NDArray[np.float32]] = {}

    @property
    def name(self) -> str:
        """Which model."""
        return self._embedder.name

    @property
    def revision(self) -> str:
        """Which exact weights, or which recipe."""
        return self._embedder.revision

    @property
    def dimension(self) -> int:
        """How many numbers a vector has."""
        return self._embedder.dimension

    def embed_documents(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Embed what is to be found, `[text, dimension]`."""
        new = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        if new:
            self._vectors.update(zip(new, self._embedder.embed_documents(new), strict=True))
        found = [self._vectors[text] for text in texts]
        return np.stack(found) if found else self._embedder.embed_documents(texts)

    def embed_query(self, text: str) -> npt.NDArray[np.float32]:
        """Embed what is looked for, `[dimension]`."""
        return self._embedder.embed_query(text)
