"""The index follows the records, whatever happens to it, and whoever else writes."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import numpy as np
import numpy.typing as npt
import pytest
from chroma_server import chroma_server
from incidents import BAD_VERSION_OF_CATALOG, DATABASE_ON_ORDERS, DRILLS, FLOOD_ON_GATEWAY, WRITTEN_AT, entry

from knowledge_base import HashingEmbedder
from knowledge_base.embedding.embedder import Embedder
from knowledge_base.entry import Entry, ReviewStatus
from knowledge_base.errors import IndexUnavailable, ModelUnavailable, OtherModel
from knowledge_base.index.embedded import EmbeddedIndex
from knowledge_base.index.keeper import TAKEN_AT_ONCE, FindableRecords, IndexKeeper
from knowledge_base.index.server import IndexServer, ServerIndex
from knowledge_base.index.vector_index import IndexRow, ModelId, VectorIndex
from knowledge_base.records.database import RECORDS_FILE, Database
from knowledge_base.records.records import Records
from knowledge_base.search.passages import fingerprint

EMBEDDER = HashingEmbedder()
IDS = sorted(each.id for each in DRILLS)


def passages(one: Entry) -> list[str]:
    """Cut an entry at its empty lines."""
    return f"{one.title} {one.symptoms} {one.cause} {one.fix}\n\n{one.notes}".strip().split("\n\n")


MakeIndex = Callable[[Embedder], VectorIndex]


class BrokenEmbedder(HashingEmbedder):
    """Has no weights any more."""

    def embed_documents(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        raise ModelUnavailable("broken", "is gone")


class MeddlingEmbedder(HashingEmbedder):
    """Somebody else acts while it embeds for the first time."""

    def __init__(self, act: Callable[[], None]) -> None:
        super().__init__()
        self._acts = [act]

    def embed_documents(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        if self._acts:
            self._acts.pop()()
        return super().embed_documents(texts)


class LaggingRecords:
    """Says of what there is what it said a moment ago."""

    def __init__(self, records: Records) -> None:
        self._records, self._said = records, records.findable_fingerprints()

    def findable_fingerprints(self) -> Mapping[str, str]:
        return self._said

    def many(self, entry_ids: Sequence[str], /) -> Mapping[str, Entry]:
        return self._records.many(entry_ids)


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    database = Database(tmp_path / RECORDS_FILE)
    found = Records(database, fingerprint)
    record(found, *DRILLS)
    yield found
    database.close()


@pytest.fixture(scope="module")
def chroma(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with chroma_server(tmp_path_factory.mktemp("chroma")) as url:
        yield url


@pytest.fixture(params=["folder", "server"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> MakeIndex:
    if request.param == "folder":
        return lambda embedder: EmbeddedIndex(tmp_path / "index", ModelId.of(embedder))
    server = IndexServer(url=request.getfixturevalue("chroma"), collection=f"test-{uuid4().hex}")
    return lambda embedder: ServerIndex(server, ModelId.of(embedder))


@contextmanager
def kept(
    index: VectorIndex, records: FindableRecords, embedder: Embedder = EMBEDDER, anew: bool = False
) -> Iterator[IndexKeeper]:
    keeper = IndexKeeper(index, records, embedder, passages, fingerprint, anew=anew)
    try:
        yield keeper
    finally:
        keeper.close()


def record(records: Records, *entries: Entry) -> None:
    records.write(entries, author="", at=WRITTEN_AT)


def best(keeper: IndexKeeper, text: str) -> str:
    return next(iter(keeper.index.nearest(EMBEDDER.embed_query(text), 1)))


def row(entry_id: str, text: str) -> IndexRow:
    vector = EMBEDDER.embed_query(text)
    return IndexRow(entry_id=entry_id, passage=0, vector=vector, fingerprint="of an older text", labels={})


def test_an_index_is_made_from_the_records_and_found_in_step_afterwards(make: MakeIndex, records: Records) -> None:
    with kept(make(EMBEDDER), records) as keeper:
        assert str(keeper.opening) == "the index is out of step: 4 records, 0 indexed (4 missing, 0 changed, 0 surplus)"
        assert best(keeper, "flood of requests") == FLOOD_ON_GATEWAY.id
    with kept(make(EMBEDDER), records, BrokenEmbedder()) as keeper:  # Nothing has to be embedded.
        assert keeper.opening.in_step


def test_what_a_crash_left_between_record_and_index_is_repaired(make: MakeIndex, records: Records) -> None:
    with kept(make(EMBEDDER), records) as keeper:
        keeper.index.delete([DATABASE_ON_ORDERS.id])
        keeper.index.upsert([row(BAD_VERSION_OF_CATALOG.id, "stale"), row("never-recorded", "stale")])
    with kept(make(EMBEDDER), records) as keeper:
        assert keeper.opening.missing == (DATABASE_ON_ORDERS.id,)
        assert keeper.opening.changed == (BAD_VERSION_OF_CATALOG.id,)
        assert keeper.opening.surplus == ("never-recorded",)
        assert keeper.check().in_step
        assert best(keeper, BAD_VERSION_OF_CATALOG.symptoms) == BAD_VERSION_OF_CATALOG.id


def test_what_is_written_is_found_and_what_is_deprecated_is_not(make: MakeIndex, records: Records) -> None:
    with kept(make(EMBEDDER), records) as keeper:
        new = entry("inc-new", title="queue overflows")
        withdrawn = FLOOD_ON_GATEWAY.model_copy(update={"status": ReviewStatus.DEPRECATED})
        rows = keeper.rows([new, withdrawn])
        record(records, new, withdrawn)
        keeper.write([new, withdrawn], rows)
        assert keeper.check().in_step
        assert best(keeper, "queue overflows") == "inc-new"
        assert FLOOD_ON_GATEWAY.id not in keeper.index.fingerprints()


def test_an_entry_is_found_by_any_of_its_passages(make: MakeIndex, records: Records) -> None:
    record(records, entry("inc-long", notes="The gateway is slow.\n\nThe certificate of the broker expired."))
    with kept(make(EMBEDDER), records) as keeper:
        assert best(keeper, "certificate of the broker expired") == "inc-long"
        assert keeper.index.held(["inc-long"])["inc-long"].vectors.shape == (3, EMBEDDER.dimension)
        record(records, entry("inc-long"))
        keeper.write([entry("inc-long")])
        assert best(keeper, "certificate of the broker expired") != "inc-long"


def test_an_index_of_another_model_is_refused_and_taken_anew(make: MakeIndex, records: Records) -> None:
    other = HashingEmbedder(dimension=64)
    with kept(make(EMBEDDER), records):
        pass
    with (
        pytest.raises(OtherModel, match=r"made with hashing \(revision 1-512\).*`firedrill kb rebuild`"),
        kept(make(other), records, other),
    ):
        pass
    with kept(make(other), records, other, anew=True) as keeper:
        assert keeper.check().in_step
    with kept(make(other), records, other) as keeper:
        assert keeper.opening.in_step


def test_a_rebuild_counts_what_it_indexed_and_tells_how_far_it_is(make: MakeIndex, records: Records) -> None:
    count = TAKEN_AT_ONCE + 10
    record(records, *(entry(f"run-{number}", kind="runbook", title=f"passo {number}") for number in range(count)))
    told: list[tuple[int, int]] = []
    with kept(make(EMBEDDER), records) as keeper:
        keeper.index.upsert([row("never-recorded", "stale")])
        assert keeper.rebuild(lambda done, of: told.append((done, of))) == count + 4
        assert keeper.check().in_step
        assert best(keeper, "flood of requests") == FLOOD_ON_GATEWAY.id
    assert told == [(TAKEN_AT_ONCE, count + 4), (count + 4, count + 4)]


def test_a_rebuild_that_was_broken_off_is_taken_up_at_the_next_opening(make: MakeIndex, records: Records) -> None:
    record(records, *(entry(f"run-{number}", title=f"passo {number}") for number in range(2 * TAKEN_AT_ONCE)))

    def give_up(done: int, of: int) -> None:
        raise KeyboardInterrupt

    with kept(make(EMBEDDER), records) as keeper, pytest.raises(KeyboardInterrupt):
        keeper.rebuild(give_up)
    with kept(make(EMBEDDER), records) as keeper:
        assert len(keeper.opening.missing) == TAKEN_AT_ONCE + 4
        assert keeper.check().in_step


def test_a_rebuild_without_a_model_leaves_the_index_as_it_was(make: MakeIndex, records: Records) -> None:
    with kept(make(EMBEDDER), records):
        pass
    with kept(make(EMBEDDER), records, BrokenEmbedder()) as keeper:
        with pytest.raises(ModelUnavailable):
            keeper.rebuild()
        with pytest.raises(ModelUnavailable):
            keeper.rows([entry("inc-new")])
        assert keeper.check().in_step
        assert best(keeper, "flood of requests") == FLOOD_ON_GATEWAY.id


def test_an_opening_that_fails_lets_go_of_the_index(make: MakeIndex, records: Records) -> None:
    with pytest.raises(ModelUnavailable), kept(make(EMBEDDER), records, BrokenEmbedder()):
        pass
    with kept(make(EMBEDDER), records) as keeper:
        assert keeper.check().in_step


def test_what_changes_while_it_is_embedded_is_indexed_as_it_is_in_the_end(make: MakeIndex, records: Records) -> None:
    changed = FLOOD_ON_GATEWAY.model_copy(update={"symptoms": "Quite another thing: the queue overflows."})
    withdrawn = DATABASE_ON_ORDERS.model_copy(update={"status": ReviewStatus.DEPRECATED})
    meddling = MeddlingEmbedder(lambda: record(records, changed, withdrawn))
    with kept(make(EMBEDDER), records, meddling) as keeper:
        assert keeper.check().in_step
        assert keeper.index.fingerprints()[FLOOD_ON_GATEWAY.id] == fingerprint(changed)
        assert best(keeper, "the queue overflows") == FLOOD_ON_GATEWAY.id


def test_what_another_server_recorded_a_moment_ago_is_not_taken_away(chroma: str, records: Records) -> None:
    server = IndexServer(url=chroma, collection=f"test-{uuid4().hex}")
    model = ModelId.of(EMBEDDER)
    lagging = LaggingRecords(records)
    with kept(ServerIndex(server, model), records) as one:
        new = entry("inc-new", title="queue overflows")
        record(records, new)
        one.write([new])
        with kept(ServerIndex(server, model), lagging) as other:
            assert other.opening.surplus == ("inc-new",)
        assert one.check().in_step
        assert best(one, "queue overflows") == "inc-new"


def test_a_broken_folder_is_made_anew_at_opening(tmp_path: Path, records: Records) -> None:
    folder = tmp_path / "index"
    with kept(EmbeddedIndex(folder, ModelId.of(EMBEDDER)), records):
        pass
    (folder / "chroma.sqlite3").write_bytes(b"this is no database" * 1000)
    with pytest.raises(ModelUnavailable), kept(EmbeddedIndex(folder, ModelId.of(EMBEDDER)), records, BrokenEmbedder()):
        pass
    with kept(EmbeddedIndex(folder, ModelId.of(EMBEDDER)), records) as keeper:
        assert keeper.opening.unreadable
        assert keeper.opening.missing == tuple(IDS)
        assert keeper.check().in_step
    shutil.rmtree(folder)
    with kept(EmbeddedIndex(folder, ModelId.of(EMBEDDER)), records) as keeper:
        assert keeper.opening.unreadable is None
        assert keeper.opening.missing == tuple(IDS)


def test_a_server_that_is_not_there_is_not_made_anew(records: Records) -> None:
    index = ServerIndex(IndexServer(url="http://127.0.0.1:9"), ModelId.of(EMBEDDER))
    with pytest.raises(IndexUnavailable, match="does not answer"), kept(index, records):
        pass


def test_a_rare_entry_is_found_among_many_copies_of_another(tmp_path: Path, records: Records) -> None:
    record(records, entry("inc-rare", title="certificate expired", symptoms="TLS handshakes fail."))
    copies = [f"{DATABASE_ON_ORDERS.symptoms} Run {number}." for number in range(1500)]
    record(records, *(entry(f"copy-{number}", symptoms=text) for number, text in enumerate(copies)))
    with kept(EmbeddedIndex(tmp_path / "index", ModelId.of(EMBEDDER)), records) as keeper:
        assert best(keeper, "certificate expired") == "inc-rare"
