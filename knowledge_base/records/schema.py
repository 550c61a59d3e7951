"""Bringing a database to the tables of this version."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, text

from knowledge_base.errors import RecordsUnavailable

NEWEST: Final = "0002"
VERSION_TABLE: Final = "knowledge_version"
# Any number that no other program locks; two replicas that open a new database must not both make its tables.
_POSTGRESQL_LOCK: Final = 6_040_217_411


def bring_up_to_date(connection: Connection, name: str) -> None:
    """Run the migrations that a database lacks, all or none; the caller owns the transaction.

    Args:
        connection: In a transaction that may write.
        name: What to call the database in an error.

    Raises:
        RecordsUnavailable: A newer version of Firedrill wrote it, so it is left alone.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _POSTGRESQL_LOCK})
    if version_of(connection) == NEWEST:
        return
    # Alembic takes a third of a second to import, which a database that is up to date does not have to pay.
    from alembic.migration import MigrationContext  # noqa: PLC0415
    from alembic.operations import Operations  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415
    from alembic.util.exc import CommandError  # noqa: PLC0415

    folder = str(Path(__file__).parent / "migrations")
    scripts = ScriptDirectory(folder, version_locations=[folder])
    context = MigrationContext.configure(
        connection,
        opts={
            "version_table": VERSION_TABLE,
            # SQLite can take back a half-made table as well, though Alembic does not count on it.
            "transactional_ddl": True,
            "fn": lambda version, _context: scripts._upgrade_revs(NEWEST, version),
        },
    )
    try:
        with Operations.context(context):
            context.run_migrations()
    except CommandError as error:
        raise RecordsUnavailable(
            name, f"its tables have version {version_of(connection)}, newer than {NEWEST}; install a newer Firedrill"
        ) from error


def version_of(connection: Connection) -> str | None:
    """Read which version a database's tables have; None for one without, be it empty or older than versions."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found: str | None = connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}"))  # noqa: S608 - a constant
    return found
