"""The retrieval index in a folder of its own, with Chroma in this process."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final, cast

import chromadb
from chromadb.api.client import Client
from chromadb.api.shared_system_client import SharedSystemClient
from chromadb.config import Settings

from knowledge_base.errors import IndexBroken, IndexUnavailable, OtherModel
from knowledge_base.index.chroma_index import ChromaIndex
from knowledge_base.index.graph import GRAPH, Graph
from knowledge_base.index.soundness import problem_of_folder, problem_of_vectors
from knowledge_base.index.vector_index import ModelId

COLLECTION: Final = "entries"
_IN_USE: Final = "in-use"
_DISCARDED: Final = ".discarded"


class EmbeddedIndex(ChromaIndex):
    """An index in a folder. One process, one instance, at a time: the caller holds a lock on it.

    Args:
        folder: Where it lives; made where it is missing, and what is in it can be thrown away at any time.
        model: What makes its vectors.
        graph: What a new one is made with.
    """

    def __init__(self, folder: Path, model: ModelId, *, graph: Graph = GRAPH) -> None:
        super().__init__(str(folder), model, collection=COLLECTION, graph=graph)
        self._folder = folder
        self._was_ended = False

    def open(self) -> None:
        """Take what is there, and make an empty one where nothing is.

        Some vectors are read, since Chroma can lose them while it still lists their rows. Where the process that last
        had it was ended in the middle, another process reads all of them first: a half-written graph ends the reader.

        Raises:
            OtherModel: What is there was made with another model; it is left alone.
            IndexBroken: What is there cannot be read and may be thrown away, which `recreate` does.
        """
        self._remove_discarded()
        try:
            if (self._folder / _IN_USE).exists():
                problem = problem_of_folder(self._folder, COLLECTION)
                if problem is not None:
                    raise IndexBroken(self.address, problem)
            super().open()
            self._refuse_unsound()
        except OtherModel:
            raise
        except IndexUnavailable as error:
            self.close()
            raise IndexBroken(self.address, error.problem) from error

    def recreate(self) -> None:
        """Throw everything away, whatever made it, and begin empty."""
        self.close()
        discarded = self._folder.with_name(self._folder.name + _DISCARDED)
        self._remove_discarded()
        try:
            # Renamed first, since an end in the middle of removing would leave half of it in its place.
            if self._folder.exists():
                self._folder.rename(discarded)
        except OSError as error:
            raise IndexUnavailable(self.address, f"cannot be removed: {error}") from error
        self._remove_discarded()
        super().open()

    def close(self) -> None:
        """Let go of the folder; again is harmless."""
        was_open = self._client is not None
        super().close()
        if was_open:
            (self._folder / _IN_USE).unlink(missing_ok=True)

    def _connected(self) -> Client:
        try:
            with self._translated("cannot be opened"):
                self._folder.mkdir(parents=True, exist_ok=True)
                (self._folder / _IN_USE).touch()
                client = chromadb.PersistentClient(self._folder, Settings(anonymized_telemetry=False))
        except IndexUnavailable:
            # Chroma keeps what failed to start, and would hand it out again for the same folder made anew.
            SharedSystemClient._identifier_to_system.pop(str(self._folder), None)
            raise
        return cast("Client", client)  # Which it is; the declared type lacks `close`.

    def _refuse_unsound(self) -> None:
        with self._translated("cannot be read"):
            problem = self._ask("cannot be read", lambda found: problem_of_vectors(found, thorough=False))
        if problem is not None:
            raise IndexBroken(self.address, problem)

    def _remove_discarded(self) -> None:
        discarded = self._folder.with_name(self._folder.name + _DISCARDED)
        try:
            if discarded.is_dir():
                shutil.rmtree(discarded)
            else:
                discarded.unlink(missing_ok=True)
        except OSError as error:
            raise IndexUnavailable(self.address, f"{discarded} cannot be removed: {error}") from error
