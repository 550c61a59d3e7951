"""Keeping the retrieval index in step with the records."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from knowledge_base.embedding import Embedder
from knowledge_base.entry import Entry, ReviewStatus
from knowledge_base.errors import IndexUnavailable, OtherModel
from knowledge_base.index import WRITTEN_AT_ONCE, IndexRow, ModelId, VectorIndex, discard_index
from knowledge_base.index_check import IndexCheck
from knowledge_base.records import Records
from knowledge_base.similarity import searchable_text

INDEX_FOLDER: Final = "index"

Progress = Callable[[int, int], None]
"""Called with how many entries are done, and how many there are."""


class IndexKeeper:
    """Owns the index of one folder and everything that is written to it. Not safe to share between threads.

    Attributes:
        index: To search in; another object after `rebuild`.
        opening: What differed when it was opened, all of it repaired since.

    Args:
        folder: The index's own folder; what is in it can be thrown away at any time.
        records: What the index is made from.
        embedder: What makes the vectors.
        anew: Throw away what is there, which is how another model is taken.
        progress: Told how far a making anew has come.

    Raises:
        OtherModel: The index was made with another model, and is not to be made anew.
        IndexUnavailable: No index can be written there.
        ModelUnavailable: Something has to be embedded, and the model cannot be loaded.
    """

    def __init__(
        self,
        folder: Path,
        records: Records,
        embedder: Embedder,
        *,
        anew: bool = False,
        progress: Progress | None = None,
    ) -> None:
        self._folder, self._records, self._embedder = folder, records, embedder
        self._model = ModelId(name=embedder.name, revision=embedder.revision)
        if anew:
            self._discard()
        unreadable = None
        try:
            self.index = VectorIndex(folder, self._model)
        except OtherModel:
            raise
        except IndexUnavailable as error:
            unreadable = error.problem
            self._discard()
            self.index = VectorIndex(folder, self._model)
        try:
            self.opening = self.check(unreadable=unreadable)
            self._repair(self.opening, progress)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the index."""
        self.index.close()

    def row(self, entry: Entry) -> IndexRow | None:
        """Embed an entry; None for one that no search may return.

        Raises:
            ModelUnavailable: The model cannot be loaded.
        """
        if entry.status is ReviewStatus.DEPRECATED:
            return None
        return self._rows([entry])[0]

    def write(self, entry_id: str, row: IndexRow | None) -> None:
        """Put what `row` gave into the index, in place of what it held of that entry.

        Raises:
            IndexUnavailable: It cannot be written.
        """
        if row is None:
            self.index.delete([entry_id])
        else:
            self.index.upsert([row])

    def check(self, *, unreadable: str | None = None) -> IndexCheck:
        """Compare every record with what the index holds of it.

        Raises:
            IndexUnavailable: The index cannot be read.
        """
        wanted = {entry.id: _fingerprint(entry) for entry in self._records.findable()}
        held = self.index.fingerprints()
        return IndexCheck(
            findable=len(wanted),
            indexed=len(held),
            missing=tuple(entry_id for entry_id in wanted if entry_id not in held),
            changed=tuple(
                entry_id for entry_id, print_ in wanted.items() if entry_id in held and held[entry_id] != print_
            ),
            surplus=tuple(sorted(held.keys() - wanted.keys())),
            unreadable=unreadable,
        )

    def rebuild(self, progress: Progress | None = None) -> int:
        """Make the index anew from the records, and say how many entries it holds.

        Raises:
            IndexUnavailable: It cannot be written.
            ModelUnavailable: The model cannot be loaded; the index is left as it was.
        """
        self._discard_after(self.index.close)
        self.index = VectorIndex(self._folder, self._model)
        found = self.check()
        self._repair(found, progress)
        return found.findable

    def _discard(self) -> None:
        self._discard_after(lambda: None)

    def _discard_after(self, let_go: Callable[[], None]) -> None:
        self._embedder.embed_documents(["a model that can be loaded"])  # Without one, a poor index is better than none.
        let_go()
        discard_index(self._folder)

    def _repair(self, found: IndexCheck, progress: Progress | None) -> None:
        self.index.delete(found.surplus)
        wanted = [*found.missing, *found.changed]
        for start in range(0, len(wanted), WRITTEN_AT_ONCE):
            entries = self._records.many(wanted[start : start + WRITTEN_AT_ONCE])
            self.index.upsert(self._rows(list(entries.values())))
            if progress is not None:
                progress(min(start + WRITTEN_AT_ONCE, len(wanted)), len(wanted))

    def _rows(self, entries: Sequence[Entry]) -> list[IndexRow]:
        vectors = self._embedder.embed_documents([searchable_text(entry) for entry in entries])
        return [
            IndexRow(id=entry.id, vector=vector, fingerprint=_fingerprint(entry), labels=_labels(entry))
            for entry, vector in zip(entries, vectors, strict=True)
        ]


def _fingerprint(entry: Entry) -> str:
    """Give SHA-256 of all that the index holds of an entry."""
    content = json.dumps([searchable_text(entry), _labels(entry)], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def _labels(entry: Entry) -> dict[str, str | list[str]]:
    """Give what other readers of the index may filter by; Chroma takes neither None nor an empty list."""
    labels: dict[str, str | list[str] | None] = {
        "kind": entry.kind,
        "status": entry.status.value,
        "fault_kind": entry.fault_kind,
        "services": list(entry.services),
        "environment": entry.environment,
    }
    return {name: value for name, value in labels.items() if value}
