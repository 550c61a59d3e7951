"""What the retrieval index is: vectors of entries, found by likeness; made from the records and never the truth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, Self

import numpy as np
import numpy.typing as npt

from knowledge_base.embedding.embedder import Embedder

Vector = npt.NDArray[np.float32]
"""Of length one, `[dimension]`."""
Vectors = npt.NDArray[np.float32]
"""Each of length one, `[passage, dimension]`."""
Labels = Mapping[str, str | list[str]]
"""Text, or lists of text that are not empty: all that Chroma can hold."""

TORN: Final = ""
"""The fingerprint of an entry of which an index holds parts, or more than one state: it equals none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelId:
    """Which model made the vectors: those of two models cannot be compared."""

    name: str
    revision: str

    @classmethod
    def of(cls, embedder: Embedder) -> Self:
        """Name what an embedder embeds with.

        Raises:
            ModelUnavailable: It cannot be told, because the model is not there.
        """
        return cls(name=embedder.name, revision=embedder.revision)

    def __str__(self) -> str:
        return f"{self.name} (revision {self.revision[:12]})"


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexRow:
    """One passage of an entry, as it is indexed.

    Attributes:
        entry_id: Whose passage it is.
        passage: Which one, from 0.
        vector: What it means, of length one, `[dimension]`.
        fingerprint: Tells whether the entry was changed since; the same in all its passages.
        labels: What a search may ask for.
    """

    entry_id: str
    passage: int
    vector: Vector
    fingerprint: str
    labels: Labels


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What an index holds of one entry.

    Attributes:
        fingerprint: Of which state of the entry.
        vectors: Its passages in their order, `[passage, dimension]`.
    """

    fingerprint: str
    vectors: Vectors


class VectorIndex(Protocol):
    """Rows of entries; an entry has one for each passage, and is in the index whole or not at all.

    Before anything else it is opened or made anew. Every method raises `IndexUnavailable` where the store fails. What
    `upsert` and `delete` did survives the end of the process, however it ends.
    """

    @property
    def address(self) -> str:
        """Where it is kept, as people know it: a folder, or a URL."""
        ...

    @property
    def model(self) -> ModelId:
        """What makes its vectors."""
        ...

    def open(self) -> None:
        """Take what is there, and make an empty one where nothing is.

        Raises:
            OtherModel: What is there was made with another model; it is left alone.
            IndexBroken: What is there cannot be read and may be thrown away, which `recreate` does.
            IndexUnavailable: Nobody can say what is there.
        """
        ...

    def recreate(self) -> None:
        """Throw everything away, whatever made it, and begin empty."""
        ...

    def close(self) -> None:
        """Let go of it; again is harmless."""
        ...

    def upsert(self, rows: Sequence[IndexRow]) -> None:
        """Write entries, in place of all that was held of them.

        Args:
            rows: All passages of each entry, one entry after the other.
        """
        ...

    def delete(self, entry_ids: Sequence[str]) -> None:
        """Forget entries; one that is not there is passed over."""
        ...

    def held(self, entry_ids: Sequence[str]) -> dict[str, Held]:
        """Read what is held of entries; those of which nothing whole is held are left out."""
        ...

    def nearest(self, vector: Vector, limit: int, where: Mapping[str, str] | None = None) -> dict[str, float]:
        """Find the entries that mean the most alike, as id to cosine in -1..1 of the best passage, best first.

        Args:
            vector: What is looked for, `[dimension]`.
            limit: Most entries to find.
            where: Labels that an entry has to have; of a list of text, one has to be equal.
        """
        ...

    def fingerprints(self) -> dict[str, str]:
        """Read which entries it holds, as id to fingerprint, `TORN` for one that is not whole."""
        ...

    def all_vectors(self) -> Iterator[tuple[Sequence[str], Vectors]]:
        """Read everything in pages: whose passages they are, and their vectors, `[passage, dimension]`."""
        ...

    def count(self) -> int:
        """Say how many rows it holds."""
        ...
