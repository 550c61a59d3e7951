"""Keeping the retrieval index in step with the records."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

from knowledge_base.embedding.embedder import Embedder
from knowledge_base.entry import Entry, ReviewStatus
from knowledge_base.errors import IndexBroken
from knowledge_base.index.check import IndexCheck
from knowledge_base.index.labels import labels
from knowledge_base.index.vector_index import IndexRow, VectorIndex

# Enough for the embedder to sort texts by length, and little enough for progress to be seen.
TAKEN_AT_ONCE: Final = 100
_SETTLINGS: Final = 5

Progress = Callable[[int, int], None]
"""Called with how many entries are done, and how many there are."""


class FindableRecords(Protocol):
    """The records, as far as the index is made from them."""

    def findable_fingerprints(self) -> Mapping[str, str]:
        """Read which entries a search may return, as id to fingerprint."""
        ...

    def many(self, entry_ids: Sequence[str], /) -> Mapping[str, Entry]:
        """Read entries; one that is not there is left out."""
        ...


class IndexKeeper:
    """Writes an index, and brings it in step with the records. Not safe to share between threads.

    Several servers may keep one index on a Chroma server. Each writes what the records say, and looks at the records
    again afterwards, so whoever writes last has seen the last state; and none takes away what the records still have.

    Attributes:
        index: To search in.
        opening: What differed when it was opened, all of it repaired since.

    Args:
        index: Not opened yet.
        records: What it is made from.
        embedder: What makes the vectors; has to be the index's model.
        passages: Says which texts of an entry are embedded, at least one.
        fingerprint: Gives the mark of an entry's state, the same as `records` gives.
        anew: Throw away what is there, which is how another model is taken.
        progress: Told how far a making anew has come.

    Raises:
        OtherModel: The index was made with another model, and is not to be made anew.
        IndexUnavailable: It cannot be read or written.
        ModelUnavailable: Something has to be embedded, and the model cannot be loaded.
    """

    def __init__(
        self,
        index: VectorIndex,
        records: FindableRecords,
        embedder: Embedder,
        passages: Callable[[Entry], Sequence[str]],
        fingerprint: Callable[[Entry], str],
        *,
        anew: bool = False,
        progress: Progress | None = None,
    ) -> None:
        self.index, self._records, self._embedder = index, records, embedder
        self._passages, self._fingerprint = passages, fingerprint
        try:
            unreadable = self._open(anew=anew)
            self.opening = self.check(unreadable=unreadable)
            self.repair(self.opening, progress)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the index."""
        self.index.close()

    def check(self, *, unreadable: str | None = None) -> IndexCheck:
        """Compare every record with what the index holds of it.

        Args:
            unreadable: Why what was there before was thrown away.

        Raises:
            IndexUnavailable: The index cannot be read.
            RecordsUnavailable: The database does not answer.
        """
        # The index first: what is written to both in the meantime is then known to the records, which come first there.
        held = self.index.fingerprints()
        wanted = self._records.findable_fingerprints()
        return IndexCheck(
            findable=len(wanted),
            indexed=len(held),
            missing=tuple(entry_id for entry_id in wanted if entry_id not in held),
            changed=tuple(entry_id for entry_id, mark in wanted.items() if held.get(entry_id, mark) != mark),
            surplus=tuple(sorted(held.keys() - wanted.keys())),
            unreadable=unreadable,
        )

    def repair(self, found: IndexCheck, progress: Progress | None = None) -> None:
        """Write what `check` found to differ, as the records say it now.

        Whatever ends it, what was written stays, and the next check finds the rest.

        Raises:
            IndexUnavailable: It cannot be written.
            ModelUnavailable: The model cannot be loaded.
            RecordsUnavailable: The database does not answer.
        """
        wanted = [*found.surplus, *found.missing, *found.changed]
        for start in range(0, len(wanted), TAKEN_AT_ONCE):
            self._settle(wanted[start : start + TAKEN_AT_ONCE], {})
            if progress is not None:
                progress(min(start + TAKEN_AT_ONCE, len(wanted)), len(wanted))

    def rows(self, entries: Sequence[Entry]) -> list[IndexRow]:
        """Embed those entries that a search may return.

        Raises:
            ModelUnavailable: The model cannot be loaded.
        """
        cut = [(entry, list(self._passages(entry))) for entry in entries if _is_findable(entry)]
        vectors = iter(self._embedder.embed_documents([text for _, texts in cut for text in texts]) if cut else ())
        return [
            IndexRow(
                entry_id=entry.id,
                passage=passage,
                vector=next(vectors),
                fingerprint=self._fingerprint(entry),
                labels=labels(entry),
            )
            for entry, texts in cut
            for passage, _ in enumerate(texts)
        ]

    def write(self, entries: Sequence[Entry], rows: Sequence[IndexRow] | None = None) -> None:
        """Put entries that were recorded into the index, and take those out that no search may return.

        Args:
            entries: As the records have them.
            rows: What `rows` gave for them, where they were embedded before they were recorded.

        Raises:
            IndexUnavailable: It cannot be written; the next opening repairs that.
            ModelUnavailable: The model cannot be loaded.
            RecordsUnavailable: The database does not answer.
        """
        self._settle([entry.id for entry in entries], self._put(entries, rows))

    def rebuild(self, progress: Progress | None = None) -> int:
        """Make the index anew from the records, and say how many entries it holds.

        Raises:
            IndexUnavailable: It cannot be written.
            ModelUnavailable: The model cannot be loaded; the index is left as it was.
            RecordsUnavailable: The database does not answer.
        """
        self._recreate()
        found = self.check()
        self.repair(found, progress)
        return found.findable

    def _open(self, *, anew: bool) -> str | None:
        if anew:
            self._recreate()
            return None
        try:
            self.index.open()
        except IndexBroken as error:
            self._recreate()
            return error.problem
        return None

    def _recreate(self) -> None:
        self._embedder.embed_documents(["a model that can be loaded"])  # Without one, a poor index is better than none.
        self.index.recreate()

    def _settle(self, entry_ids: Sequence[str], written: Mapping[str, str | None]) -> None:
        """Write entries as the records have them, until the records say what was written last."""
        done = dict(written)
        for _ in range(_SETTLINGS):
            now = self._records.many(entry_ids)
            differing = [entry_id for entry_id in entry_ids if done.get(entry_id, "") != self._mark(now.get(entry_id))]
            if not differing:
                return
            done |= self._put([now[entry_id] for entry_id in differing if entry_id in now])
            gone = [entry_id for entry_id in differing if entry_id not in now]
            self.index.delete(gone)
            done |= dict.fromkeys(gone)

    def _put(self, entries: Sequence[Entry], rows: Sequence[IndexRow] | None = None) -> dict[str, str | None]:
        self.index.upsert(self.rows(entries) if rows is None else rows)
        self.index.delete([entry.id for entry in entries if not _is_findable(entry)])
        return {entry.id: self._mark(entry) for entry in entries}

    def _mark(self, entry: Entry | None) -> str | None:
        """Give the fingerprint that the index has to hold of an entry; None for nothing."""
        return self._fingerprint(entry) if entry is not None and _is_findable(entry) else None


def _is_findable(entry: Entry) -> bool:
    return entry.status is not ReviewStatus.DEPRECATED
