"""What a search compares with: every entry that can be found, in memory, in step with the records."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from knowledge_base.entry import Entry, ReviewStatus
from knowledge_base.review.feedback import feedback_factor
from knowledge_base.review.values import FeedbackCounts
from knowledge_base.search.growing import Growing
from knowledge_base.search.kind_lens import KindLens
from knowledge_base.search.passages import head, rest
from knowledge_base.search.question import Filters
from knowledge_base.search.signature_index import SignatureIndex
from knowledge_base.search.vector_table import Mask, Vectors, VectorTable
from knowledge_base.search.word_index import WordIndex
from knowledge_base.search.words import terms

# Beyond this the vectors are not held in memory, and Chroma's graph is asked: 250,000 passages take 400 MB.
EXACT_UP_TO: Final = 250_000
_TAKEN_AT_ONCE: Final = 1000
_MOST_DEAD: Final = 2000


class Changed(Protocol):
    """An entry that was changed, as the records tell it."""

    @property
    def id(self) -> str:
        """Which entry."""
        ...

    @property
    def entry(self) -> Entry | None:
        """The entry now; None where it is not to be found any more."""
        ...

    @property
    def counts(self) -> FeedbackCounts:
        """What became of it when it was recalled."""
        ...

    @property
    def fingerprint(self) -> str:
        """Mark of its state."""
        ...


class ChangeFeed(Protocol):
    """The records, as far as they say what was changed since."""

    def change(self) -> int:
        """Give the number of the last change."""
        ...

    def changed_since(self, number: int) -> Iterator[Changed]:
        """Give what was changed after that, each entry once."""
        ...


class HeldVectors(Protocol):
    """What the index holds of an entry."""

    @property
    def fingerprint(self) -> str:
        """Of which state of the entry."""
        ...

    @property
    def vectors(self) -> Vectors:
        """Its passages, `[passage, dimension]`."""
        ...


class VectorSource(Protocol):
    """The index of vectors."""

    def held(self, entry_ids: Sequence[str]) -> Mapping[str, HeldVectors]:
        """Give what is held of entries; one of which nothing is held is left out."""
        ...

    def nearest(self, vector: Vectors, limit: int) -> Mapping[str, float]:
        """Find the entries most alike, as id to cosine."""
        ...


class Catalogue:
    """Terms, vectors, signatures and labels of every entry that can be found, each in a row of its own.

    A changed entry gets a new row, and its old one is dead. Not safe to share between threads.

    Args:
        records: Says what was changed, by this server or by another one.
        index: Holds the vectors.
        exact_up_to: Most vectors that are held in memory; beyond that the index is asked.
    """

    def __init__(self, records: ChangeFeed, index: VectorSource, *, exact_up_to: int = EXACT_UP_TO) -> None:
        self._records, self._index, self._exact_up_to = records, index, exact_up_to
        self._empty()

    def _empty(self) -> None:
        self._seen = 0
        self.ids: list[str] = []
        self.words = WordIndex()
        self.heads = WordIndex()
        self.signatures = SignatureIndex()
        self._signed = Growing(np.bool_)
        self._kinds: dict[int, str] = {}
        self._lens: KindLens | None = None
        self._alive = Growing(np.bool_)
        self._approved = Growing(np.bool_)
        self._feedback = Growing(np.float32)
        self._fingerprints: list[str] = []
        self._row_of: dict[str, int] = {}
        self._labelled: defaultdict[tuple[str, str], Growing] = defaultdict(lambda: Growing(np.int32))
        self._vectors: VectorTable | None = VectorTable()
        # In the order in which they are asked for.
        self._without_vectors: dict[int, None] = {}

    def refresh(self) -> None:
        """Take up what was changed since the last time.

        Raises:
            RecordsUnavailable: The records do not answer.
            IndexUnavailable: The vectors cannot be read.
        """
        now = self._records.change()
        if now != self._seen:
            if len(self.ids) - len(self._row_of) > max(_MOST_DEAD, len(self._row_of) // 2):
                self._empty()
            self._take(self._records.changed_since(self._seen))
            self._seen = now
            self._look_through_lens()
        if self._without_vectors:
            self._take_vectors()

    def row(self, entry_id: str) -> int | None:
        """Give the row of an entry; None where it cannot be found."""
        return self._row_of.get(entry_id)

    def __len__(self) -> int:
        return len(self._row_of)

    @property
    def has_signature(self) -> Mask:
        """Which rows have a signature, `[row]`."""
        found: Mask = self._signed.values
        return found

    def feedback(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """Give the factors that people's feedback has on the scores of rows."""
        found: npt.NDArray[np.float32] = self._feedback.values[rows]
        return found

    def allowed(self, filters: Filters, exclude: Iterable[str]) -> Mask:
        """Say which rows may be found, `[row]`."""
        allowed: Mask = self._alive.values.copy()
        for label in _labels_of(kind=filters.kind, team=filters.team, fault_kind=filters.fault_kind):
            allowed &= self._mask(label)
        if filters.service:
            allowed &= self._mask(("service", filters.service))
        if filters.environment:
            # What names no environment is true of every one.
            allowed &= self._mask(("environment", filters.environment), ("environment", ""))
        if filters.approved_only:
            allowed &= self._approved.values
        rows = [self._row_of[entry_id] for entry_id in exclude if entry_id in self._row_of]
        allowed[rows] = False
        return allowed

    def nearest(self, vector: Vectors, limit: int, allowed: Mask) -> dict[int, float]:
        """Find the rows that mean the most alike, as row to cosine, best first."""
        if self._vectors is not None:
            return self._vectors.nearest(vector, limit, allowed)
        # The graph knows nothing of what is allowed; what is not is taken out of a longer list.
        reach = limit if allowed.all() else 4 * limit
        found = ((self._row_of.get(entry_id), alike) for entry_id, alike in self._index.nearest(vector, reach).items())
        kept = {row: alike for row, alike in found if row is not None and allowed[row]}
        return dict(list(kept.items())[:limit])

    def similarities(self, vector: Vectors, rows: Iterable[int]) -> dict[int, float]:
        """Compare the meaning of chosen rows, as row to cosine; one without vectors is left out."""
        if self._vectors is not None:
            return self._vectors.similarities(vector, rows)
        by_id = {self.ids[row]: row for row in rows}
        held = self._index.held(list(by_id))
        return {by_id[entry_id]: float((one.vectors @ vector).max()) for entry_id, one in held.items()}

    def neighbours(self, rows: Sequence[int], limit: int, least: float) -> dict[int, dict[int, float]]:
        """Find what begins most alike for each of some rows, with a cosine of at least as much.

        Nothing is found where vectors are not held in memory.
        """
        return {} if self._vectors is None else self._vectors.neighbours(rows, limit, self._alive.values, least)

    def alike_by_kind(self, signature: Mapping[str, float]) -> npt.NDArray[np.float32] | None:
        """Compare signatures as known kinds differ in them, `[row]`, in -1..1; None where too few kinds are known."""
        return None if self._lens is None else self._lens.similarities(signature)

    def _look_through_lens(self) -> None:
        if self._lens is None or self._lens.is_outgrown(len(self._kinds)):
            self._lens = KindLens.learn(self.signatures, self._kinds)
        else:
            self._lens.look_at_new(self.signatures)

    def _mask(self, *labels: tuple[str, str]) -> Mask:
        mask = np.zeros(len(self.ids), dtype=np.bool_)
        for label in labels:
            if label in self._labelled:
                mask[self._labelled[label].values] = True
        return mask

    def _take(self, changes: Iterable[Changed]) -> None:
        waiting: dict[str, tuple[Entry, FeedbackCounts, str]] = {}
        for one in changes:
            # What changes while it is read comes twice.
            waiting.pop(one.id, None)
            row = self._row_of.get(one.id)
            if row is not None and one.entry is not None and self._fingerprints[row] == one.fingerprint:
                self._feedback.values[row] = feedback_factor(one.counts)
                continue
            if row is not None:
                self._alive.values[row] = False
                self._kinds.pop(row, None)
                self._without_vectors.pop(row, None)
                del self._row_of[one.id]
            if one.entry is not None:
                waiting[one.id] = one.entry, one.counts, one.fingerprint
            if len(waiting) >= _TAKEN_AT_ONCE:
                self._add(waiting.values())
                waiting = {}
        self._add(waiting.values())

    def _add(self, entries: Iterable[tuple[Entry, FeedbackCounts, str]]) -> None:
        heads, texts = [], []
        for entry, counts, mark in entries:
            row = len(self.ids)
            self.ids.append(entry.id)
            self._row_of[entry.id] = row
            self._fingerprints.append(mark)
            heads.append(terms(head(entry)))
            texts.append([*heads[-1], *terms(rest(entry))])
            self.signatures.add(entry.signature)
            self._signed.add([any(entry.signature.values())])
            if entry.signature and entry.fault_kind:
                self._kinds[row] = entry.fault_kind
            self._feedback.add([feedback_factor(counts)])
            self._alive.add([True])
            self._approved.add([entry.status is ReviewStatus.APPROVED])
            self._label(row, entry)
            if self._vectors is not None:
                self._without_vectors[row] = None
        self.heads.add(heads)
        self.words.add(texts)

    def _label(self, row: int, entry: Entry) -> None:
        looked_up = {
            *_labels_of(kind=entry.kind, team=entry.team, fault_kind=entry.fault_kind),
            ("environment", entry.environment),
            *(("service", service) for service in entry.services),
        }
        for label in looked_up:
            self._labelled[label].add([row])

    def _take_vectors(self) -> None:
        """Read vectors that are not held yet; some may be recorded and not indexed so far, by us or another server.

        During a large import that is true of most: what is not there goes to the end of the line, and no more is asked.
        """
        if self._vectors is None:
            return
        for _ in range(0, len(self._without_vectors), _TAKEN_AT_ONCE):
            rows = {self.ids[row]: row for row in islice(self._without_vectors, _TAKEN_AT_ONCE)}
            held = self._index.held(list(rows))
            for entry_id, row in rows.items():
                del self._without_vectors[row]
                one = held.get(entry_id)
                if one is not None and one.fingerprint == self._fingerprints[row]:
                    self._vectors.add(row, one.vectors)
                else:
                    self._without_vectors[row] = None
            if not held:
                return
            if len(self._vectors) > self._exact_up_to:
                self._vectors = None
                self._without_vectors.clear()
                return


def _labels_of(**labels: str | None) -> list[tuple[str, str]]:
    return [(name, value) for name, value in labels.items() if value]
