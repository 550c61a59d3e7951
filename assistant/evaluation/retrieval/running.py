"""Asking every question of a trial of a real knowledge base, in every way at once."""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

from assistant.evaluation.retrieval.remembering import Remembering
from assistant.evaluation.retrieval.trial import Query, Trial
from knowledge_base import Embedder, Entry, KnowledgeBase
from knowledge_base.search.reranker import Reranker

RANKED: Final = 10
PRODUCT: Final = "reranked"
"""The way that the product gives its answers."""
FUSED: Final = "fused"
_AT_LAST: Final = datetime.max.replace(tzinfo=UTC)


class Answer(BaseModel):
    """What was found for one question.

    Attributes:
        trial: Name of its trial.
        id: Of the question.
        form: Sort of question.
        seen: Whether what is right was known.
        rankings: Ids of the first ten, for each way of comparing, for their fusion, and for the product's own order.
        score: Of the product's first, in 0..1; None where nothing was found at all.
        refused: Whether the product says that nothing similar is known.
        seconds: Time to the results, the embedding of the question included.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    trial: str
    id: str
    form: str
    seen: bool
    rankings: Mapping[str, tuple[str, ...]]
    score: float | None
    refused: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class Told:
    """How far a trial has come: what is being done, and how much of it."""

    what: str
    done: int
    total: int


def answers(
    trial: Trial,
    embedder: Embedder,
    tell: Callable[[Told], None] = lambda _told: None,
    *,
    reranker: Reranker | None = None,
) -> Iterator[Answer]:
    """Ask a trial's questions of real knowledge bases, each holding what was known when a question is asked.

    Questions for which other entries are absent have a knowledge base of their own; each is filled as time goes by, so
    that what is unknown or later is neither found nor learned from. Before questions are timed, one is asked and its
    answer thrown away: what is measured is a server that has been asked before.

    Raises:
        KnowledgeBaseError: Something cannot be kept or asked.
    """
    remembering = Remembering(embedder)
    by_absence: dict[frozenset[str], list[Query]] = {}
    for query in trial.queries:
        by_absence.setdefault(query.absent, []).append(query)
    asked = 0
    for absent, queries in by_absence.items():
        waiting = deque(sorted((one for one in trial.entries if one.id not in absent), key=_written))
        with (
            tempfile.TemporaryDirectory(prefix="firedrill-retrieval-") as folder,
            KnowledgeBase.open(Path(folder), embedder=remembering, reranker=reranker) as knowledge,
        ):
            for query in sorted(queries, key=_asked):
                _fill(knowledge, waiting, query, tell)
                yield _answer(knowledge, trial, query)
                asked += 1
                tell(Told(f"{trial.name}: asked", asked, len(trial.queries)))


def _written(entry: Entry) -> tuple[datetime, str]:
    return entry.created_at, entry.id


def _asked(query: Query) -> datetime:
    return query.before or _AT_LAST


def _fill(knowledge: KnowledgeBase, waiting: deque[Entry], query: Query, tell: Callable[[Told], None]) -> None:
    """Keep what was written before a question."""
    known = []
    while waiting and waiting[0].created_at < _asked(query):
        known.append(waiting.popleft())
    if known:
        knowledge.put_many(known, progress=lambda done, total: tell(Told("indexed", done, total)))
        knowledge.compare(query.question, limit=RANKED)


def _answer(knowledge: KnowledgeBase, trial: Trial, query: Query) -> Answer:
    found = knowledge.compare(query.question, limit=RANKED, exclude=query.exclude)
    rankings = {name: tuple(one.entry_id for one in ranked) for name, ranked in found.channels.items()}
    first = found.matches[0].score if found.matches else None
    return Answer(
        trial=trial.name,
        id=query.id,
        form=query.form,
        seen=query.seen,
        rankings={
            **rankings,
            FUSED: tuple(one.entry_id for one in found.fused),
            PRODUCT: tuple(match.entry.id for match in found.matches),
        },
        score=first,
        refused=first is None or first < found.least_score,
        seconds=found.seconds,
    )
