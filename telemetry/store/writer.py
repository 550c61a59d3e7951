"""The one writer of the embedded store."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from telemetry.errors import StoreError, StoreInUse
from telemetry.rows import SPAN_KINDS, Batch, Resource, Series
from telemetry.store.schema import connect_writer, refuse_other_files

PRUNE_ROWS: Final = 5_000

_INSERTS: Final = {
    "spans": "INSERT INTO spans VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "points": "INSERT OR REPLACE INTO points VALUES (?, ?, ?, ?, ?, ?)",
    "logs": "INSERT INTO logs VALUES (?, ?, ?, ?, ?, ?, ?)",
    "events": "INSERT INTO events VALUES (?, ?, ?, ?, ?)",
}
_KINDS: Final = ", ".join(str(kind) for kind in range(len(SPAN_KINDS)))
_PRUNES: Final = (
    f"DELETE FROM spans WHERE rowid IN (SELECT rowid FROM spans WHERE kind IN ({_KINDS}) AND ts < ? LIMIT ?)",  # noqa: S608 - our own numbers
    "DELETE FROM points WHERE (ts, series_id) IN (SELECT ts, series_id FROM points WHERE ts < ? ORDER BY ts LIMIT ?)",
    "DELETE FROM logs WHERE rowid IN (SELECT rowid FROM logs WHERE ts < ? LIMIT ?)",
    "DELETE FROM events WHERE rowid IN (SELECT rowid FROM events WHERE ts < ? LIMIT ?)",
)


class StoreWriter:
    """Writes batches to the store, and forgets what is old. May be used by one thread at a time.

    Args:
        path: The store's file; it is made where there is none.

    Raises:
        StoreInUse: Another process writes this store.
        StoreError: The file cannot be opened, is something else, or was made by another version.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        refuse_other_files(path)
        self._lock = _lock(path)
        try:
            self._connection = connect_writer(path)
        except StoreError:
            os.close(self._lock)
            raise
        self._resource_ids: dict[Resource, int] = {}
        self._series_ids: dict[Series, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def write(self, batches: Sequence[Batch]) -> None:
        """Write batches in one transaction. When this returns, they survive the death of this process.

        Raises:
            StoreError: Nothing of any of them was written.
        """
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for batch in batches:
                self._insert(batch)
            self._connection.execute("COMMIT")
        except (sqlite3.Error, OverflowError) as error:
            self._roll_back()
            raise StoreError(f"cannot write to the telemetry store {self.path}: {error}") from error

    def prune(self, before: datetime, rows: int = PRUNE_ROWS) -> int:
        """Forget at most `rows` rows of each table that are older than a moment, and say how many went.

        Raises:
            StoreError: Nothing was forgotten.
        """
        limit = int(before.astimezone(UTC).timestamp() * 1_000_000)
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            gone = sum(self._connection.execute(statement, (limit, rows)).rowcount for statement in _PRUNES)
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._roll_back()
            raise StoreError(f"cannot prune the telemetry store {self.path}: {error}") from error
        return gone

    def close(self) -> None:
        """Close the file and let go of its lock."""
        self._connection.close()
        os.close(self._lock)

    def _insert(self, batch: Batch) -> None:
        insert = self._connection.executemany
        spans = ((row.ts, row.kind, self._resource_id(row.resource), *row[3:]) for row in batch.spans)
        points = ((row.ts, self._series_id(row.series), *row[2:]) for row in batch.points)
        logs = ((row.ts, self._resource_id(row.resource), *row[2:]) for row in batch.logs)
        for table, rows in (("spans", spans), ("points", points), ("logs", logs), ("events", batch.events)):
            insert(_INSERTS[table], rows)

    def _roll_back(self) -> None:
        # Ids that were given out in the transaction are gone with it; the next write looks them up anew.
        self._resource_ids.clear()
        self._series_ids.clear()
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def _resource_id(self, resource: Resource) -> int:
        known = self._resource_ids.get(resource)
        if known is not None:
            return known
        self._connection.execute(
            "INSERT INTO resources (service, version, instance, environment, attributes) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            resource,
        )
        found = self._connection.execute("SELECT id FROM resources WHERE attributes = ?", (resource.attributes,))
        return self._resource_ids.setdefault(resource, int(found.fetchone()[0]))

    def _series_id(self, series: Series) -> int:
        known = self._series_ids.get(series)
        if known is not None:
            return known
        values = (self._resource_id(series.resource), *series[1:])
        self._connection.execute(
            "INSERT INTO series (resource_id, name, attributes, unit, kind, delta, bounds)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            values,
        )
        found = self._connection.execute(
            "SELECT id FROM series WHERE resource_id = ? AND name = ? AND attributes = ? AND unit = ? AND kind = ?"
            " AND delta = ? AND bounds = ?",
            values,
        )
        return self._series_ids.setdefault(series, int(found.fetchone()[0]))


def _lock(path: Path) -> int:
    lock_path = path.with_name(f"{path.name}.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StoreError(f"cannot open the telemetry store {path}: {error}; check the folder and its rights") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.pread(lock, 32, 0).decode("ascii", "replace").strip()
        os.close(lock)
        who = f"process {holder}" if holder else "another process"
        raise StoreInUse(f"the telemetry store {path} is written by {who}; stop it, or name another file") from error
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode("ascii"), 0)
    return lock
