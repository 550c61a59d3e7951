"""A session that locks a table for half a second, over and over, as a batch job or a careless migration does."""

from __future__ import annotations

import threading
from typing import Final

import psycopg
from psycopg import sql

from chaos import FaultFailed

_HELD_SECONDS: Final = 0.5
# Long enough for those who waited to have their turn; without it the pool would run dry, which is another fault.
_FREE_SECONDS: Final = 0.15
_CONNECT_SECONDS: Final = 5
_STOP_SECONDS: Final = 10.0


class LockContention:
    """Locks one table at intervals, from a thread with a connection of its own; the lock ends with the connection."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._problem: psycopg.Error | None = None

    def start(self, admin_url: str, schema: str, table: str) -> None:
        """Begin; the table is locked for the first time when this returns.

        Raises:
            FaultFailed: The database does not answer, or has no such table; nothing is locked.
        """
        self._stopping.clear()
        self._problem = None
        lock = sql.SQL("LOCK TABLE {}.{} IN ACCESS EXCLUSIVE MODE").format(
            sql.Identifier(schema), sql.Identifier(table)
        )
        try:
            connection = psycopg.connect(admin_url, connect_timeout=_CONNECT_SECONDS)
        except psycopg.Error as error:
            raise FaultFailed(f"the database of {schema} cannot be reached to lock {table}: {error}") from error
        try:
            connection.execute(lock)
        except psycopg.Error as error:
            connection.close()
            raise FaultFailed(f"{schema}.{table} cannot be locked: {error}") from error
        self._thread = threading.Thread(target=self._lock_for_ever, args=(connection, lock), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Let go of the table; no harm where nothing is locked.

        Raises:
            FaultFailed: The database ended the locking before it was told to stop.
        """
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(_STOP_SECONDS)
            self._thread = None
        if self._problem is not None:
            problem, self._problem = self._problem, None
            raise FaultFailed(f"the table was not locked for as long as it should be: {problem}")

    def _lock_for_ever(self, connection: psycopg.Connection, lock: sql.Composed) -> None:
        try:
            with connection:  # Closes it in the end, which frees the table.
                while not self._stopping.wait(_HELD_SECONDS):
                    connection.commit()
                    self._stopping.wait(_FREE_SECONDS)
                    connection.execute(lock)
        except psycopg.Error as error:
            self._problem = error
