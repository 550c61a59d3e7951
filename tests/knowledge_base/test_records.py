from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from datetime import date, timedelta, timezone
from pathlib import Path

import pytest
from incidents import WRITTEN_AT, entry
from kept import opened

from knowledge_base.entry import Entry, Origin, ReviewStatus, Severity
from knowledge_base.errors import RecordsUnavailable
from knowledge_base.records.database import Database
from knowledge_base.records.records import Records
from knowledge_base.search.question import Filters

EVERYTHING = entry(
    "inc-todo",
    kind="runbook",
    title="Ação necessária: conexão recusada",
    symptoms="Falhas em «pedidos»\n\n\ttabulado, ñandú, 数据库",
    cause="O papel perdeu o direito de entrar.",
    fix="Devolvido.\n",
    notes="## Linha do tempo\n\n10:30 - começou\n",
    services=("pedidos", "pagamentos"),
    operations=("POST /pedidos",),
    fault_kind="database_connection",
    severity=Severity.CRITICAL,
    signals=("errors",),
    signature={"errors": 0.97},
    environment="produção",
    team="plataforma",
    provenance={"source": "runbooks/conexão.md", "author": "Eva"},
    merged_from=(Origin(id="inc-old", title="Old", provenance={"source": "x"}, created_at=WRITTEN_AT),),
    status=ReviewStatus.APPROVED,
    review_by=date(2026, 9, 1),
)


@pytest.fixture
def records(database_url: str | Path) -> Iterator[Records]:
    with opened(database_url) as records:
        yield records


def put(records: Records, *entries: Entry, author: str = "", note: str = "") -> None:
    records.write(entries, author=author, note=note, at=WRITTEN_AT)


def test_what_is_written_is_read_again_field_by_field(records: Records) -> None:
    put(records, EVERYTHING)
    assert records.get("inc-todo") == EVERYTHING


def test_an_entry_that_is_not_there_is_none(records: Records) -> None:
    assert records.get("inc-none") is None
    assert records.revisions("inc-none") == ()
    assert records.latest_revision("inc-none") == 0


def test_every_writing_is_a_revision_with_author_and_note(records: Records) -> None:
    put(records, entry("inc-1"), author="Eva")
    put(records, entry("inc-1", title="Again"), author="Rui", note="approved")
    first, second = records.revisions("inc-1")
    assert (first.number, first.author, first.note, first.entry.title) == (1, "Eva", "", "Incident inc-1")
    assert (second.number, second.author, second.note, second.entry.title) == (2, "Rui", "approved", "Again")
    assert second.at == WRITTEN_AT
    assert records.latest_revision("inc-1") == 2


def test_one_entry_twice_in_one_writing_is_two_revisions_and_the_later_entry(records: Records) -> None:
    put(records, entry("inc-1", title="One"), entry("inc-2"), entry("inc-1", title="Two"))
    assert [revision.entry.title for revision in records.revisions("inc-1")] == ["One", "Two"]
    assert records.get("inc-1") == entry("inc-1", title="Two")


def test_of_entries_written_together_all_are_kept_or_none(records: Records) -> None:
    put(records, entry("inc-1"))
    change = records.change()
    invalid = entry("inc-2").model_copy(update={"title": ""})
    with pytest.raises(ValueError, match="title"):
        put(records, entry("inc-1", title="Changed"), invalid)
    assert records.ids() == ("inc-1",)
    assert records.get("inc-1") == entry("inc-1")
    assert records.change() == change


def test_more_entries_than_a_statement_takes_are_written_and_read(records: Records) -> None:
    many = [entry(f"inc-{number:04}", services=("orders",)) for number in range(1201)]
    put(records, *many)
    put(records, *many)
    ids = [each.id for each in many]
    assert list(records.many([*reversed(ids), "inc-none"])) == ids[::-1]
    assert [each.id for each in records.every()] == ids
    assert len(list(records.changed_since(0))) == 1201
    assert records.latest_revision("inc-1200") == 2


def test_entries_are_listed_the_last_changed_first_page_by_page(records: Records) -> None:
    put(records, *(entry(f"inc-{n}", updated_at=WRITTEN_AT + timedelta(hours=n)) for n in range(5)))
    assert [each.id for each in records.entries(limit=2)] == ["inc-4", "inc-3"]
    assert [each.id for each in records.entries(limit=2, offset=3)] == ["inc-1", "inc-0"]
    assert [each.id for each in records.entries(offset=4)] == ["inc-0"]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (Filters(), ["a", "b", "c"]),
        (Filters(kind="runbook"), ["b"]),
        (Filters(service="payments"), ["a", "b"]),
        (Filters(service="Payments"), []),
        (Filters(environment="prod"), ["a", "c"]),
        (Filters(team="core"), ["a"]),
        (Filters(fault_kind="bad_version"), ["a"]),
        (Filters(approved_only=True), ["b"]),
        (Filters(kind="incident", service="payments", environment="prod"), ["a"]),
    ],
)
def test_a_filter_leaves_what_fulfils_all_of_it(records: Records, filters: Filters, found: list[str]) -> None:
    put(
        records,
        entry("a", services=("orders", "payments"), environment="prod", team="core", fault_kind="bad_version"),
        entry("b", kind="runbook", services=("payments",), environment="staging", status=ReviewStatus.APPROVED),
        entry("c"),
    )
    assert [each.id for each in records.entries(filters)] == found
    assert [each.id for each in records.every(filters)] == found


def test_a_filter_follows_an_entry_that_changes(records: Records) -> None:
    put(records, entry("a", services=("orders",), environment="prod"))
    put(records, entry("a", services=("payments",), environment="staging"))
    assert records.entries(Filters(service="orders")) == []
    assert records.entries(Filters(environment="prod")) == []
    assert [each.id for each in records.entries(Filters(service="payments", environment="staging"))] == ["a"]


def test_who_is_due_for_another_look_is_listed_from_that_day_on(records: Records) -> None:
    due = date(2026, 9, 1)
    put(records, entry("due", status=ReviewStatus.APPROVED, review_by=due), entry("never"))
    put(records, entry("gone", status=ReviewStatus.DEPRECATED, review_by=due))
    assert records.entries(overdue_on=due - timedelta(days=1)) == []
    assert [each.id for each in records.entries(overdue_on=due)] == ["due"]


def test_entries_are_counted_by_status_zeros_included(records: Records) -> None:
    put(records, entry("a"), entry("b"), entry("c", status=ReviewStatus.DEPRECATED))
    assert records.count_by_status() == {
        ReviewStatus.DRAFT: 2,
        ReviewStatus.IN_REVIEW: 0,
        ReviewStatus.APPROVED: 0,
        ReviewStatus.DEPRECATED: 1,
    }
    assert [each.id for each in records.entries(status=ReviewStatus.DEPRECATED)] == ["c"]


def test_only_what_a_search_may_return_has_a_fingerprint_to_compare(records: Records) -> None:
    put(records, entry("a"), entry("b", status=ReviewStatus.DEPRECATED))
    assert records.findable_fingerprints() == {"a": "of Incident a"}
    assert [each.id for each in records.every(findable_only=True)] == ["a"]


def test_fingerprints_are_computed_anew_where_the_function_is_another(database_url: str | Path) -> None:
    database = Database(database_url)
    put(Records(database, lambda each: "old"), entry("a"), entry("b"))
    records = Records(database, lambda each: "new")
    assert set(records.findable_fingerprints().values()) == {"old"}
    records.fingerprint_anew()
    assert set(records.findable_fingerprints().values()) == {"new"}
    database.close()


def test_the_source_of_an_entry_leads_to_it(records: Records) -> None:
    long = "https://wiki.example/" + "á" * 5000
    put(records, entry("a", provenance={"source": "a.md"}), entry("b", provenance={"source": long, "author": "a.md"}))
    assert records.with_provenance("source", ["a.md", long, "c.md"]) == {"a.md": "a", long: "b"}
    put(records, entry("a", provenance={}))
    assert records.with_provenance("source", ["a.md"]) == {}


def test_of_two_entries_of_one_source_the_one_that_can_be_found_is_named(records: Records) -> None:
    put(records, entry("a", provenance={"source": "x"}))
    put(records, entry("b", provenance={"source": "x"}, status=ReviewStatus.DEPRECATED))
    assert records.with_provenance("source", ["x"]) == {"x": "a"}


def test_text_that_a_column_cannot_hold_harms_nothing(records: Records) -> None:
    odd = entry("a", symptoms="nul \0 within", services=("s\0", "x" * 9000), environment="e\0", team="t" * 9000)
    put(records, odd, author="E\0va", note="n\0")
    assert records.get("a") == odd
    assert records.entries(Filters(service="x" * 9000, team="t" * 9000, environment="e\0")) == [odd]
    assert records.revisions("a")[0].author == "E\N{REPLACEMENT CHARACTER}va"


def test_a_moment_of_another_zone_is_the_same_moment(records: Records) -> None:
    there = WRITTEN_AT.astimezone(timezone(timedelta(hours=-3)))
    records.write([entry("a")], author="", at=there)
    assert records.revisions("a")[0].at == WRITTEN_AT


@pytest.mark.parametrize("of", [Path, lambda path: f"sqlite:///{path}"], ids=["path", "url"])
def test_a_path_and_a_url_open_the_same_database(tmp_path: Path, of: Callable[[Path], Path | str]) -> None:
    path = tmp_path / "entradas.sqlite"
    with opened(of(path)) as records:
        put(records, entry("inc-1", title="Ação"))
    with opened(path) as again:
        assert again.get("inc-1") == entry("inc-1", title="Ação")


def test_a_path_with_signs_of_a_url_is_a_path(tmp_path: Path) -> None:
    path = tmp_path / "100% sure? #1.sqlite"
    Database(path).close()
    assert path.is_file()


@pytest.mark.parametrize(
    "url", ["not a url", "postgresql+psycopg://eva:segredo@127.0.0.1:1/firedrill", "nosuch://eva:segredo@host/db"]
)
def test_a_database_that_cannot_be_opened_is_named_without_its_password(url: str) -> None:
    with pytest.raises(RecordsUnavailable) as refused:
        Database(url)
    assert "segredo" not in str(refused.value)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "entries.sqlite"
    path.write_bytes(b"no database at all" * 500)
    with pytest.raises(RecordsUnavailable, match="not a database"):
        Database(path)
    assert path.read_bytes().startswith(b"no database")


def test_a_record_of_a_newer_version_is_named(tmp_path: Path) -> None:
    path = tmp_path / "entries.sqlite"
    with opened(path) as records:
        put(records, entry("inc-1"))
        with sqlite3.connect(path) as database:
            database.execute("""UPDATE knowledge_entries SET document = '{"id": "inc-1", "mood": 3}'""")
        database.close()
        with pytest.raises(RecordsUnavailable, match=r"entry inc-1 cannot be read .*newer version"):
            records.get("inc-1")
