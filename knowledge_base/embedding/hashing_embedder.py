"""An embedder without weights: words and pieces of words, hashed into a vector."""

from __future__ import annotations

import hashlib
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

DIMENSION = 512
_RECIPE = 1  # Counts up when the same text would get another vector, so that old indexes are refused.
_WORD = re.compile(r"\w+")
_PIECE_LENGTH = 4
# Pieces let inflected forms meet (conexão, conexões); a whole word in common still says more.
_PIECE_WEIGHT = 0.3


class HashingEmbedder:
    """Texts are alike when they share words: deterministic, instant, in any language, and blind to meaning.

    For tests, and for machines without torch.
    """

    name = "hashing"

    def __init__(self, *, dimension: int = DIMENSION) -> None:
        if dimension < 2:
            raise ValueError(f"dimension must be at least 2, got {dimension}")
        self.dimension = dimension
        self.revision = f"{_RECIPE}-{dimension}"

    def embed_documents(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Embed what is to be found, `[text, dimension]`."""
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            vectors[row] = self.embed_query(text)
        return vectors

    def embed_query(self, text: str) -> npt.NDArray[np.float32]:
        """Embed what is looked for, `[dimension]`; the same as a document of that text."""
        vector = np.zeros(self.dimension, dtype=np.float32)
        for token, weight in _weights(text).items():
            digest = int.from_bytes(hashlib.blake2b(token.encode(), digest_size=8).digest())
            # The sign lets collisions cancel out instead of adding up.
            vector[(digest >> 1) % self.dimension] += weight if digest & 1 else -weight
        length = float(np.linalg.norm(vector))
        if length == 0:
            vector[0] = 1.0  # A text without words has to point somewhere: cosine knows no zero vector.
            return vector
        unit: npt.NDArray[np.float32] = vector / np.float32(length)
        return unit


def _weights(text: str) -> dict[str, float]:
    """Give each word and piece its weight; the tenth mention says little more than the first."""
    counts = Counter(_tokens(text))
    return {
        token: (1 + math.log(count)) * (1.0 if token.startswith("w:") else _PIECE_WEIGHT)
        for token, count in counts.items()
    }


def _tokens(text: str) -> Iterator[str]:
    for word in _WORD.findall(_plain(text)):
        yield f"w:{word}"
        for start in range(len(word) - _PIECE_LENGTH + 1):
            yield f"p:{word[start : start + _PIECE_LENGTH]}"


def _plain(text: str) -> str:
    """Fold case and accents: people under pressure write `conexao`."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))
