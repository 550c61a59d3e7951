"""How the knowledge base behaves with many entries: written, indexed, opened and searched as the product does it."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import psutil
from rich.progress import Progress

from knowledge_base import Embedder, Entry, KnowledgeBase, Question, ReviewStatus, SentenceTransformerEmbedder

_DIMENSION: Final = 384
_CENTRES: Final = 500
_SERVICES: Final = 200
_SIGNALS: Final = 60
_KINDS: Final = 12
_RARE_WORDS: Final = 40_000
_WORDS: Final = 60
_SIGNALS_OF_AN_ENTRY: Final = 8
_WRITTEN_AT_ONCE: Final = 2000
_EPOCH: Final = datetime(2024, 1, 1, tzinfo=UTC)


class MadeUpVectors:
    """Random vectors near one of many centres for entries, and the real model for questions."""

    def __init__(self, model: Embedder) -> None:
        self._model = model
        self._random = np.random.default_rng(1)
        self._centres = self._random.standard_normal((_CENTRES, _DIMENSION), dtype=np.float32)
        self.name, self.revision, self.dimension = "made-up", "1", _DIMENSION

    def embed_documents(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Give vectors that mean nothing, `[text, dimension]`."""
        vectors = self._random.standard_normal((len(texts), _DIMENSION), dtype=np.float32)
        vectors += self._centres[self._random.integers(_CENTRES, size=len(texts))]
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors

    def embed_query(self, text: str) -> npt.NDArray[np.float32]:
        """Embed a question with the model."""
        return self._model.embed_query(text)


def made_up_entries(count: int, random: np.random.Generator) -> Iterator[Entry]:
    """Make incidents of some sixty words each, with a signature and labels; some words are common, most are rare."""
    for number in range(count):
        service, kind = int(random.zipf(1.4)) % _SERVICES, int(random.integers(_KINDS))
        at = _EPOCH + timedelta(minutes=number)
        yield Entry(
            id=f"inc-{number:07d}",
            kind="incident",
            title=f"service{service} has trouble of kind {kind}",
            symptoms=_text(_WORDS, random),
            cause=_text(8, random),
            fix=_text(8, random),
            services=(f"service{service}",),
            fault_kind=f"kind_{kind}",
            signature=_signature(kind, random),
            environment=("production", "staging")[number % 2],
            status=ReviewStatus.APPROVED,
            created_at=at,
            updated_at=at,
        )


def made_up_questions(count: int, random: np.random.Generator) -> Iterator[Question]:
    """Make questions, half of them a few words, half an incident with its signature."""
    for number in range(count):
        if number % 2:
            yield Question(text=_text(int(random.integers(2, 8)), random))
        else:
            kind = int(random.integers(_KINDS))
            yield Question(text=_text(_WORDS, random), signature=_signature(kind, random), services=("service1",))


def _text(words: int, random: np.random.Generator) -> str:
    drawn = random.zipf(1.3, size=words) % _RARE_WORDS
    return " ".join(f"w{number}" for number in drawn)


def _signature(kind: int, random: np.random.Generator) -> dict[str, float]:
    usual = (kind * 5 + np.arange(_SIGNALS_OF_AN_ENTRY)) % _SIGNALS
    return {f"signal_{signal}": round(float(random.uniform(0.3, 1.0)), 3) for signal in usual}


def main(arguments: Sequence[str] | None = None) -> int:
    """Fill, open and search, and print what was measured."""
    parser = argparse.ArgumentParser(prog="bench.knowledge_search", description=__doc__)
    parser.add_argument("--entries", type=int, default=100_000, help="how many entries (default 100,000)")
    parser.add_argument("--questions", type=int, default=400, help="how many questions (default 400)")
    parser.add_argument("--real", action="store_true", help="embed the entries with the model, too: much slower")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(arguments)
    model = SentenceTransformerEmbedder()
    embedder: Embedder = model if asked.real else MadeUpVectors(model)
    random = np.random.default_rng(asked.seed)
    with tempfile.TemporaryDirectory(prefix="firedrill-bench-") as folder:
        with KnowledgeBase.open(Path(folder), embedder=embedder) as knowledge:
            worked = time.process_time()
            seconds = _fill(knowledge, asked.entries, random)
            worked = time.process_time() - worked
            print(f"written and indexed: {asked.entries} entries, {asked.entries / seconds:.0f} a second")
            print(f"processor time of an entry: {worked / asked.entries * 1000:.1f} ms")
        started = time.perf_counter()
        with KnowledgeBase.open(Path(folder), embedder=embedder) as knowledge:
            print(f"opened again: {time.perf_counter() - started:.1f} s ({knowledge.opening})")
            started = time.perf_counter()
            knowledge.search(Question(text="the first question of all"))
            print(f"first search, which reads everything and the model: {time.perf_counter() - started:.1f} s")
            _ask(knowledge, list(made_up_questions(asked.questions, random)))
            memory = psutil.Process().memory_full_info()
            print(f"memory: {memory.pss / 2**30:.2f} GiB (PSS), {memory.rss / 2**30:.2f} GiB (RSS)")
    return 0


def _fill(knowledge: KnowledgeBase, count: int, random: np.random.Generator) -> float:
    entries = made_up_entries(count, random)
    started = time.perf_counter()
    with Progress(transient=True) as progress:
        task = progress.add_task("writing and indexing", total=count)
        while some := [entry for _, entry in zip(range(_WRITTEN_AT_ONCE), entries, strict=False)]:
            knowledge.put_many(some)
            progress.advance(task, len(some))
    return time.perf_counter() - started


def _ask(knowledge: KnowledgeBase, questions: Sequence[Question]) -> None:
    for question in questions[:10]:
        knowledge.search(question)
    seconds, processor = [], time.process_time()
    for question in questions:
        started = time.perf_counter()
        knowledge.search(question)
        seconds.append(time.perf_counter() - started)
    processor = (time.process_time() - processor) / len(questions)
    p50, p95 = np.quantile(seconds, [0.5, 0.95]) * 1000
    print(f"search, embedding of the question included: p50 {p50:.0f} ms, p95 {p95:.0f} ms")
    print(f"processor time of a search: {processor * 1000:.0f} ms")


if __name__ == "__main__":
    sys.exit(main())
