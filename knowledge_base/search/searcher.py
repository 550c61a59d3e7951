"""Answering questions: every way of comparing, their fusion, and the order in which the best are shown."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from knowledge_base.embedding.embedder import Embedder
from knowledge_base.entry import Entry, ReviewStatus
from knowledge_base.errors import BadSearch
from knowledge_base.search.catalogue import Catalogue
from knowledge_base.search.fusion import reciprocal_rank_fusion
from knowledge_base.search.passages import asked
from knowledge_base.search.question import Channel, Comparison, Match, Question, Ranked
from knowledge_base.search.reasons import reasons
from knowledge_base.search.relevance import ALIKE, relevance, text_score
from knowledge_base.search.reranker import Reranker
from knowledge_base.search.signature_index import cosine
from knowledge_base.search.vector_table import Mask, Vectors
from knowledge_base.search.word_index import MOST_OF_A_TERM, Terms, WordIndex
from knowledge_base.search.words import as_written, terms, written_apart

CANDIDATES: Final = 50
"""How many each way of comparing gives to choose from."""
_TWINS_LOOKED_AT: Final = 5
_COMPARED_AT_ONCE: Final = 50

Numbers = npt.NDArray[np.floating]


class Entries(Protocol):
    """The records, as far as what was found is read from them."""

    def many(self, ids: Collection[str]) -> Mapping[str, Entry]:
        """Read entries; one that is not there is left out."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    """One entry that may be shown, with all that is known of how it compares; NaN where it has no signature."""

    entry_id: str
    relevance: float
    feedback: float
    meaning: float
    signature: float
    words: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What a question found, by id: rows of the catalogue may mean something else as soon as its lock is let go.

    Attributes:
        channels: Each way of comparing, as id to score, best first.
        fused: The same of their fusion.
        best: Those that may be shown, best first.
    """

    channels: Mapping[Channel, Mapping[str, float]]
    fused: Mapping[str, float]
    best: Sequence[_Candidate]


class Searcher:
    """Finds entries; safe to share between threads.

    Args:
        catalogue: What a question is compared with.
        records: Where what was found is read.
        embedder: What made the vectors.
        reranker: Reads the best again, together with the question; None for the features above only.
        clock: Seconds that only run forward.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        records: Entries,
        embedder: Embedder,
        *,
        reranker: Reranker | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._catalogue, self._records, self._embedder = catalogue, records, embedder
        self._reranker, self._clock = reranker, clock
        self._lock = threading.Lock()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Have searches wait, for what they search in is taken away or made anew."""
        with self._lock:
            yield

    def warm_up(self) -> None:
        """Take up everything that there is now, so that the first question does not wait for it."""
        with self._lock:
            self._catalogue.refresh()
            self._catalogue.words.scores(self._catalogue.words.numbers(()))
            self._catalogue.heads.scores(self._catalogue.heads.numbers(()))

    def search(
        self,
        question: Question,
        *,
        limit: int,
        exclude: Collection[str] = (),
        minimum_score: float | None = None,
    ) -> list[Match]:
        """Find what is alike enough, the most alike first; see `KnowledgeBase.search`."""
        least = ALIKE if minimum_score is None else minimum_score
        return self._matches(question, self._found(question, limit, exclude, least), limit)

    def compare(self, question: Question, *, limit: int, exclude: Collection[str] = ()) -> Comparison:
        """Rank in every way, whether alike enough or not; see `KnowledgeBase.compare`."""
        started = self._clock()
        found = self._found(question, limit, exclude, least=0.0)
        matches = self._matches(question, found, limit)
        seconds = self._clock() - started
        listed = {entry_id for scores in (*found.channels.values(), found.fused) for entry_id in list(scores)[:limit]}
        titles = {entry_id: entry.title for entry_id, entry in self._records.many(listed).items()}
        return Comparison(
            channels={channel: _ranked(scores, titles, limit) for channel, scores in found.channels.items()},
            fused=_ranked(found.fused, titles, limit),
            matches=tuple(matches),
            least_score=ALIKE,
            seconds=seconds,
        )

    def twins(self, entries: Sequence[Entry], least: float) -> list[tuple[str, str, float]]:
        """Find entries that may tell the same as some, as two ids and how alike they are in 0..1.

        Two that have signatures have to look the same in both text and signature, and both have to be of one kind of
        fault. Entries that the index does not hold yet are passed over.

        Args:
            entries: Whose twins.
            least: From which similarity on, in 0..1.
        """
        found = []
        # In portions: those of a large import take minutes, and searches get their turn in between.
        for start in range(0, len(entries), _COMPARED_AT_ONCE):
            some = entries[start : start + _COMPARED_AT_ONCE]
            near = self._near(some, least)
            others = self._records.many({entry_id for alike in near.values() for entry_id in alike})
            for entry in some:
                for entry_id, alike in near.get(entry.id, {}).items():
                    other = others.get(entry_id)
                    if other is not None and (other.kind, other.fault_kind) == (entry.kind, entry.fault_kind):
                        of_signatures = cosine(entry.signature, other.signature)
                        sure = alike if of_signatures is None else min(alike, of_signatures)
                        if sure >= least:
                            found.append((entry.id, other.id, sure))
        return found

    def _near(self, entries: Sequence[Entry], least: float) -> Mapping[str, Mapping[str, float]]:
        """Find what means the most like each of some entries, as id to cosine by id."""
        with self._lock:
            catalogue = self._catalogue
            catalogue.refresh()
            rows = [row for entry in entries if (row := catalogue.row(entry.id)) is not None]
            near = catalogue.neighbours(rows, _TWINS_LOOKED_AT, least)
            return {catalogue.ids[row]: _named(catalogue.ids, alike) for row, alike in near.items()}

    def _found(self, question: Question, limit: int, exclude: Collection[str], least: float) -> _Found:
        words = asked(question.text.strip(), question.signals).strip()
        if limit < 1:
            raise BadSearch(f"a search for {limit} entries finds nothing; ask for at least 1")
        if not words and not any(question.signature.values()):
            raise BadSearch("a search needs words or a signature; say what is happening")
        # Outside of the lock: embedding, and above all loading the model, should hold nobody up.
        vector = self._embedder.embed_query(written_apart(question.text)) if question.text.strip() else None
        with self._lock:
            self._catalogue.refresh()
            allowed = self._catalogue.allowed(question.filters, exclude)
            return self._compared(question, terms(words), vector, allowed, limit, least)

    def _compared(
        self,
        question: Question,
        words: Sequence[str],
        vector: Vectors | None,
        allowed: Mask,
        limit: int,
        least: float,
    ) -> _Found:
        catalogue, reach = self._catalogue, max(limit, CANDIDATES)
        body, head, numbers = _by_words(catalogue.words, catalogue.heads, words)
        of_signature = catalogue.signatures.similarities(question.signature)
        channels: dict[Channel, Mapping[int, float]] = {}
        if vector is not None:
            channels["dense"] = catalogue.nearest(vector, reach, allowed)
        if words:
            channels["words"] = _best(2 * body + head, reach, allowed)
        if question.signature:
            channels["signature"] = _best(of_signature, reach, allowed)
        fused = reciprocal_rank_fusion([list(scores) for scores in channels.values()])
        rows = np.fromiter(fused, dtype=np.int64, count=len(fused))
        meaning = self._meaning(vector, rows)
        signature = np.where(
            catalogue.has_signature[rows] & bool(question.signature), of_signature[rows].astype(np.float64), np.nan
        )
        sure = relevance(
            text_score(body[rows], head[rows], meaning),
            catalogue.words.has_all(words, rows),
            signature,
            *self._beside_signature(question, rows),
        )
        feedback = catalogue.feedback(rows)
        order = np.lexsort((rows, -sure * feedback))
        # Some more than asked: one that was withdrawn since is left out.
        best = order[sure[order] >= least][: 2 * limit + 10]
        return _Found(
            channels={channel: _named(catalogue.ids, scores) for channel, scores in channels.items()},
            fused=_named(catalogue.ids, fused),
            best=[
                _Candidate(
                    entry_id=catalogue.ids[rows[at]],
                    relevance=float(sure[at]),
                    feedback=float(feedback[at]),
                    meaning=float(meaning[at]),
                    signature=float(signature[at]),
                    words=catalogue.words.shared(numbers, int(rows[at])),
                )
                for at in best.tolist()
            ],
        )

    def _beside_signature(
        self, question: Question, rows: npt.NDArray[np.int64]
    ) -> tuple[Numbers | None, Numbers | None]:
        """Compare the kinds that signatures point to, and the names of signals; None for what cannot be compared."""
        by_kind = self._catalogue.alike_by_kind(question.signature) if question.signature else None
        if not question.signals:
            return (None if by_kind is None else by_kind[rows]), None
        of_signals, _, _ = _by_words(self._catalogue.words, self._catalogue.heads, terms(asked("", question.signals)))
        return (None if by_kind is None else by_kind[rows]), of_signals[rows]

    def _meaning(self, vector: Vectors | None, rows: npt.NDArray[np.int64]) -> Numbers:
        if vector is None:
            return np.zeros(len(rows))
        alike = self._catalogue.similarities(vector, rows.tolist())
        return np.array([alike.get(row, 0.0) for row in rows.tolist()], dtype=np.float64)

    def _matches(self, question: Question, found: _Found, limit: int) -> list[Match]:
        ranks = {
            channel: {entry_id: rank for rank, entry_id in enumerate(scores, 1)}
            for channel, scores in found.channels.items()
        }
        entries = self._records.many([one.entry_id for one in found.best])
        written = as_written(asked(question.text, question.signals))
        matches = []
        for one in found.best:
            entry = entries.get(one.entry_id)
            # The records have the last word: a catalogue that lags behind must not bring back what was withdrawn.
            if entry is None or entry.status is ReviewStatus.DEPRECATED:
                continue
            meaning = one.meaning if question.text.strip() else None
            words = tuple(dict.fromkeys(written.get(term, term) for term in one.words))
            why = reasons(question, entry, words=words, meaning=meaning, feedback=one.feedback)
            matches.append(
                Match(
                    entry=entry,
                    score=one.relevance * one.feedback,
                    text_similarity=one.meaning,
                    signature_similarity=None if math.isnan(one.signature) else one.signature,
                    ranks={channel: places[entry.id] for channel, places in ranks.items() if entry.id in places},
                    words=why.words,
                    signals=why.signals,
                    labels=why.labels,
                    feedback=one.feedback,
                    why=why.sentences,
                )
            )
        return (self._reranker.rerank(question, matches) if self._reranker else matches)[:limit]


def _named(ids: Sequence[str], scores: Mapping[int, float]) -> dict[str, float]:
    return {ids[row]: score for row, score in scores.items()}


def _ranked(scores: Mapping[str, float], titles: Mapping[str, str], limit: int) -> tuple[Ranked, ...]:
    best = list(scores.items())[:limit]
    return tuple(
        Ranked(entry_id=entry_id, title=titles[entry_id], score=score) for entry_id, score in best if entry_id in titles
    )


def _by_words(body: WordIndex, head: WordIndex, words: Iterable[str]) -> tuple[Numbers, Numbers, Terms]:
    """Score everything and the heads alone, relative to the most that the question could reach, `[row]` each."""
    wanted = list(dict.fromkeys(words))
    numbers = body.numbers(wanted)
    unknown = (len(wanted) - len(numbers)) * body.rarity_of_unknown
    most = (float(body.rarity(numbers).sum()) + unknown) * MOST_OF_A_TERM
    if not most:
        nothing = np.zeros(len(body))
        return nothing, nothing, numbers
    of_head = head.scores(head.numbers(wanted))
    return body.scores(numbers) / most, of_head / most, numbers


def _best(scores: npt.NDArray[np.floating], limit: int, allowed: Mask) -> dict[int, float]:
    """Give the best rows that are over zero, best first."""
    kept = np.where(allowed, scores, 0.0)
    reach = min(limit, len(kept))
    if not reach:
        return {}
    best = np.argpartition(-kept, reach - 1)[:reach]
    ordered = best[np.lexsort((best, -kept[best]))]
    return {int(row): float(kept[row]) for row in ordered if kept[row] > 0}
