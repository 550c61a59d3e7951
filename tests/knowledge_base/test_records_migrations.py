from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from incidents import WRITTEN_AT, entry
from kept import Kept, opened

from knowledge_base.errors import RecordsUnavailable
from knowledge_base.records import migrations
from knowledge_base.records.database import Database
from knowledge_base.records.schema import NEWEST, VERSION_TABLE, version_of
from knowledge_base.records.tables import Base
from knowledge_base.search.question import Filters

# What Firedrill made before its tables had a version, word for word.
TABLES_OF_OLD = """
CREATE TABLE knowledge_entries (
    id VARCHAR(200) NOT NULL, kind VARCHAR(20) NOT NULL, status VARCHAR(20) NOT NULL, has_signature BOOLEAN NOT NULL,
    updated_at {moment} NOT NULL, document TEXT NOT NULL, PRIMARY KEY (id)
);
CREATE TABLE knowledge_revisions (
    entry_id VARCHAR(200) NOT NULL, number INTEGER NOT NULL, author TEXT NOT NULL, at {moment} NOT NULL,
    document TEXT NOT NULL, PRIMARY KEY (entry_id, number), FOREIGN KEY(entry_id) REFERENCES knowledge_entries (id)
);
CREATE INDEX ix_knowledge_entries_kind ON knowledge_entries (kind);
CREATE INDEX ix_knowledge_entries_status ON knowledge_entries (status);
CREATE INDEX ix_knowledge_entries_updated_at ON knowledge_entries (updated_at)
"""
NEW_FIELDS = ("notes", "severity", "team", "merged_from", "review_by")
OLD_ENTRIES = [
    entry(
        f"inc-{number:04}",
        title=f"Antigo nº {number}",
        services=("orders", "orders", "pagamentos"),
        environment="produção",
        fault_kind="bad_version",
        provenance={"source": f"{number}.md"},
    )
    for number in range(1100)
]


@pytest.fixture
def engine(database_url: str | Path) -> Iterator[sa.Engine]:
    url = f"sqlite:///{database_url}" if isinstance(database_url, Path) else database_url
    engine = sa.create_engine(url)
    yield engine
    engine.dispose()


@pytest.fixture
def old(engine: sa.Engine) -> sa.Engine:
    """A database as an older Firedrill left it: 1100 entries with two revisions each."""
    moment = "TIMESTAMP WITH TIME ZONE" if engine.dialect.name == "postgresql" else "DATETIME"
    with engine.begin() as connection:
        for statement in TABLES_OF_OLD.format(moment=moment).split(";"):
            connection.execute(sa.text(statement))
        for each in OLD_ENTRIES:
            document = json.dumps({k: v for k, v in each.model_dump(mode="json").items() if k not in NEW_FIELDS})
            values = {"id": each.id, "at": "2026-03-01 10:30:00+00:00", "document": document}
            if engine.dialect.name == "sqlite":
                values["at"] = "2026-03-01 10:30:00.000000"
            connection.execute(
                sa.text("INSERT INTO knowledge_entries VALUES (:id, 'incident', 'draft', false, :at, :document)"),
                values,
            )
            for number in (1, 2):
                connection.execute(
                    sa.text("INSERT INTO knowledge_revisions VALUES (:id, :number, 'Eva', :at, :document)"),
                    values | {"number": number},
                )
    return engine


def test_a_database_of_the_older_version_opens_with_nothing_lost(old: sa.Engine, database_url: str | Path) -> None:
    with opened(database_url) as records:
        assert list(records.every()) == OLD_ENTRIES
        first, second = records.revisions("inc-1099")
        assert (first.author, first.note, first.entry, first.at) == ("Eva", "", OLD_ENTRIES[1099], WRITTEN_AT)
        assert second.number == 2


def test_what_is_new_works_for_entries_of_the_older_version(old: sa.Engine, database_url: str | Path) -> None:
    with opened(database_url) as records:
        assert (
            len(records.entries(Filters(service="pagamentos", environment="produção", fault_kind="bad_version")))
            == 1100
        )
        assert records.with_provenance("source", ["7.md"]) == {"7.md": "inc-0007"}
        assert records.findable_fingerprints()["inc-0007"] == "of Antigo nº 7"
        assert [each.id for each in records.changed_since(1098)] == ["inc-1098", "inc-1099"]
        assert records.change() == 1100
        kept = Kept(records)
        kept.ledger.judge("inc-0007", "wrong")
        assert [each.id for each in records.changed_since(1100)] == ["inc-0007"]


def test_migrations_that_ran_once_do_not_run_again(old: sa.Engine, database_url: str | Path) -> None:
    Database(database_url).close()
    with opened(database_url) as records:
        assert len(records.ids()) == 1100


def test_migrations_lead_to_the_tables_that_are_used(engine: sa.Engine, database_url: str | Path) -> None:
    Database(database_url).close()
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE, "compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
        assert version_of(connection) == NEWEST


def test_the_newest_version_is_that_of_the_last_migration() -> None:
    (folder,) = migrations.__path__
    assert ScriptDirectory(folder, version_locations=[folder]).get_heads() == [NEWEST]


def test_a_migration_that_fails_leaves_everything_as_it_was(old: sa.Engine, database_url: str | Path) -> None:
    with old.begin() as connection:
        connection.execute(sa.text("CREATE TABLE knowledge_duplicates (mine INTEGER)"))
    with pytest.raises(RecordsUnavailable, match="already exists"):
        Database(database_url)
    with old.begin() as connection:
        assert version_of(connection) is None
        assert "has_signature" in {column["name"] for column in sa.inspect(connection).get_columns("knowledge_entries")}
        connection.execute(sa.text("DROP TABLE knowledge_duplicates"))
    with opened(database_url) as records:
        assert len(records.ids()) == 1100


def test_a_database_of_a_newer_version_is_left_alone(engine: sa.Engine, database_url: str | Path) -> None:
    Database(database_url).close()
    with engine.begin() as connection:
        connection.execute(sa.text(f"UPDATE {VERSION_TABLE} SET version_num = '9000'"))
    with pytest.raises(RecordsUnavailable, match=r"version 9000, newer than .*install a newer Firedrill"):
        Database(database_url)
    with engine.begin() as connection:
        assert version_of(connection) == "9000"


def test_replicas_that_open_a_new_database_at_once_all_get_it(database_url: str | Path) -> None:
    counted: list[int] = []

    def open_it() -> None:
        with opened(database_url) as records:
            counted.append(records.change())

    threads = [threading.Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counted == [0, 0, 0, 0]
