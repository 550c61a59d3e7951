"""From texts to vectors: what an embedder is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt


class Embedder(Protocol):
    """Turns texts into vectors whose dot product says how alike the texts are.

    Vectors are float32 and of length one. Vectors of two embedders may be compared only where both `name` and
    `revision` are the same.
    """

    @property
    def name(self) -> str:
        """Which model."""
        ...

    @property
    def revision(self) -> str:
        """Which exact weights, or which recipe.

        Raises:
            ModelUnavailable: It cannot be told, because the model is not there.
        """
        ...

    @property
    def dimension(self) -> int:
        """How many numbers a vector has.

        Raises:
            ModelUnavailable: The model cannot be loaded.
        """
        ...

    def embed_documents(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Embed what is to be found, `[text, dimension]`.

        Raises:
            ModelUnavailable: The model cannot be loaded.
        """
        ...

    def embed_query(self, text: str) -> npt.NDArray[np.float32]:
        """Embed what is looked for, `[dimension]`.

        Raises:
            ModelUnavailable: The model cannot be loaded.
        """
        ...
