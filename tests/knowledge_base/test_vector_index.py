"""One contract for an index in a folder, on a Chroma server, and on one behind a proxy that asks for a token."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from chroma_server import TOKEN, asking_proxy, chroma_server

from knowledge_base import HashingEmbedder
from knowledge_base.errors import IndexUnavailable, OtherModel
from knowledge_base.index.chroma_index import WRITTEN_AT_ONCE
from knowledge_base.index.embedded import EmbeddedIndex
from knowledge_base.index.server import IndexServer, ServerIndex
from knowledge_base.index.vector_index import IndexRow, ModelId, VectorIndex

EMBEDDER = HashingEmbedder()
MODEL = ModelId.of(EMBEDDER)
OTHER_MODEL = ModelId(name="another", revision="1")

Make = Callable[[ModelId], VectorIndex]


@pytest.fixture(scope="module")
def chroma(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with chroma_server(tmp_path_factory.mktemp("chroma")) as url:
        yield url


@pytest.fixture(scope="module")
def proxy(chroma: str) -> Iterator[str]:
    with asking_proxy(chroma) as url:
        yield url


@pytest.fixture(params=["folder", "server", "proxy"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    """Give what makes an index object, each time on the same place."""
    if request.param == "folder":
        return lambda model: EmbeddedIndex(tmp_path / "index", model)
    url = request.getfixturevalue("chroma" if request.param == "server" else "proxy")
    server = IndexServer(url=url, token=TOKEN, collection=f"test-{uuid4().hex}")
    return lambda model: ServerIndex(server, model)


@pytest.fixture
def index(make: Make) -> Iterator[VectorIndex]:
    found = make(MODEL)
    found.open()
    yield found
    found.close()


def rows(entry_id: str, *texts: str, state: str = "f", **labels: str | list[str]) -> list[IndexRow]:
    vectors = EMBEDDER.embed_documents(texts)
    return [
        IndexRow(entry_id=entry_id, passage=passage, vector=vector, fingerprint=state, labels=labels)
        for passage, vector in enumerate(vectors)
    ]


def many(count: int, *, passages: int = 1) -> list[IndexRow]:
    return [
        row
        for number in range(count)
        for row in rows(f"inc-{number}", *(f"palavra{number} parte{part}" for part in range(passages)))
    ]


def nearest(index: VectorIndex, text: str, limit: int, **where: str) -> dict[str, float]:
    return index.nearest(EMBEDDER.embed_query(text), limit, where or None)


def ids(pages: Iterator[tuple[Sequence[str], np.ndarray]]) -> list[str]:
    return [entry_id for page, _ in pages for entry_id in page]


def test_an_empty_index_finds_and_holds_nothing(index: VectorIndex) -> None:
    assert nearest(index, "anything", 5) == {}
    assert index.fingerprints() == {}
    assert index.held(["inc-1"]) == {}
    assert list(index.all_vectors()) == []
    assert index.count() == 0
    index.delete(["inc-1"])
    index.upsert([])


def test_an_entry_is_found_by_its_best_passage(index: VectorIndex) -> None:
    index.upsert([*rows("inc-1", "queue overflows", "certificate expired"), *rows("inc-2", "disk full")])
    assert nearest(index, "certificate expired", 1) == {"inc-1": pytest.approx(1.0, abs=1e-5)}
    assert list(nearest(index, "disk full", 5)) == ["inc-2", "inc-1"]


def test_passages_of_one_entry_take_no_place_from_others(index: VectorIndex) -> None:
    index.upsert([*rows("inc-1", "disk full", "disk full again", "disk full now"), *rows("inc-2", "disk is slow")])
    assert list(nearest(index, "disk full", 2)) == ["inc-1", "inc-2"]


def test_what_was_written_is_there_after_opening_again(index: VectorIndex, make: Make) -> None:
    # Beyond 1000 Chroma moves vectors from its log to files of their own, which has gone wrong before.
    index.upsert(many(1200))
    index.close()
    again = make(MODEL)
    again.open()
    try:
        assert len(again.fingerprints()) == again.count() == 1200
        for number in (3, 777, 1199):
            assert nearest(again, f"palavra{number} parte0", 1) == {f"inc-{number}": pytest.approx(1.0, abs=1e-5)}
    finally:
        again.close()


def test_a_batch_ends_between_entries(index: VectorIndex) -> None:
    index.upsert(many(WRITTEN_AT_ONCE, passages=3))
    assert index.count() == 3 * WRITTEN_AT_ONCE
    assert set(index.fingerprints().values()) == {"f"}


def test_writing_an_entry_again_takes_the_place_of_all_its_passages(index: VectorIndex) -> None:
    index.upsert([*rows("inc-1", "one", "two", "three"), *rows("inc-2", "other")])
    index.upsert(rows("inc-1", "four", state="g"))
    assert index.fingerprints() == {"inc-1": "g", "inc-2": "f"}
    assert index.count() == 2
    assert nearest(index, "three", 2)["inc-1"] < 0.9


def test_writing_the_same_state_again_changes_nothing(index: VectorIndex) -> None:
    written = rows("inc-1", "one", "two")
    for _ in range(2):
        index.upsert(written)
        assert index.count() == 2
        assert index.fingerprints() == {"inc-1": "f"}


def test_what_was_deleted_is_found_no_more(index: VectorIndex) -> None:
    index.upsert(many(300, passages=2))
    index.delete([f"inc-{number}" for number in range(1, 300)])
    assert index.fingerprints() == {"inc-0": "f"}
    assert list(nearest(index, "palavra7 parte0", 5)) == ["inc-0"]


def test_what_is_held_is_told_with_its_state(index: VectorIndex) -> None:
    written = rows("inc-1", "one", "two", "three", state="0" * 64)
    index.upsert([*written, *rows("inc-2", "other")])
    held = index.held(["inc-1", "never-there"])
    assert list(held) == ["inc-1"]
    assert held["inc-1"].fingerprint == "0" * 64
    assert held["inc-1"].vectors == pytest.approx(np.stack([row.vector for row in written]), abs=1e-6)


def test_all_vectors_are_read_in_pages(index: VectorIndex) -> None:
    index.upsert(many(600, passages=2))
    assert sorted(ids(index.all_vectors())) == sorted(f"inc-{number}" for number in range(600) for _ in range(2))
    assert all(page.shape == (len(owners), EMBEDDER.dimension) for owners, page in index.all_vectors())


def test_a_search_may_ask_for_labels(index: VectorIndex) -> None:
    index.upsert(
        [
            *rows("inc-1", "fila cheia", kind="incident", services=["pedidos", "estoque"], team="área de pagamentos"),
            *rows("run-1", "fila cheia", kind="runbook", services=["pedidos"]),
            *rows("run-2", "fila cheia"),
        ]
    )
    assert set(nearest(index, "fila", 5)) == {"inc-1", "run-1", "run-2"}
    assert set(nearest(index, "fila", 5, services="pedidos")) == {"inc-1", "run-1"}
    assert set(nearest(index, "fila", 5, services="pedidos", kind="runbook")) == {"run-1"}
    assert set(nearest(index, "fila", 5, team="área de pagamentos")) == {"inc-1"}
    assert nearest(index, "fila", 5, kind="pedidos") == {}


def test_an_index_of_another_model_is_refused_and_left_alone(index: VectorIndex, make: Make) -> None:
    index.upsert(rows("inc-1", "one"))
    index.close()
    with pytest.raises(OtherModel, match=r"made with hashing \(revision 1-512\).*another.*`firedrill kb rebuild`"):
        make(OTHER_MODEL).open()
    index.open()
    assert index.fingerprints() == {"inc-1": "f"}


def test_an_index_made_anew_is_empty_and_takes_another_model(index: VectorIndex, make: Make) -> None:
    index.upsert(many(300))
    index.close()
    other = make(OTHER_MODEL)
    other.recreate()
    try:
        assert other.count() == 0
        shorter = np.array([0.6, 0.8], dtype=np.float32)
        other.upsert([IndexRow(entry_id="inc-1", passage=0, vector=shorter, fingerprint="f", labels={})])
        assert list(other.nearest(shorter, 1)) == ["inc-1"]
    finally:
        other.close()
    with pytest.raises(OtherModel):
        index.open()


def test_an_open_index_can_be_made_anew_and_used_on(index: VectorIndex) -> None:
    index.upsert(many(300))
    index.recreate()
    assert index.count() == 0
    index.upsert(rows("inc-1", "one"))
    assert list(nearest(index, "one", 1)) == ["inc-1"]


def test_vectors_of_another_length_are_refused(index: VectorIndex) -> None:
    index.upsert(rows("inc-1", "one"))
    short = IndexRow(entry_id="inc-2", passage=0, vector=np.array([1, 0], dtype=np.float32), fingerprint="f", labels={})
    with pytest.raises(IndexUnavailable, match="cannot be written"):
        index.upsert([short])
    assert index.fingerprints() == {"inc-1": "f"}


def test_an_index_that_is_not_open_says_so(make: Make) -> None:
    closed = make(MODEL)
    closed.close()
    with pytest.raises(IndexUnavailable, match="it is not open"):
        closed.count()


@pytest.mark.parametrize("spoilt", ["cut", "mixed", "parted"])
def test_an_entry_is_written_whole_or_not_at_all(index: VectorIndex, spoilt: str) -> None:
    one, two = rows("inc-1", "one", "two")
    given = {
        "cut": [two],
        "mixed": [one, rows("inc-1", "one", "two", state="g")[1]],
        "parted": [one, *rows("inc-2", "other"), two],
    }[spoilt]
    with pytest.raises(ValueError, match="inc-1"):
        index.upsert(given)
    assert index.count() == 0
