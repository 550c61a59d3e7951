import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from incidents import WRITTEN_AT, entry

from knowledge_base import RecordsUnavailable, ReviewStatus
from knowledge_base.records import Records


@pytest.mark.parametrize("of", [Path, lambda path: f"sqlite:///{path}"], ids=["path", "url"])
def test_a_path_and_a_url_open_the_same_database(tmp_path: Path, of: Callable[[Path], Path | str]) -> None:
    path = tmp_path / "entradas.sqlite"
    records = Records(of(path))
    records.put(entry("inc-1", title="Ação"), author="", at=WRITTEN_AT)
    records.close()
    again = Records(path)
    found = again.get("inc-1")
    again.close()
    assert found == entry("inc-1", title="Ação")


def test_a_path_with_signs_of_a_url_is_a_path(tmp_path: Path) -> None:
    path = tmp_path / "100% sure? #1.sqlite"
    Records(path).close()
    assert path.is_file()


def test_only_what_a_search_may_return_is_findable(tmp_path: Path) -> None:
    records = Records(tmp_path / "entries.sqlite")
    records.put(entry("inc-old", status=ReviewStatus.DEPRECATED, signature={"a": 1.0}), author="", at=WRITTEN_AT)
    records.put(entry("inc-draft", signature={"a": 1.0}), author="", at=WRITTEN_AT)
    records.put(entry("inc-plain", status=ReviewStatus.APPROVED), author="", at=WRITTEN_AT)
    assert [each.id for each in records.findable()] == ["inc-draft", "inc-plain"]
    assert [each.id for each in records.with_signature(limit=10)] == ["inc-draft"]
    assert records.ids() == ("inc-draft", "inc-old", "inc-plain")
    records.close()


@pytest.mark.parametrize(
    "url", ["not a url", "postgresql+psycopg://eva:segredo@127.0.0.1:1/firedrill", "nosuch://eva:segredo@host/db"]
)
def test_a_database_that_cannot_be_opened_is_named_without_its_password(url: str) -> None:
    with pytest.raises(RecordsUnavailable) as refused:
        Records(url)
    assert "segredo" not in str(refused.value)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "entries.sqlite"
    path.write_bytes(b"no database at all" * 500)
    with pytest.raises(RecordsUnavailable, match="not a database"):
        Records(path)
    assert path.read_bytes().startswith(b"no database")


def test_a_record_of_a_newer_version_is_named(tmp_path: Path) -> None:
    path = tmp_path / "entries.sqlite"
    records = Records(path)
    records.put(entry("inc-1"), author="", at=WRITTEN_AT)
    with sqlite3.connect(path) as database:
        database.execute("""UPDATE knowledge_entries SET document = '{"id": "inc-1", "mood": 3}'""")
    database.close()
    with pytest.raises(RecordsUnavailable, match=r"entry inc-1 cannot be read .*newer version"):
        records.get("inc-1")
    records.close()
