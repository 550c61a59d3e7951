"""BM25 over entries that come and change while it is being asked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, overload

import bm25s
import numpy as np
import numpy.typing as npt
from bm25s.tokenization import Tokenized

from knowledge_base.search.growing import Growing

# Rows that came since the index was made are scored one by one; making it anew takes seconds for 100,000 rows.
_MOST_RECENT: Final = 2000
_SHARE_RECENT: Final = 0.1
_K1: Final = 1.5
_B: Final = 0.75
MOST_OF_A_TERM: Final = _K1 + 1
"""A term's score is under its rarity times this; the classic BM25 could reach it, Lucene's stays under two fifths."""
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
        self._terms = 0
        self._main: _Made | None = None
        self._recent = _Recent()

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
            own, counts = np.unique(row, return_counts=True)
            self._frequency.values[own] += 1
            self._recent.add(own, counts)
            self._terms += len(row)

    def numbers(self, terms: Sequence[str]) -> Terms:
        """Give the numbers of terms that are known, each once, in their order."""
        known = dict.fromkeys(self._number[term] for term in terms if term in self._number)
        return np.fromiter(known, dtype=np.int32, count=len(known))

    def shared(self, numbers: Terms, row: int) -> list[str]:
        """Name those of some terms that a text has, the rarest first."""
        has = set(self._rows[row].tolist())
        mine = np.array([number for number in numbers.tolist() if number in has], dtype=np.int32)
        return [self._name[number] for number in mine[np.argsort(-self.rarity(mine), kind="stable")].tolist()]

    def has_all(self, terms: Sequence[str], rows: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Say which texts have every one of some terms, `[row]`; none has all of no terms."""
        numbers = self.numbers(terms)
        if not terms or len(numbers) < len(set(terms)):
            return np.zeros(len(rows), dtype=np.bool_)
        # Most texts lack the rarest term, and need not be looked through for the others.
        rarest_first = numbers[np.argsort(-self.rarity(numbers))].tolist()
        texts = (self._rows[row] for row in rows.tolist())
        return np.array([all((text == number).any() for number in rarest_first) for text in texts], dtype=np.bool_)

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
        made = self._main.count if self._main else 0
        if len(self._recent) > max(_MOST_RECENT, _SHARE_RECENT * made):
            self._main, self._recent = _Made(self._rows, len(self._name)), _Recent()
        weights = np.zeros(len(self._name), dtype=np.float32)
        weights[numbers] = self.rarity(numbers)
        recent = self._recent.scores(weights, mean_length=self._terms / max(1, len(self._rows)))
        return recent if self._main is None else np.concatenate([self._main.scores(numbers), recent])


class _Recent:
    """Rows at the end, as lists of which term a row has, and how often."""

    def __init__(self) -> None:
        self._term, self._row, self._times = Growing(np.int32), Growing(np.int32), Growing(np.float32)
        self._lengths = Growing(np.float32)

    def __len__(self) -> int:
        return len(self._lengths)

    def add(self, terms: Terms, times: npt.NDArray[np.int64]) -> None:
        self._term.add(terms)
        self._row.add(np.full(len(terms), len(self._lengths), dtype=np.int32))
        self._times.add(times)
        self._lengths.add([times.sum()])

    def scores(self, weights: npt.NDArray[np.float32], mean_length: float) -> npt.NDArray[np.float32]:
        """Score each, `[row]`, with the rarity of the terms that are asked for and 0 for the others, `[term]`."""
        weight = weights[self._term.values]
        asked = np.flatnonzero(weight)
        row, times = self._row.values[asked], self._times.values[asked]
        norm = _K1 * (1 - _B + _B * self._lengths.values[row] / mean_length) if len(asked) else 0.0
        found = np.bincount(row, weights=weight[asked] * times / (times + norm), minlength=len(self))
        return found.astype(np.float32)


class _Made:
    """The rows that bm25s has indexed, with term numbers of its own that leave out those that came later."""

    def __init__(self, rows: Sequence[Terms], vocabulary: int) -> None:
        self.count = len(rows)
        terms = np.concatenate(rows)
        has = np.zeros(vocabulary, dtype=np.bool_)
        has[terms] = True
        self._local = np.where(has, np.cumsum(has, dtype=np.int32) - 1, -1)
        self._bm25 = bm25s.BM25(k1=_K1, b=_B, csc_backend="scipy") if len(terms) else None
        if self._bm25 is not None:
            known = {str(number): number for number in range(int(has.sum()))}
            texts = _Texts(self._local[terms], np.cumsum([0, *map(len, rows)]))
            self._bm25.index(Tokenized(ids=texts, vocab=known), create_empty_token=False, show_progress=False)

    def scores(self, numbers: Terms) -> npt.NDArray[np.float32]:
        local = self._local[numbers[numbers < len(self._local)]]
        local = local[local >= 0]
        if self._bm25 is None or not len(local):
            return np.zeros(self.count, dtype=np.float32)
        found: npt.NDArray[np.float32] = self._bm25.get_scores_from_ids(local)
        return found


class _Texts(Sequence[list[int]]):
    """Texts as bm25s reads them; as lists all at once they would take many times the room of the numbers."""

    def __init__(self, terms: npt.NDArray[np.int32], bounds: npt.NDArray[np.int64]) -> None:
        self._terms, self._bounds = terms, bounds

    def __len__(self) -> int:
        return len(self._bounds) - 1

    @overload
    def __getitem__(self, at: int) -> list[int]: ...
    @overload
    def __getitem__(self, at: slice) -> list[list[int]]: ...
    def __getitem__(self, at: int | slice) -> list[int] | list[list[int]]:
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(len(self)))]
        if not 0 <= at < len(self):
            raise IndexError(at)
        found: list[int] = self._terms[self._bounds[at] : self._bounds[at + 1]].tolist()
        return found
