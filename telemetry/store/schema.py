"""The embedded store's file: one SQLite database in WAL mode, one process writing, any number reading."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

from telemetry.errors import StoreError

SCHEMA_VERSION: Final = 1
_APPLICATION_ID: Final = 0x46445354  # "FDST": tells our files from other SQLite databases.
_BUSY_SECONDS: Final = 5.0
_MAGIC: Final = b"SQLite format 3\x00"

# Times are microseconds since 1970. `spans` is always asked by kind and time, with every kind listed where all are
# wanted, so that its one index serves every question and costs each insert only once. `points` is laid out by time
# in the table itself: points arrive in that order, and a point that is sent again replaces itself.
_TABLES: Final = """
CREATE TABLE resources (
  id INTEGER PRIMARY KEY, service TEXT NOT NULL, version TEXT NOT NULL, instance TEXT NOT NULL,
  environment TEXT NOT NULL, attributes TEXT NOT NULL UNIQUE
);
CREATE TABLE series (
  id INTEGER PRIMARY KEY, resource_id INTEGER NOT NULL REFERENCES resources (id), name TEXT NOT NULL,
  attributes TEXT NOT NULL, unit TEXT NOT NULL, kind TEXT NOT NULL, delta INTEGER NOT NULL, bounds TEXT NOT NULL,
  UNIQUE (name, resource_id, attributes, unit, kind, delta, bounds)
);
CREATE TABLE points (
  ts INTEGER NOT NULL, series_id INTEGER NOT NULL REFERENCES series (id), start_ts INTEGER NOT NULL, value REAL,
  count INTEGER, buckets BLOB, PRIMARY KEY (ts, series_id)
) WITHOUT ROWID;
CREATE TABLE spans (
  ts INTEGER NOT NULL, kind INTEGER NOT NULL, resource_id INTEGER NOT NULL REFERENCES resources (id),
  trace_id BLOB NOT NULL, span_id BLOB NOT NULL, parent_span_id BLOB NOT NULL, name TEXT NOT NULL,
  duration_ns INTEGER NOT NULL, status INTEGER NOT NULL, attributes TEXT NOT NULL
);
CREATE INDEX spans_by_kind_and_time ON spans (kind, ts, resource_id);
CREATE TABLE logs (
  ts INTEGER NOT NULL, resource_id INTEGER NOT NULL REFERENCES resources (id), severity TEXT NOT NULL,
  body TEXT NOT NULL, trace_id BLOB NOT NULL, span_id BLOB NOT NULL, attributes TEXT NOT NULL
);
CREATE INDEX logs_by_time ON logs (ts, resource_id);
CREATE TABLE events (
  ts INTEGER NOT NULL, service TEXT NOT NULL, event_type TEXT NOT NULL, version TEXT NOT NULL, metadata TEXT NOT NULL
);
CREATE INDEX events_by_time ON events (ts);
"""


def refuse_other_files(path: Path) -> None:
    """Look at a file's first bytes, and leave nothing beside it that it did not have.

    Raises:
        StoreError: The file is there and is no SQLite database, or cannot be read.
    """
    try:
        with path.open("rb") as file:
            found = file.read(len(_MAGIC))
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreError(f"cannot open the telemetry store {path}: {error}; {_advice(error)}") from error
    if found and found != _MAGIC:
        raise StoreError(f"{path} is no telemetry store, and not even a database; name another file")


def connect_writer(path: Path) -> sqlite3.Connection:
    """Open the store for writing, and make it where there is none. The caller holds the store's lock.

    Raises:
        StoreError: The file cannot be opened, is something else, or was made by another version.
    """
    connection: sqlite3.Connection | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        _check(connection, path, new_is_fine=True)
        connection.execute("PRAGMA journal_mode = WAL")
        # What a process has written is in the kernel's hands and survives that process's death, kill -9 included.
        # NORMAL gives that; FULL would add an fsync per commit, against the loss of power only.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA journal_size_limit = 67108864")
        if _user_version(connection) == 0:
            _create(connection)
    except StoreError:
        _close(connection)
        raise
    except (sqlite3.Error, OSError) as error:
        _close(connection)
        raise StoreError(f"cannot open the telemetry store {path}: {error}; {_advice(error)}") from error
    return connection


def connect_reader(path: Path) -> sqlite3.Connection:
    """Open the store for reading only; writing goes on meanwhile.

    Raises:
        StoreError: As `connect_writer`, and where there is no store yet.
    """
    if not path.is_file():
        raise StoreError(f"there is no telemetry store at {path}; start the collector on it, or name another file")
    connection: sqlite3.Connection | None = None
    try:
        uri = f"{path.resolve().as_uri()}?mode=ro"
        connection = sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS, isolation_level=None)
        connection.execute("PRAGMA query_only = 1")
        _check(connection, path, new_is_fine=False)
    except StoreError:
        _close(connection)
        raise
    except (sqlite3.Error, OSError) as error:
        _close(connection)
        raise StoreError(f"cannot open the telemetry store {path}: {error}; {_advice(error)}") from error
    return connection


def _check(connection: sqlite3.Connection, path: Path, *, new_is_fine: bool) -> None:
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    version = _user_version(connection)
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if not tables and not application_id:
        if new_is_fine:
            return
        raise StoreError(f"the telemetry store {path} is still empty; wait until the collector has started")
    if application_id != _APPLICATION_ID:
        raise StoreError(f"{path} is a database, and no telemetry store; name another file")
    if version != SCHEMA_VERSION:
        raise StoreError(
            f"the telemetry store {path} has schema {version}, this version has {SCHEMA_VERSION}; move the file away "
            "to begin a new one (recordings that were taken from it stay readable), or use the version that made it"
        )


def _create(connection: sqlite3.Connection) -> None:
    # One transaction: readers find either no store or a whole one.
    connection.executescript(
        f"BEGIN IMMEDIATE; {_TABLES} PRAGMA application_id = {_APPLICATION_ID};"
        f" PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
    )


def _user_version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def _close(connection: sqlite3.Connection | None) -> None:
    if connection is not None:
        connection.close()


def _advice(error: Exception) -> str:
    if "not a database" in str(error):
        return "the file is something else: name another file"
    return "check the folder, its permissions and its free space"
