"""The retrieval index in one Chroma collection, wherever Chroma runs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, Final, TypeVar, cast

import chromadb
import numpy as np
from chromadb.api.client import Client
from chromadb.errors import ChromaError, NotFoundError

from knowledge_base.errors import IndexBroken, IndexUnavailable, OtherModel
from knowledge_base.index.graph import GRAPH, Graph
from knowledge_base.index.row_id import RowId, named, states
from knowledge_base.index.vector_index import Held, IndexRow, ModelId, Vector, Vectors

WRITTEN_AT_ONCE: Final = 250
_READ_AT_ONCE: Final = 1000
_SPACE: Final = "cosine"
# Counts up when what is kept in a row changes, so that an older index is made anew.
_LAYOUT: Final = 2
_ENTRY: Final = "entry"
_NO_FUNCTION: Final = {"type": "legacy"}  # Chroma's word for a collection that was made without one.

Answer = TypeVar("Answer")


class ChromaIndex(ABC):
    """All of an index that is the same in a folder and on a server. Not safe to share between threads.

    Args:
        address: Where it is kept, as people know it.
        model: What makes its vectors.
        collection: What the collection is called.
        graph: What a new one is made with.
    """

    def __init__(self, address: str, model: ModelId, *, collection: str, graph: Graph = GRAPH) -> None:
        self.address, self.model = address, model
        self._name, self._graph = collection, graph
        self._client: Client | None = None
        self._opened: chromadb.Collection | None = None

    @abstractmethod
    def _connected(self) -> Client:
        """Reach Chroma."""

    @abstractmethod
    def recreate(self) -> None:
        """Throw everything away, whatever made it, and begin empty."""

    def open(self) -> None:
        """Take what is there, and make an empty one where nothing is.

        Raises:
            OtherModel: What is there was made with another model; it is left alone.
            IndexBroken: What is there cannot be read and may be thrown away, which `recreate` does.
            IndexUnavailable: Nobody can say what is there.
        """
        try:
            if self._client is None:
                self._client = self._connected()
            with self._translated("cannot be opened"):
                found = self._existing() or self._created()
            self._refuse_unsuitable(found)
            self._opened = found
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of it; again is harmless."""
        client, self._client, self._opened = self._client, None, None
        if client is not None:
            client.close()

    def upsert(self, rows: Sequence[IndexRow]) -> None:
        """Write entries, in place of all that was held of them.

        Args:
            rows: All passages of each entry, one entry after the other.
        """
        for some in _whole_entries(named(rows)):
            owners = {row_id.entry_id for row_id, _ in some}
            wanted = {str(row_id): row for row_id, row in some}
            # A row of that name has that content already, and writing one again takes Chroma's graph a hundred times as
            # long as writing a new one.
            there = set(self._ids_of(owners))
            self._add_rows({row_id: row for row_id, row in wanted.items() if row_id not in there})
            # What was held before goes last: an end in between leaves two states, which `fingerprints` tells.
            self._delete_rows([row_id for row_id in self._ids_of(owners) if row_id not in wanted])

    def delete(self, entry_ids: Sequence[str]) -> None:
        """Forget entries; one that is not there is passed over."""
        for start in range(0, len(entry_ids), WRITTEN_AT_ONCE):
            self._delete_rows(self._ids_of(entry_ids[start : start + WRITTEN_AT_ONCE]))

    def held(self, entry_ids: Sequence[str]) -> dict[str, Held]:
        """Read what is held of entries; those of which nothing whole is held are left out."""
        found: dict[str, Held] = {}
        for start in range(0, len(entry_ids), _READ_AT_ONCE):
            some = list(entry_ids[start : start + _READ_AT_ONCE])
            page = self._ask("cannot be read", lambda one: one.get(where=_of(some), include=["embeddings"]))  # noqa: B023 - at once
            vectors = {RowId.parsed(row): vector for row, vector in zip(page["ids"], _matrix(page), strict=True)}
            by_state: defaultdict[tuple[str, str], list[RowId]] = defaultdict(list)
            for row_id in sorted(vectors, key=lambda row_id: row_id.passage):
                by_state[row_id.entry_id, row_id.fingerprint].append(row_id)
            for (entry_id, fingerprint), rows in by_state.items():
                if len(rows) == rows[0].passages:
                    found[entry_id] = Held(fingerprint=fingerprint, vectors=np.stack([vectors[row] for row in rows]))
        return found

    def nearest(self, vector: Vector, limit: int, where: Mapping[str, str] | None = None) -> dict[str, float]:
        """Find the entries that mean the most alike, as id to cosine in -1..1 of the best passage, best first.

        Args:
            vector: What is looked for, `[dimension]`.
            limit: Most entries to find.
            where: Labels that an entry has to have; of a list of text, one has to be equal.
        """
        rows, reach = self.count(), limit
        while True:
            found, seen = self._nearest_rows(vector, min(reach, rows), where)
            # Passages of one entry may take the places of other entries.
            if len(found) >= limit or seen < reach:
                return dict(list(found.items())[:limit])
            reach *= 2

    def fingerprints(self) -> dict[str, str]:
        """Read which entries it holds, as id to fingerprint, `TORN` for one that is not whole."""
        page = self._ask("cannot be read", lambda found: found.get(include=[]))
        return states(RowId.parsed(row) for row in page["ids"])

    def all_vectors(self) -> Iterator[tuple[Sequence[str], Vectors]]:
        """Read everything in pages: whose passages they are, and their vectors, `[passage, dimension]`."""
        for offset in range(0, self.count(), _READ_AT_ONCE):
            page = self._ask(
                "cannot be read",
                lambda found: found.get(limit=_READ_AT_ONCE, offset=offset, include=["embeddings"]),  # noqa: B023 - at once
            )
            if page["ids"]:
                yield [RowId.parsed(row).entry_id for row in page["ids"]], _matrix(page)

    def count(self) -> int:
        """Say how many rows it holds."""
        return self._ask("cannot be read", lambda found: found.count())

    def _nearest_rows(
        self, vector: Vector, reach: int, where: Mapping[str, str] | None
    ) -> tuple[dict[str, float], int]:
        if reach == 0:
            return {}, 0
        found = self._ask(
            "cannot be searched",
            lambda one: one.query(
                query_embeddings=vector[np.newaxis], n_results=reach, where=_labelled(where), include=["distances"]
            ),
        )
        ids, distances = found["ids"][0], (found["distances"] or [[]])[0]
        best: dict[str, float] = {}
        for row, distance in zip(ids, distances, strict=True):
            best.setdefault(RowId.parsed(row).entry_id, 1.0 - distance)
        return best, len(ids)

    def _ids_of(self, entry_ids: Sequence[str] | set[str]) -> list[str]:
        if not entry_ids:
            return []
        where = _of(list(entry_ids))
        return self._ask("cannot be read", lambda found: found.get(where=where, include=[]))["ids"]

    def _add_rows(self, rows: Mapping[str, IndexRow]) -> None:
        if not rows:
            return
        metadatas: Any = [{_ENTRY: row.entry_id, **row.labels} for row in rows.values()]
        embeddings = np.stack([row.vector for row in rows.values()])
        # Not `add`: where another server was quicker, that would be no error, and no row.
        self._ask(
            "cannot be written",
            lambda found: found.upsert(ids=list(rows), embeddings=embeddings, metadatas=metadatas),
        )

    def _delete_rows(self, ids: list[str]) -> None:
        if ids:
            self._ask("cannot be written", lambda found: found.delete(ids=ids))

    def _ask(self, what: str, ask: Callable[[chromadb.Collection], Answer]) -> Answer:
        if self._opened is None:
            raise IndexUnavailable(self.address, f"{what}: it is not open")
        try:
            with self._translated(what, but=NotFoundError):
                return ask(self._opened)
        except NotFoundError:
            # Another server made the index anew, and under the same name there is another collection now.
            self._opened = self._made_anew()
            with self._translated(what):
                return ask(self._opened)

    def _made_anew(self) -> chromadb.Collection:
        with self._translated("cannot be opened"):
            found = self._existing()
        if found is None:
            raise IndexUnavailable(self.address, "another server is making it anew; try again in a moment")
        self._refuse_unsuitable(found)
        return found

    def _existing(self) -> chromadb.Collection | None:
        client = self._reached()
        known = {collection.name for collection in client.list_collections()}
        # Without a None here, Chroma would fetch a model from the network at first use, or load the one that the
        # collection names, which is how a store that others can write to runs their code.
        return client.get_collection(self._name, embedding_function=None) if self._name in known else None

    def _created(self) -> chromadb.Collection:
        try:
            return self._reached().create_collection(
                self._name,
                configuration={"hnsw": cast("Any", {"space": _SPACE, **asdict(self._graph)})},
                metadata={
                    "embedding_model": self.model.name,
                    "embedding_revision": self.model.revision,
                    "layout": _LAYOUT,
                },
                embedding_function=None,
            )
        except ChromaError:
            # Another server may have been quicker. `get_or_create` would take any collection of that name, whatever
            # its configuration, and say nothing.
            found = self._existing()
            if found is None:
                raise
            return found

    def _reached(self) -> Client:
        if self._client is None:
            self._client = self._connected()
        return self._client

    def _refuse_unsuitable(self, found: chromadb.Collection) -> None:
        written = found.metadata or {}
        made_with = ModelId(
            name=str(written.get("embedding_model", "an unnamed model")),
            revision=str(written.get("embedding_revision", "unknown")),
        )
        if made_with != self.model:
            raise OtherModel(self.address, str(made_with), str(self.model))
        # The parsed `configuration` warns of a deprecated function that nobody configured, and builds what it names.
        configuration = found.configuration_json
        if (configuration.get("embedding_function") or _NO_FUNCTION) != _NO_FUNCTION:
            raise IndexBroken(self.address, "names a function to embed with, which could be anybody's code")
        space = (configuration.get("hnsw") or {}).get("space")
        if space != _SPACE:
            raise IndexBroken(self.address, f"measures distance as {space}, not as {_SPACE}")
        if written.get("layout") != _LAYOUT:
            raise IndexBroken(self.address, "was written by another version")

    @contextmanager
    def _translated(self, what: str, *, but: type[Exception] | tuple[()] = ()) -> Iterator[None]:
        try:
            yield
        except IndexUnavailable:
            raise
        except but:
            raise
        except Exception as error:  # Chroma raises its own errors, SQLite's, NumPy's, httpx's and plain ones alike.
            raise self._problem(what, error) from error
        except BaseException as error:
            # Chroma's Rust part reports a broken file by a panic, which is no Exception.
            if type(error).__name__ != "PanicException":
                raise
            raise self._problem(what, error) from error

    def _problem(self, what: str, error: BaseException) -> IndexUnavailable:
        """Say in our words what Chroma failed with."""
        return IndexUnavailable(self.address, f"{what}: {error}")


def _whole_entries(rows: Sequence[tuple[RowId, IndexRow]]) -> Iterator[Sequence[tuple[RowId, IndexRow]]]:
    """Cut rows into batches, each written in one transaction, so that no entry is cut in two."""
    start = 0
    while start < len(rows):
        end = min(start + WRITTEN_AT_ONCE, len(rows))
        while end < len(rows) and rows[end][0].passage > 0:
            end += 1
        yield rows[start:end]
        start = end


def _of(entry_ids: Sequence[str]) -> Any:
    return {_ENTRY: {"$in": list(entry_ids)}}


def _labelled(where: Mapping[str, str] | None) -> Any:
    # A label may be a text or a list of texts, and Chroma asks for them in different ways.
    wanted = [{"$or": [{name: {"$eq": text}}, {name: {"$contains": text}}]} for name, text in (where or {}).items()]
    if not wanted:
        return None  # Chroma refuses an empty condition.
    return wanted[0] if len(wanted) == 1 else {"$and": wanted}


def _matrix(page: Any) -> Vectors:
    vectors = page["embeddings"]
    return np.asarray([] if vectors is None else vectors, dtype=np.float32)
