"""Records and an index in memory, as a catalogue sees them, shared by the tests of searching."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from knowledge_base import Entry, FeedbackCounts, HashingEmbedder, ReviewStatus
from knowledge_base.search.catalogue import Catalogue
from knowledge_base.search.passages import fingerprint, passages
from knowledge_base.search.searcher import Searcher
from knowledge_base.search.vector_table import Vectors

EMBEDDER = HashingEmbedder()


@dataclass(frozen=True, slots=True)
class Change:
    id: str
    entry: Entry | None
    counts: FeedbackCounts
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Held:
    fingerprint: str
    vectors: Vectors


@dataclass
class World:
    """What several servers see: each `write` is a change of its own, and indexing is a step of its own."""

    entries: dict[str, Entry] = field(default_factory=dict)
    counts: dict[str, FeedbackCounts] = field(default_factory=dict)
    indexed: dict[str, Held] = field(default_factory=dict)
    asked_of_index: int = 0
    while_read: Callable[[], None] | None = None
    """What another server does while the changes are being read, once."""
    _changes: dict[str, int] = field(default_factory=dict)

    def write(self, *entries: Entry, index: bool = True) -> None:
        for entry in entries:
            self.entries[entry.id] = entry
            self._bump(entry.id)
            if index:
                self.index(entry.id)

    def judge(self, entry_id: str, counts: FeedbackCounts) -> None:
        self.counts[entry_id] = counts
        self._bump(entry_id)

    def index(self, entry_id: str) -> None:
        entry = self.entries[entry_id]
        self.indexed[entry_id] = Held(fingerprint(entry), EMBEDDER.embed_documents(passages(entry)))

    def change(self) -> int:
        return max(self._changes.values(), default=0)

    def changed_since(self, number: int) -> Iterator[Change]:
        while later := sorted((at, entry_id) for entry_id, at in self._changes.items() if at > number):
            number, entry_id = later[0]
            entry = self.entries[entry_id]
            gone = entry.status is ReviewStatus.DEPRECATED
            counts = self.counts.get(entry_id, FeedbackCounts())
            yield Change(entry_id, None if gone else entry, counts, fingerprint(entry))
            if self.while_read is not None:
                act, self.while_read = self.while_read, None
                act()

    def many(self, ids: Collection[str]) -> Mapping[str, Entry]:
        return {entry_id: self.entries[entry_id] for entry_id in ids if entry_id in self.entries}

    def held(self, entry_ids: Sequence[str]) -> Mapping[str, Held]:
        self.asked_of_index += len(entry_ids)
        return {entry_id: self.indexed[entry_id] for entry_id in entry_ids if entry_id in self.indexed}

    def nearest(self, vector: Vectors, limit: int) -> Mapping[str, float]:
        alike = {entry_id: float((one.vectors @ vector).max()) for entry_id, one in self.indexed.items()}
        return {entry_id: alike[entry_id] for entry_id in sorted(alike, key=lambda each: -alike[each])[:limit]}

    def catalogue(self, **settings: int) -> Catalogue:
        return Catalogue(self, self, **settings)

    def searcher(self, catalogue: Catalogue | None = None) -> Searcher:
        return Searcher(catalogue or self.catalogue(), self, EMBEDDER)

    def _bump(self, entry_id: str) -> None:
        self._changes[entry_id] = self.change() + 1


def ids_allowed(catalogue: Catalogue, allowed: np.ndarray) -> set[str]:
    return {catalogue.ids[row] for row in np.flatnonzero(allowed).tolist()}
