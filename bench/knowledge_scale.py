"""How the retrieval index behaves with many entries: how fast it is made, opened and searched, and what it finds."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt
import psutil
from rich.progress import Progress

from knowledge_base.index.embedded import EmbeddedIndex
from knowledge_base.index.graph import Graph
from knowledge_base.index.server import IndexServer, ServerIndex
from knowledge_base.index.vector_index import IndexRow, ModelId, VectorIndex

Vectors = npt.NDArray[np.float32]
Answer = TypeVar("Answer")

DIMENSION: Final = 384
_MODEL: Final = ModelId(name="made-up", revision="1")
_FOUND: Final = 10
_AT_ONCE: Final = 1000
# Drills on a schedule leave entries that hardly differ; incidents of one kind are alike; some are like nothing else.
_SHARE_OF_COPIES: Final = 0.5
_SHARE_OF_KIN: Final = 0.4
_DRILLS: Final = 20
_ROWS_OF_A_KIND: Final = 200
_NOISE_OF_A_COPY: Final = 0.05
_NOISE_OF_KIN: Final = 0.8
_NOISE_OF_A_QUESTION: Final = 0.6


def made_up(rows: int, random: np.random.Generator) -> Vectors:
    """Make vectors of length one, `[row, dimension]`, most of them alike to some others."""
    copies, kin = int(rows * _SHARE_OF_COPIES), int(rows * _SHARE_OF_KIN)
    drills = _scattered(_DRILLS, random)[random.integers(_DRILLS, size=copies)]
    kinds = max(1, kin // _ROWS_OF_A_KIND)
    incidents = _scattered(kinds, random)[random.integers(kinds, size=kin)]
    vectors = np.concatenate(
        [
            _near(drills, _NOISE_OF_A_COPY, random),
            _near(incidents, _NOISE_OF_KIN, random),
            _scattered(rows - copies - kin, random),
        ]
    )
    random.shuffle(vectors)
    return vectors


def questions(vectors: Vectors, count: int, random: np.random.Generator) -> Vectors:
    """Make vectors that are somewhat like rows, any row as likely as another, `[question, dimension]`."""
    return _near(vectors[random.integers(len(vectors), size=count)], _NOISE_OF_A_QUESTION, random)


def rows_of(vectors: Vectors) -> Iterator[list[IndexRow]]:
    """Give vectors as rows of entries, in batches."""
    for start in range(0, len(vectors), _AT_ONCE):
        yield [
            IndexRow(
                entry_id=f"inc-{start + number:07d}",
                passage=0,
                vector=vector,
                fingerprint=f"{start + number:064d}",
                labels={"kind": "incident", "status": "draft", "services": ["orders"], "environment": "production"},
            )
            for number, vector in enumerate(vectors[start : start + _AT_ONCE])
        ]


def recall(found: dict[str, float], vectors: Vectors, question: Vectors) -> float:
    """Give the share of the nearest rows that were found, in 0..1; of rows equally near, any counts."""
    alike = vectors @ question
    bar = np.partition(alike, -_FOUND)[-_FOUND] - 1e-5
    right = sum(alike[int(entry_id.removeprefix("inc-"))] >= bar for entry_id in found)
    return float(min(right, _FOUND)) / _FOUND


def measure(index: VectorIndex, vectors: Vectors, asked: Vectors) -> None:
    """Fill an index, open it again, search it, and print what that took."""
    before = _memory_mib()
    index.open()
    with Progress(transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("indexing", total=len(vectors))
        started = _Watch()
        for rows in rows_of(vectors):
            index.upsert(rows)
            progress.advance(task, len(rows))
    print(f"made: {len(vectors)} rows in {started}, {len(vectors) / started.seconds():.0f} rows/s")
    _timed("first search", lambda: index.nearest(asked[0], _FOUND))
    _search(index, vectors, asked)
    index.close()
    _timed("opening again", index.open)
    held = _timed("checking", index.fingerprints)
    _timed("reading all vectors", lambda: sum(len(page) for _, page in index.all_vectors()))
    some = list(held)[::97][:1000]
    _timed(f"reading what is held of {len(some)}", lambda: index.held(some))
    _search(index, vectors, asked)
    changed = [replace(row, fingerprint="changed") for row in next(rows_of(vectors[:250]))]
    _timed("changing 250", lambda: index.upsert(changed))
    _timed("deleting 250", lambda: index.delete([row.entry_id for row in changed]))
    print(f"memory of the index in this process: {_memory_mib() - before:.0f} MiB (PSS)")
    index.close()


def _search(index: VectorIndex, vectors: Vectors, asked: Vectors) -> None:
    took, worked, shares = [], [], []
    for question in asked:
        started = _Watch()
        found = index.nearest(question, _FOUND)
        took.append(1000 * started.seconds())
        worked.append(1000 * started.worked_seconds())
        shares.append(recall(found, vectors, question))
    p50, p95 = np.percentile(took, [50, 95])
    print(
        f"searches: p50 {p50:.1f} ms, p95 {p95:.1f} ms ({np.median(worked):.1f} ms of a processor), "
        f"recall@{_FOUND} {np.mean(shares):.4f}"
    )


class _Watch:
    """Runs from when it is made. What a processor worked says more than the clock where others use the machine too."""

    def __init__(self) -> None:
        self._began, self._worked = time.perf_counter(), time.process_time()

    def seconds(self) -> float:
        return time.perf_counter() - self._began

    def worked_seconds(self) -> float:
        return time.process_time() - self._worked

    def __str__(self) -> str:
        return f"{self.seconds():.2f} s ({self.worked_seconds():.2f} s of a processor)"


def _timed(what: str, act: Callable[[], Answer]) -> Answer:
    started = _Watch()
    answer = act()
    print(f"{what}: {started}")
    return answer


def _scattered(count: int, random: np.random.Generator) -> Vectors:
    return _of_length_one(random.standard_normal((count, DIMENSION), dtype=np.float32))


def _near(vectors: Vectors, noise: float, random: np.random.Generator) -> Vectors:
    return _of_length_one(vectors + noise * _scattered(len(vectors), random))


def _of_length_one(vectors: Vectors) -> Vectors:
    found: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return found


def _memory_mib() -> float:
    return float(psutil.Process().memory_full_info().pss) / 2**20


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.knowledge_scale", description=__doc__)
    parser.add_argument("--entries", type=int, default=100_000, help="how many, one row each")
    parser.add_argument("--questions", type=int, default=500)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--neighbors", type=int, default=Graph().max_neighbors)
    parser.add_argument("--construction", type=int, default=Graph().ef_construction)
    parser.add_argument("--search", type=int, default=Graph().ef_search)
    parser.add_argument("--url", default="", help="a Chroma server, instead of a folder of its own")
    return parser.parse_args()


def main() -> None:
    """Measure as the command line says."""
    asked = _arguments()
    graph = Graph(max_neighbors=asked.neighbors, ef_construction=asked.construction, ef_search=asked.search)
    random = np.random.default_rng(asked.seed)
    vectors = made_up(asked.entries, random)
    looked_for = questions(vectors, asked.questions, random)
    print(f"{asked.entries} entries, {graph}")
    if asked.url:
        server = IndexServer(url=asked.url, collection=f"bench-{time.time_ns()}")
        measure(ServerIndex(server, _MODEL, graph=graph), vectors, looked_for)
        return
    with tempfile.TemporaryDirectory(prefix="knowledge-scale-") as folder:
        measure(EmbeddedIndex(Path(folder) / "index", _MODEL, graph=graph), vectors, looked_for)


if __name__ == "__main__":
    main()
