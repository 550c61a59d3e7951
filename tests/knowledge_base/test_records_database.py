from __future__ import annotations

import re
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from incidents import WRITTEN_AT, entry
from kept import opened

from knowledge_base.errors import RecordsUnavailable
from knowledge_base.records.database import Database
from knowledge_base.records.records import Records
from knowledge_base.records.tables import RecallRow


@pytest.fixture
def records(database_url: str | Path) -> Iterator[Records]:
    with opened(database_url) as records:
        yield records


def put(records: Records, entry_id: str) -> None:
    records.write([entry(entry_id)], author="", at=WRITTEN_AT)


def test_an_error_takes_back_everything_that_was_written_together(records: Records) -> None:
    with pytest.raises(KeyError), records.database.writing():  # noqa: PT012 - the second writing is what fails
        put(records, "a")
        assert records.ids() == ("a",)
        raise KeyError
    assert records.ids() == ()
    assert records.change() == 0


def test_an_error_in_a_part_takes_back_that_part(records: Records) -> None:
    done: list[str] = []
    with records.database.writing():
        put(records, "a")
        records.database.after_commit(lambda: done.append("a"))
        with pytest.raises(KeyError), records.database.writing():  # noqa: PT012 - the second writing is what fails
            put(records, "b")
            records.database.after_commit(lambda: done.append("b"))
            raise KeyError
    assert records.ids() == ("a",)
    assert done == ["a"]


def test_what_follows_a_commit_happens_after_it_and_once(records: Records) -> None:
    done: list[tuple[str, ...]] = []
    with records.database.writing():
        records.database.after_commit(lambda: done.append(records.ids()))
        put(records, "a")
        assert done == []
    assert done == [("a",)]
    records.database.after_commit(lambda: done.append(("at once",)))
    assert done[-1] == ("at once",)


def test_nothing_follows_what_was_taken_back(records: Records) -> None:
    done: list[str] = []
    with pytest.raises(KeyError), records.database.writing():  # noqa: PT012 - something after it is what fails
        records.database.after_commit(lambda: done.append("never"))
        raise KeyError
    put(records, "a")
    assert done == []


def test_a_reader_sees_nothing_of_what_is_not_committed(records: Records, database_url: str | Path) -> None:
    with opened(database_url) as other:
        with records.database.writing():
            put(records, "a")
            assert other.ids() == ()
        assert other.ids() == ("a",)


def test_what_the_database_refuses_is_said_without_the_values(records: Records) -> None:
    with pytest.raises(RecordsUnavailable) as refused, records.database.adding() as session:
        session.add_all([RecallRow(id="x", at=WRITTEN_AT, document="segredo") for _ in range(2)])
    assert "IntegrityError" in str(refused.value)
    assert "segredo" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (
            "db.internal/firedrill",
            "its URL cannot be read; give knowledge.database_url one such as postgresql+psycopg:",
        ),
        ("mysql://u:segredo@h/d", "is neither SQLite nor PostgreSQL; give knowledge.database_url one such as postgre"),
        ("postgres://u:segredo@h/d", "is neither SQLite nor PostgreSQL; give knowledge.database_url one such as post"),
        ("postgresql+nada://u:segredo@h/d", "; let knowledge.database_url begin with postgresql+psycopg://"),
    ],
)
def test_a_database_that_cannot_be_is_refused_with_the_setting_and_what_would_do(url: str, said: str) -> None:
    with pytest.raises(RecordsUnavailable) as refused:
        Database(url)
    assert said in str(refused.value)
    assert "segredo" not in str(refused.value)


def test_where_the_driver_is_missing_it_says_what_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(RecordsUnavailable, match=re.escape("; pip install 'firedrill[postgresql]' brings")):
        Database("postgresql+psycopg://u@127.0.0.1/d")


def test_what_a_driver_says_is_told_in_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # Nobody listens there, and nobody else can.
        with pytest.raises(RecordsUnavailable) as refused:
            Database(f"postgresql+psycopg://u:segredo@127.0.0.1:{taken.getsockname()[1]}/d")
    assert "OperationalError" in str(refused.value)
    assert "\n" not in str(refused.value)
    assert "segredo" not in str(refused.value)
