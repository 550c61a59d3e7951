"""The index follows the records, whatever happens to it."""

import logging
import shutil
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import chromadb
import numpy as np
import numpy.typing as npt
import pytest
from chromadb.config import Settings
from incidents import BAD_VERSION_OF_CATALOG, DATABASE_ON_ORDERS, DRILLS, FLOOD_ON_GATEWAY, WRITTEN_AT, entry

from knowledge_base import HashingEmbedder, KnowledgeBase, ModelUnavailable, OtherModel
from knowledge_base.index import COLLECTION, IndexRow, ModelId, VectorIndex
from knowledge_base.records import RECORDS_FILE, Records

EMBEDDER = HashingEmbedder()
MODEL = ModelId(name=EMBEDDER.name, revision=EMBEDDER.revision)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with KnowledgeBase.open(tmp_path, embedder=EMBEDDER) as base:
        for each in DRILLS:
            base.put(each)
    return tmp_path


class BrokenEmbedder(HashingEmbedder):
    """Embeds what is asked, and breaks on what is to be kept."""

    def embed_documents(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        raise ModelUnavailable("broken", "is gone")


def test_a_deleted_index_is_made_anew_at_opening(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    shutil.rmtree(folder / "index")
    with caplog.at_level(logging.WARNING), KnowledgeBase.open(folder, embedder=EMBEDDER) as base:
        assert base.opening.missing == tuple(sorted(each.id for each in DRILLS))
        assert base.check().in_step
        assert base.search("flood of requests")[0].entry.id == FLOOD_ON_GATEWAY.id
    assert "4 records, 0 indexed (4 missing, 0 changed, 0 surplus); repaired" in caplog.text


@pytest.mark.parametrize("what", ["database", "vectors", "folder"])
def test_a_broken_index_is_made_anew_at_opening(folder: Path, what: str) -> None:
    index = folder / "index"
    if what == "database":
        (index / "chroma.sqlite3").write_bytes(b"this is no database" * 1000)
    elif what == "vectors":
        with sqlite3.connect(index / "chroma.sqlite3") as database:
            database.execute("DELETE FROM embeddings_queue")
        database.close()
    else:
        shutil.rmtree(index)
        index.write_text("in the way")
    with KnowledgeBase.open(folder, embedder=EMBEDDER) as base:
        assert base.opening.unreadable
        assert base.check().in_step
        assert base.search("flood of requests")[0].entry.id == FLOOD_ON_GATEWAY.id


def test_what_a_crash_left_between_record_and_index_is_repaired(folder: Path) -> None:
    index = VectorIndex(folder / "index", MODEL)
    index.delete([DATABASE_ON_ORDERS.id])
    vector = EMBEDDER.embed_query("stale")
    index.upsert(
        [
            IndexRow(id=BAD_VERSION_OF_CATALOG.id, vector=vector, fingerprint="of an older text", labels={}),
            IndexRow(id="never-recorded", vector=vector, fingerprint="x", labels={}),
        ]
    )
    index.close()
    with KnowledgeBase.open(folder, embedder=EMBEDDER) as base:
        assert base.opening.missing == (DATABASE_ON_ORDERS.id,)
        assert base.opening.changed == (BAD_VERSION_OF_CATALOG.id,)
        assert base.opening.surplus == ("never-recorded",)
        assert base.check().in_step
        assert base.search(BAD_VERSION_OF_CATALOG.symptoms)[0].entry.id == BAD_VERSION_OF_CATALOG.id


@pytest.mark.parametrize("other", [HashingEmbedder(dimension=64)])
def test_an_index_of_another_model_is_refused_and_left_alone(folder: Path, other: HashingEmbedder) -> None:
    with pytest.raises(OtherModel, match=r"made with hashing \(revision 1-512\).*`firedrill kb rebuild`"):
        KnowledgeBase.open(folder, embedder=other)
    with KnowledgeBase.open(folder, embedder=EMBEDDER) as base:
        assert base.opening.in_step


def test_opening_anew_takes_another_model(folder: Path) -> None:
    told: list[tuple[int, int]] = []
    other = HashingEmbedder(dimension=64)
    with KnowledgeBase.open(
        folder, embedder=other, anew=True, progress=lambda done, of: told.append((done, of))
    ) as base:
        assert base.check().in_step
    assert told == [(4, 4)]
    with KnowledgeBase.open(folder, embedder=other) as base:
        assert base.opening.in_step
        assert base.search("flood of requests")[0].entry.id == FLOOD_ON_GATEWAY.id


def test_a_rebuild_counts_what_it_indexed_and_finds_it(folder: Path) -> None:
    told: list[tuple[int, int]] = []
    records = Records(folder / RECORDS_FILE)
    for number in range(260):  # More than are written at once.
        records.put(entry(f"run-{number}", kind="runbook", title=f"passo {number}"), author="", at=WRITTEN_AT)
    records.close()
    with KnowledgeBase.open(folder, embedder=EMBEDDER) as base:
        assert base.rebuild(lambda done, of: told.append((done, of))) == 264
        assert base.check().indexed == 264
        assert base.search("flood of requests")[0].entry.id == FLOOD_ON_GATEWAY.id
        base.put(entry("inc-after", title="queue overflows"))
        assert base.search("queue overflows")[0].entry.id == "inc-after"
    assert told == [(250, 264), (264, 264)]


def test_a_rebuild_without_a_model_leaves_the_index_as_it_was(folder: Path) -> None:
    with KnowledgeBase.open(folder, embedder=BrokenEmbedder()) as base:
        with pytest.raises(ModelUnavailable):
            base.rebuild()
        with pytest.raises(ModelUnavailable):
            base.put(entry("inc-new"))
        assert base.check().in_step  # Nothing was half written.
        assert base.search("flood of requests")[0].entry.id == FLOOD_ON_GATEWAY.id


def test_an_index_that_measures_otherwise_is_made_anew(folder: Path) -> None:
    shutil.rmtree(folder / "index")
    client = chromadb.PersistentClient(folder / "index", Settings(anonymized_telemetry=False))
    client.create_collection(
        COLLECTION,
        metadata={"embedding_model": MODEL.name, "embedding_revision": MODEL.revision},
        embedding_function=None,
    )
    client.close()  # type: ignore[attr-defined]
    with KnowledgeBase.open(folder, embedder=EMBEDDER) as base:
        assert base.opening.unreadable == "measures distance as l2, not as cosine"
        assert base.check().in_step


@pytest.mark.parametrize("exact_up_to", [5000, 1000], ids=["exact", "graph"])
def test_a_thousand_and_more_vectors_are_found_after_opening_again(tmp_path: Path, exact_up_to: int) -> None:
    # Beyond 1000 Chroma moves vectors from its log to files of their own, which has gone wrong before.
    words = [f"palavra{number}" for number in range(1200)]
    rows = [
        IndexRow(id=word, vector=vector, fingerprint="f", labels={"services": ["orders"]})
        for word, vector in zip(words, EMBEDDER.embed_documents(words), strict=True)
    ]
    index = VectorIndex(tmp_path, MODEL, exact_up_to=exact_up_to)
    index.upsert(rows)
    index.close()
    index = VectorIndex(tmp_path, MODEL, exact_up_to=exact_up_to)
    assert len(index.fingerprints()) == 1200
    for word in ("palavra3", "palavra777", "palavra1199"):
        asked = EMBEDDER.embed_query(word)
        assert index.nearest(asked, 1) == {word: pytest.approx(1.0, abs=1e-5)}
        assert index.similarities(asked, [word, "absent"]) == {word: pytest.approx(1.0, abs=1e-5)}
    index.delete(["palavra3"])
    assert "palavra3" not in index.nearest(EMBEDDER.embed_query("palavra3"), 5)
    index.close()


def test_a_rare_entry_is_found_among_many_copies_of_another(tmp_path: Path) -> None:
    # Chroma's own graph misses it: drills on a schedule leave entries that hardly differ.
    with KnowledgeBase.open(tmp_path, embedder=EMBEDDER) as base:
        base.put(entry("inc-rare", title="certificate expired", symptoms="TLS handshakes fail."))
    index = VectorIndex(tmp_path / "index", MODEL)
    texts = [f"{DATABASE_ON_ORDERS.symptoms} Run {number}." for number in range(1500)]
    index.upsert(
        [
            IndexRow(id=f"copy-{number}", vector=vector, fingerprint="f", labels={})
            for number, vector in enumerate(EMBEDDER.embed_documents(texts))
        ]
    )
    best = index.nearest(EMBEDDER.embed_query("certificate expired"), 1)
    index.close()
    assert list(best) == ["inc-rare"]
