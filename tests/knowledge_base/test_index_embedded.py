"""What is particular to an index in a folder: files break, and processes end in the middle."""

from __future__ import annotations

import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import chromadb
import numpy as np
import pytest
from chromadb.config import Settings
from incidents import WRITTEN_AT, entry

from knowledge_base import HashingEmbedder
from knowledge_base.errors import IndexBroken, OtherModel
from knowledge_base.index.embedded import COLLECTION, EmbeddedIndex
from knowledge_base.index.graph import Graph
from knowledge_base.index.keeper import IndexKeeper
from knowledge_base.index.vector_index import IndexRow, ModelId
from knowledge_base.records.database import RECORDS_FILE, Database
from knowledge_base.records.records import Records
from knowledge_base.search.passages import fingerprint, head

EMBEDDER = HashingEmbedder(dimension=32)
MODEL = ModelId.of(EMBEDDER)
KILLS = 20


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    index = EmbeddedIndex(tmp_path / "index", MODEL)
    index.open()
    index.upsert(rows(1200))
    index.close()
    return tmp_path / "index"


def rows(count: int) -> list[IndexRow]:
    vectors = EMBEDDER.embed_documents([f"palavra{number}" for number in range(count)])
    return [
        IndexRow(entry_id=f"inc-{number}", passage=0, vector=vector, fingerprint="f", labels={})
        for number, vector in enumerate(vectors)
    ]


def graph_of(folder: Path) -> Path:
    return next(folder.glob("*/data_level0.bin"))


def spoil_the_database(folder: Path) -> None:
    (folder / "chroma.sqlite3").write_bytes(b"this is no database" * 1000)


def lose_the_vectors_of_the_log(folder: Path) -> None:
    with sqlite3.connect(folder / "chroma.sqlite3") as database:
        database.execute("DELETE FROM embeddings_queue")
    database.close()


def lose_the_graph(folder: Path) -> None:
    shutil.rmtree(graph_of(folder).parent)


def put_a_file_in_the_way(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("in the way")


@pytest.mark.parametrize(
    "spoil", [spoil_the_database, lose_the_vectors_of_the_log, lose_the_graph, put_a_file_in_the_way]
)
def test_a_broken_index_is_told_and_can_be_made_anew(folder: Path, spoil) -> None:  # type: ignore[no-untyped-def]
    spoil(folder)
    index = EmbeddedIndex(folder, MODEL)
    with pytest.raises(IndexBroken, match=r"cannot be (read|opened)|lacks vectors"):
        index.open()
    index.recreate()
    index.upsert(rows(3))
    index.close()
    index.open()
    assert len(index.fingerprints()) == 3
    index.close()


@pytest.mark.parametrize("spoil", [bytes(5000), b"\xff" * 500_000], ids=["short", "nonsense"])
def test_a_graph_that_was_written_by_half_ends_no_process_of_ours(folder: Path, spoil: bytes) -> None:
    # The process that wrote it was killed, so it could not take its mark away.
    (folder / "in-use").touch()
    graph_of(folder).write_bytes(spoil)
    with pytest.raises(IndexBroken, match=r"ended the process that read it \(SIG|cannot be read|nobody wrote"):
        EmbeddedIndex(folder, MODEL).open()


def test_an_index_that_was_not_closed_and_is_sound_is_taken(folder: Path) -> None:
    (folder / "in-use").touch()
    index = EmbeddedIndex(folder, MODEL)
    index.open()
    assert len(index.fingerprints()) == 1200
    index.close()
    assert not (folder / "in-use").exists()


def test_an_index_that_was_not_closed_and_is_of_another_model_is_left_alone(folder: Path) -> None:
    (folder / "in-use").touch()
    with pytest.raises(OtherModel):
        EmbeddedIndex(folder, ModelId(name="another", revision="1")).open()
    assert graph_of(folder).exists()


def test_vectors_that_nobody_wrote_are_noticed(tmp_path: Path) -> None:
    index = EmbeddedIndex(tmp_path, MODEL)
    index.open()
    nobodys = np.full(EMBEDDER.dimension, 3, dtype=np.float32)
    index.upsert([IndexRow(entry_id="inc-1", passage=0, vector=nobodys, fingerprint="f", labels={})])
    index.close()
    with pytest.raises(IndexBroken, match="nobody wrote"):
        index.open()


@pytest.mark.parametrize(
    ("hnsw", "layout", "problem"),
    [({}, 2, "measures distance as l2, not as cosine"), ({"space": "cosine"}, 1, "was written by another version")],
)
def test_an_index_that_was_made_otherwise_is_told(tmp_path: Path, hnsw, layout: int, problem: str) -> None:  # type: ignore[no-untyped-def]
    client = chromadb.PersistentClient(tmp_path, Settings(anonymized_telemetry=False))
    client.create_collection(
        COLLECTION,
        configuration={"hnsw": hnsw},
        metadata={"embedding_model": MODEL.name, "embedding_revision": MODEL.revision, "layout": layout},
        embedding_function=None,
    )
    client.close()  # type: ignore[attr-defined]
    with pytest.raises(IndexBroken, match=problem):
        EmbeddedIndex(tmp_path, MODEL).open()


def test_what_an_end_in_the_middle_of_a_removal_left_is_removed(folder: Path) -> None:
    left = folder.with_name("index.discarded")
    shutil.copytree(folder, left)
    index = EmbeddedIndex(folder, MODEL)
    index.open()
    index.close()
    assert not left.exists()


PROGRAM = """
import sys
from pathlib import Path
from test_index_embedded import opened_keeper
print("begun", flush=True)
with opened_keeper(Path(sys.argv[1])) as keeper:
    print("opened:", keeper.opening, flush=True)
    while True:
        keeper.rebuild()
"""
# Makes the graph quickly: what is tested is its files.
THIN = Graph(max_neighbors=8, ef_construction=20, ef_search=100)


@contextmanager
def opened_keeper(folder: Path) -> Iterator[IndexKeeper]:
    database = Database(folder / RECORDS_FILE)
    index = EmbeddedIndex(folder / "index", MODEL, graph=THIN)
    keeper = IndexKeeper(index, Records(database, fingerprint), EMBEDDER, lambda one: [head(one)], fingerprint)
    yield keeper
    keeper.close()
    database.close()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_an_index_opens_and_repairs_itself_after_kill_9_at_any_moment(tmp_path: Path) -> None:
    database = Database(tmp_path / RECORDS_FILE)
    written = [entry(f"inc-{number}", symptoms=f"palavra{number}") for number in range(1200)]
    Records(database, fingerprint).write(written, author="", at=WRITTEN_AT)
    database.close()
    moments = random.Random(7)
    for kill in range(KILLS):
        worker = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(tmp_path)],
            stdout=subprocess.PIPE,
            text=True,
            env={"PYTHONPATH": f"{Path(__file__).parent}:{Path(__file__).parents[2]}"},
        )
        assert worker.stdout is not None
        with worker:
            assert worker.stdout.readline() == "begun\n"
            # Every other time it is killed while it opens and repairs what the one before left.
            told = worker.stdout.readline() if kill % 2 else "opened:"
            time.sleep(moments.uniform(0, 1.5))  # Any moment will do: nothing is waited for.
            worker.kill()
            worker.communicate()
        assert told.startswith("opened:")
        assert worker.returncode == -signal.SIGKILL
    with opened_keeper(tmp_path) as keeper:
        assert keeper.check().in_step
        assert len(keeper.index.fingerprints()) == 1200
        best = keeper.index.nearest(EMBEDDER.embed_query(head(written[777])), 1)
        assert list(best.values()) == [pytest.approx(1.0, abs=1e-5)]
