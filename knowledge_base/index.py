"""The retrieval index: vectors of entries in an embedded Chroma, made from the records and never the truth."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import chromadb
import numpy as np
from chromadb.api.client import Client
from chromadb.api.shared_system_client import SharedSystemClient
from chromadb.config import Settings

from knowledge_base.errors import IndexUnavailable, OtherModel
from knowledge_base.exact_vectors import ExactVectors, Vector

COLLECTION: Final = "entries"
WRITTEN_AT_ONCE: Final = 250
# Drills on a schedule fill the index with near copies, and Chroma's graph then cannot reach the rare entry among them:
# with 4000 copies it missed an exact match even with the settings below. Comparing with all 20 000 takes some 10 ms.
EXACT_UP_TO: Final = 20_000
_GRAPH: Final = {"space": "cosine", "max_neighbors": 64, "ef_construction": 400, "ef_search": 1000}
_READ_AT_ONCE: Final = 1000
_FINGERPRINT: Final = "fingerprint"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelId:
    """Which model made the vectors: those of two models cannot be compared."""

    name: str
    revision: str

    def __str__(self) -> str:
        return f"{self.name} (revision {self.revision[:12]})"


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexRow:
    """What the index holds of one entry.

    Attributes:
        id: The entry's id.
        vector: Of length one, `[dimension]`.
        fingerprint: Tells whether the entry was changed since.
        labels: Text, or lists of text that are not empty: all that Chroma can hold.
    """

    id: str
    vector: Vector
    fingerprint: str
    labels: Mapping[str, str | list[str]]


class VectorIndex:
    """One Chroma collection in a folder of its own. One process, one instance, at a time.

    Up to `EXACT_UP_TO` rows it also holds the vectors in memory and compares with all of them; beyond that it asks
    Chroma's graph, which is fast and may miss. Every method raises `IndexUnavailable` where Chroma fails.

    Args:
        folder: Where it lives; made where it is missing.
        model: What makes the vectors.
        exact_up_to: Most rows that are compared one by one.

    Raises:
        IndexUnavailable: What is in the folder cannot be read.
        OtherModel: It was made with another model.
    """

    def __init__(self, folder: Path, model: ModelId, *, exact_up_to: int = EXACT_UP_TO) -> None:
        self._folder, self._model, self._exact_up_to = folder, model, exact_up_to
        self._client = self._connected()
        try:
            with self._translated("cannot be opened"):
                self._collection = self._existing() or self._create()
            self._refuse_unsuitable()
            self._exact = self._loaded()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the folder."""
        self._client.close()

    def upsert(self, rows: Sequence[IndexRow]) -> None:
        """Write rows, in place of those of the same id."""
        for start in range(0, len(rows), WRITTEN_AT_ONCE):
            some = rows[start : start + WRITTEN_AT_ONCE]
            metadatas = [{_FINGERPRINT: row.fingerprint, **row.labels} for row in some]
            with self._translated("cannot be written"):
                self._collection.upsert(
                    ids=[row.id for row in some],
                    embeddings=np.stack([row.vector for row in some]),
                    metadatas=cast("Any", metadatas),
                )
            if self._exact is not None:
                for row in some:
                    self._exact.put(row.id, row.vector)
                if len(self._exact) > self._exact_up_to:
                    self._exact = None

    def delete(self, ids: Sequence[str]) -> None:
        """Forget rows; an id that is not there is passed over."""
        for start in range(0, len(ids), WRITTEN_AT_ONCE):
            some = list(ids[start : start + WRITTEN_AT_ONCE])
            with self._translated("cannot be written"):
                self._collection.delete(ids=some)
            if self._exact is not None:
                for entry_id in some:
                    self._exact.drop(entry_id)

    def nearest(self, vector: Vector, limit: int) -> dict[str, float]:
        """Find the most alike, as id to cosine similarity in -1..1."""
        if self._exact is not None:
            return self._exact.nearest(vector, limit)
        with self._translated("cannot be searched"):
            found = self._collection.query(query_embeddings=vector[np.newaxis], n_results=limit, include=["distances"])
        distances = found["distances"] or [[]]
        return {entry_id: 1.0 - distance for entry_id, distance in zip(found["ids"][0], distances[0], strict=True)}

    def similarities(self, vector: Vector, ids: Sequence[str]) -> dict[str, float]:
        """Compare with rows chosen by id, as id to cosine similarity in -1..1; an id that is not there is left out."""
        if self._exact is not None:
            return self._exact.similarities(vector, ids)
        return ExactVectors(self._vectors(ids=list(ids)) if ids else {}).similarities(vector, ids)

    def fingerprints(self) -> dict[str, str]:
        """Read what is indexed, as id to fingerprint."""
        found: dict[str, str] = {}
        for offset in self._offsets():
            with self._translated("cannot be read"):
                page = self._collection.get(limit=_READ_AT_ONCE, offset=offset, include=["metadatas"])
            for entry_id, metadata in zip(page["ids"], page["metadatas"] or [], strict=True):
                found[entry_id] = str((metadata or {}).get(_FINGERPRINT, ""))
        return found

    def _connected(self) -> Client:
        try:
            with self._translated("cannot be opened"):
                client = chromadb.PersistentClient(self._folder, Settings(anonymized_telemetry=False))
        except IndexUnavailable:
            # Chroma keeps what failed to start, and would hand it out again for the same folder made anew.
            SharedSystemClient._identifier_to_system.pop(str(self._folder), None)
            raise
        return cast("Client", client)  # Which it is; the declared type lacks `close`.

    def _existing(self) -> chromadb.Collection | None:
        known = {collection.name for collection in self._client.list_collections()}
        # Without an embedding function of its own, Chroma would fetch a model from the network at first use.
        return self._client.get_collection(COLLECTION, embedding_function=None) if COLLECTION in known else None

    def _create(self) -> chromadb.Collection:
        return self._client.create_collection(
            COLLECTION,
            configuration={"hnsw": cast("Any", _GRAPH)},
            metadata={"embedding_model": self._model.name, "embedding_revision": self._model.revision},
            embedding_function=None,
        )

    def _refuse_unsuitable(self) -> None:
        written = self._collection.metadata or {}
        made_with = ModelId(
            name=str(written.get("embedding_model", "an unnamed model")),
            revision=str(written.get("embedding_revision", "unknown")),
        )
        if made_with != self._model:
            raise OtherModel(str(self._folder), str(made_with), str(self._model))
        # The parsed `configuration` warns of a deprecated function that nobody configured.
        space = (self._collection.configuration_json.get("hnsw") or {}).get("space")
        if space != _GRAPH["space"]:
            raise IndexUnavailable(str(self._folder), f"measures distance as {space}, not as {_GRAPH['space']}")

    def _loaded(self) -> ExactVectors | None:
        """Read the vectors, which Chroma can lose while it still lists their rows."""
        with self._translated("cannot be read"):
            count = self._collection.count()
        if count > self._exact_up_to:
            return None
        vectors: dict[str, Vector] = {}
        for offset in self._offsets():
            vectors |= self._vectors(limit=_READ_AT_ONCE, offset=offset)
        if len(vectors) != count:
            raise IndexUnavailable(str(self._folder), f"gives {len(vectors)} vectors for {count} rows")
        return ExactVectors(vectors)

    def _vectors(self, **which: Any) -> dict[str, Vector]:
        with self._translated("cannot be read"):
            page = self._collection.get(include=["embeddings"], **which)
            vectors = page["embeddings"]
            if vectors is None:
                return {}
            return {
                entry_id: np.asarray(vector, dtype=np.float32)
                for entry_id, vector in zip(page["ids"], vectors, strict=True)
            }

    def _offsets(self) -> range:
        with self._translated("cannot be read"):
            return range(0, self._collection.count(), _READ_AT_ONCE)

    @contextmanager
    def _translated(self, what: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # Chroma raises its own errors, SQLite's, NumPy's and plain ones alike.
            raise IndexUnavailable(str(self._folder), f"{what}: {error}") from error
        except BaseException as error:
            # Chroma's Rust part reports a broken file by a panic, which is no Exception.
            if type(error).__name__ != "PanicException":
                raise
            raise IndexUnavailable(str(self._folder), f"{what}: {error}") from error


def discard_index(folder: Path) -> None:
    """Remove an index from the disk; nobody may have it open.

    Raises:
        IndexUnavailable: It cannot be removed.
    """
    try:
        if folder.is_dir():
            shutil.rmtree(folder)
        else:
            folder.unlink(missing_ok=True)
    except OSError as error:
        raise IndexUnavailable(str(folder), f"cannot be removed: {error}") from error
