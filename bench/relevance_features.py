"""How everything that is known compares with a question, in each of the ways that the relevance is made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from assistant.evaluation.retrieval import Query, Trial
from knowledge_base import Embedder, Entry, Question
from knowledge_base.review.values import FeedbackCounts
from knowledge_base.search.catalogue import Catalogue
from knowledge_base.search.passages import asked, fingerprint, passages
from knowledge_base.search.question import Filters
from knowledge_base.search.relevance import USUAL_KIND, USUAL_SIGNALS
from knowledge_base.search.word_index import MOST_OF_A_TERM
from knowledge_base.search.words import terms, written_apart

Numbers = npt.NDArray[np.float64]
# As in `knowledge_base/search/relevance.py`; a test compares the two.


@dataclass(frozen=True)
class Features:
    """What `relevance` is told of each entry, `[entry]`.

    Attributes:
        ids: Which entries.
        body: BM25 of everything, relative to the most that the question could reach.
        head: The same of title and symptoms.
        meaning: Cosine of meaning.
        signature: Cosine of signatures.
        kind: Cosine of signatures as kinds differ in them, over that of a usual like entry; 0 where too few kinds are
            known.
        signals: BM25 of the names of signals, over that of a usual like entry; 0 where the question names none.
    """

    ids: tuple[str, ...]
    body: Numbers
    head: Numbers
    meaning: Numbers
    signature: Numbers
    kind: Numbers
    signals: Numbers


@dataclass(frozen=True)
class _Changed:
    entry: Entry
    counts: FeedbackCounts = field(default_factory=FeedbackCounts)

    @property
    def id(self) -> str:
        return self.entry.id

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.entry)


@dataclass(frozen=True)
class _Held:
    fingerprint: str
    vectors: npt.NDArray[np.float32]


class _InMemory:
    """Records and index that are lists: a catalogue of what is known at a moment needs no disk."""

    def __init__(self, entries: Sequence[Entry], embedder: Embedder) -> None:
        self._entries = entries
        self._held = {one.id: _Held(fingerprint(one), embedder.embed_documents(list(passages(one)))) for one in entries}

    def change(self) -> int:
        return len(self._entries)

    def changed_since(self, number: int) -> Iterator[_Changed]:
        yield from map(_Changed, self._entries[number:])

    def held(self, entry_ids: Sequence[str]) -> Mapping[str, _Held]:
        return {entry_id: self._held[entry_id] for entry_id in entry_ids if entry_id in self._held}

    def nearest(self, vector: npt.NDArray[np.float32], limit: int) -> Mapping[str, float]:
        raise NotImplementedError("every vector is in memory")


def features_of(trial: Trial, embedder: Embedder) -> Iterator[tuple[Query, Features]]:
    """Give each question of a trial with how everything compares that is known when it is asked."""
    made: dict[frozenset[str], Catalogue] = {}
    for query in trial.queries:
        known = [
            one
            for one in trial.entries
            if one.id not in query.absent and (query.before is None or one.created_at < query.before)
        ]
        key = frozenset(one.id for one in known)
        if key not in made:
            # Questions of one moment or kind come one after the other.
            source = _InMemory(known, embedder)
            made = {kept: made[kept] for kept in list(made)[-8:]}
            made[key] = Catalogue(source, source)
            made[key].refresh()
        yield query, _features(made[key], query.question, embedder, query.exclude)


def _features(catalogue: Catalogue, question: Question, embedder: Embedder, exclude: frozenset[str]) -> Features:
    rows = np.flatnonzero(catalogue.allowed(Filters(), exclude))
    body, head = _by_words(catalogue, terms(asked(question.text.strip(), question.signals).strip()))
    signals, _ = _by_words(catalogue, terms(asked("", question.signals)))
    meaning = np.zeros(len(body))
    if question.text.strip() and len(rows):
        vector = embedder.embed_query(written_apart(question.text))
        for row, alike in catalogue.similarities(vector, rows.tolist()).items():
            meaning[row] = alike
    kind = catalogue.alike_by_kind(question.signature) if question.signature else None
    return Features(
        ids=tuple(catalogue.ids[row] for row in rows),
        body=body[rows],
        head=head[rows],
        meaning=meaning[rows],
        signature=catalogue.signatures.similarities(question.signature)[rows].astype(np.float64),
        kind=np.zeros(len(rows)) if kind is None else kind[rows].astype(np.float64) - USUAL_KIND,
        signals=signals[rows] - USUAL_SIGNALS if question.signals else np.zeros(len(rows)),
    )


def _by_words(catalogue: Catalogue, words: Sequence[str]) -> tuple[Numbers, Numbers]:
    """Score everything and heads for words, relative to the most that they could reach, `[row]` each."""
    wanted = list(dict.fromkeys(words))
    numbers = catalogue.words.numbers(wanted)
    unknown = (len(wanted) - len(numbers)) * catalogue.words.rarity_of_unknown
    most = (float(catalogue.words.rarity(numbers).sum()) + unknown) * MOST_OF_A_TERM
    if not most:
        nothing = np.zeros(len(catalogue.ids))
        return nothing, nothing
    heads = catalogue.heads.scores(catalogue.heads.numbers(wanted))
    return catalogue.words.scores(numbers).astype(np.float64) / most, heads.astype(np.float64) / most
