"""BM25 over entries that come and change while it is being asked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import bm25s
import numpy as np
import numpy.typing as npt

from knowledge_base.search.growing import Growing

# Rows that came since the index was made are indexed apart, which takes milliseconds; 100,000 anew take seconds.
_MOST_RECENT: Final = 2000
_SHARE_RECENT: Final = 0.1
_K1: Final = 1.5
_B: Final = 0.75
MOST_OF_A_TERM: Final = _K1 + 1
"""A term's score is under its rarity times this, however often a text has it."""
Terms = npt.NDArray[np.int32]


class WordIndex:
    """Terms of texts, numbered from 0 in the order in which they were added, and how well each answers a question.

    The scores are those of Lucene's BM25 as bm25s computes them (Lù, "BM25S: Orders of magnitude faster lexical search
    via eager sparse scoring", 2024), k1 1.5 and b 0.75.
    """

    def __init__(self) -> None:
        self._number: dict[str, int] = {}
        self._name: list[str] = []
        self._rows: list[Terms] = []
        self._frequency = Growing(np.int64)
        self._main: _Part | None = None
        self._recent: _Part | None = None

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, term: object) -> bool:
        return term in self._number

    def add(self, texts: Sequence[Sequence[str]]) -> None:
        """Number the terms of texts, and keep them."""
        for text in texts:
            for term in text:
                if term not in self._number:
                    self._number[term] = len(self._name)
                    self._name.append(term)
            row = np.fromiter((self._number[term] for term in text), dtype=np.int32, count=len(text))
            self._rows.append(row)
            self._frequency.add(np.zeros(len(self._name) - len(self._frequency), dtype=np.int64))
            self._frequency.values[np.unique(row)] += 1

    def numbers(self, terms: Sequence[str]) -> Terms:
        """Give the numbers of terms that are known, each once, in their order."""
        known = dict.fromkeys(self._number[term] for term in terms if term in self._number)
        return np.fromiter(known, dtype=np.int32, count=len(known))

    def shared(self, numbers: Terms, row: int) -> list[str]:
        """Name those of some terms that a text has, the rarest first."""
        mine = numbers[np.isin(numbers, self._rows[row])]
        return [self._name[number] for number in mine[np.argsort(-self.rarity(mine), kind="stable")].tolist()]

    def has_all(self, terms: Sequence[str], rows: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Say which texts have every one of some terms, `[row]`; none has all of no terms."""
        numbers = self.numbers(terms)
        if not terms or len(numbers) < len(set(terms)):
            return np.zeros(len(rows), dtype=np.bool_)
        return np.array([bool(np.isin(numbers, self._rows[row]).all()) for row in rows.tolist()], dtype=np.bool_)

    def rarity(self, numbers: Terms) -> npt.NDArray[np.float64]:
        """Say how rare each term is: the inverse document frequency, in nats."""
        frequency = self._frequency.values[numbers]
        found: npt.NDArray[np.float64] = np.log1p((len(self._rows) - frequency + 0.5) / (frequency + 0.5))
        return found

    @property
    def rarity_of_unknown(self) -> float:
        """How rare a term is that no text has."""
        return math.log1p((len(self._rows) + 0.5) / 0.5)

    def scores(self, numbers: Terms) -> npt.NDArray[np.float32]:
        """Score every text for the terms of a question, `[row]`; 0 for one that has none of them."""
        self._make()
        found = np.zeros(len(self._rows), dtype=np.float32)
        if self._main is not None:
            found[: self._main.end] = self._main.scores(numbers)
        if self._recent is not None:
            found[self._recent.start : self._recent.end] = self._recent.scores_as_rare_as(numbers, self.rarity(numbers))
        return found

    def _make(self) -> None:
        count, made = len(self._rows), self._main.end if self._main else 0
        if count - made > max(_MOST_RECENT, _SHARE_RECENT * made):
            self._main, self._recent = _Part(self._rows, 0), None
        elif count > (self._recent.end if self._recent else made):
            self._recent = _Part(self._rows[made:], made)


class _Part:
    """A run of rows that bm25s has indexed, with term numbers of its own so that a small part has a small index."""

    def __init__(self, rows: Sequence[Terms], start: int) -> None:
        self.start, self.end = start, start + len(rows)
        self._terms, local = np.unique(np.concatenate(rows), return_inverse=True)
        bounds = np.cumsum([len(row) for row in rows])[:-1]
        self._bm25 = bm25s.BM25(k1=_K1, b=_B, csc_backend="scipy") if len(self._terms) else None
        if self._bm25 is not None:
            corpus = [part.tolist() for part in np.split(local, bounds)]
            vocabulary = {str(number): number for number in range(len(self._terms))}
            self._bm25.index((corpus, vocabulary), create_empty_token=False, show_progress=False)

    def scores(self, numbers: Terms) -> npt.NDArray[np.float32]:
        local = self._local(numbers)[0]
        if self._bm25 is None or not len(local):
            return np.zeros(self.end - self.start, dtype=np.float32)
        found: npt.NDArray[np.float32] = self._bm25.get_scores_from_ids(local)
        return found

    def scores_as_rare_as(self, numbers: Terms, rarity: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
        """Score with the rarity of the whole in place of that of this part; a term's BM25 is proportional to it."""
        found = np.zeros(self.end - self.start, dtype=np.float32)
        if self._bm25 is None:
            return found
        indptr = self._bm25.scores["indptr"]
        local, which = self._local(numbers)
        for term, place in zip(local.tolist(), which.tolist(), strict=True):
            frequency = indptr[term + 1] - indptr[term]
            here = math.log1p((len(found) - frequency + 0.5) / (frequency + 0.5))
            found += self._bm25.get_scores_from_ids([term]) * np.float32(rarity[place] / here)
        return found

    def _local(self, numbers: Terms) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        if not len(self._terms):
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        at = np.minimum(np.searchsorted(self._terms, numbers), len(self._terms) - 1)
        which = np.flatnonzero(self._terms[at] == numbers)
        return at[which], which
