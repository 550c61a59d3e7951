"""A service's connections to its own database."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from opentelemetry import metrics
from opentelemetry.instrumentation.utils import suppress_instrumentation
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

from chaos.shop.errors import DatabaseUnavailable

MIN_CONNECTIONS = 1
MAX_CONNECTIONS = 8
# Shorter than the time that callers wait for this service, so that it is this service which says what is wrong.
CHECKOUT_SECONDS = 1.0
# The pool tries for this long, each wait twice the one before, and starts afresh with the next request. A longer
# time would let the waits grow, and the service stay down for many seconds after its database is back.
RECONNECT_SECONDS = 2.0

Connection = psycopg.AsyncConnection[DictRow]
log = logging.getLogger(__name__)


class Database:
    """The pool of one service, with its use as metrics."""

    def __init__(self, url: str, name: str) -> None:
        self._name = name
        self._pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            url,
            connection_class=psycopg.AsyncConnection[DictRow],
            kwargs={"row_factory": dict_row, "connect_timeout": 2, "application_name": name},
            min_size=MIN_CONNECTIONS,
            max_size=MAX_CONNECTIONS,
            timeout=CHECKOUT_SECONDS,
            reconnect_timeout=RECONNECT_SECONDS,
            check=_check,
            name=name,
            open=False,
        )
        meter = metrics.get_meter(__name__)
        meter.create_observable_up_down_counter(
            "db.client.connection.count", [self._count], "{connection}", "Connections by state."
        )
        meter.create_observable_up_down_counter(
            "db.client.connection.max", [self._max], "{connection}", "The most connections allowed."
        )
        meter.create_observable_up_down_counter(
            "db.client.connection.pending_requests",
            [self._pending],
            "{request}",
            "Requests that wait for a connection.",
        )

    async def open(self) -> None:
        """Start connecting; a database that is away is no reason not to start."""
        await self._pool.open(wait=False)

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.close(timeout=1.0)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Lend a connection for one transaction: committed at the end, rolled back on an error.

        Raises:
            DatabaseUnavailable: There is no working connection, or it broke.
        """
        try:
            async with self._pool.connection() as connection:
                yield connection
        except psycopg.OperationalError as error:
            log.exception("database of %s is not available", self._name)
            raise DatabaseUnavailable(f"database unavailable: {error}", "postgresql") from error

    async def ready(self) -> bool:
        """Say whether the database answers now."""
        try:
            async with self._pool.connection():  # the pool checks what it lends
                return True
        except psycopg.OperationalError:
            return False

    def _count(self, _options: metrics.CallbackOptions) -> Iterable[metrics.Observation]:
        if self._pool.closed:
            return
        stats = self._pool.get_stats()
        idle = stats.get("pool_available", 0)
        labels = self._labels()
        yield metrics.Observation(idle, {**labels, "db.client.connection.state": "idle"})
        yield metrics.Observation(
            max(stats.get("pool_size", 0) - idle, 0), {**labels, "db.client.connection.state": "used"}
        )

    def _max(self, _options: metrics.CallbackOptions) -> Iterable[metrics.Observation]:
        yield metrics.Observation(MAX_CONNECTIONS, self._labels())

    def _pending(self, _options: metrics.CallbackOptions) -> Iterable[metrics.Observation]:
        yield metrics.Observation(self._pool.get_stats().get("requests_waiting", 0), self._labels())

    def _labels(self) -> dict[str, Any]:
        return {"db.client.connection.pool.name": self._name}


async def _check(connection: Connection) -> None:
    # The question whether a connection is alive is the pool's own business, not a query of the service's.
    with suppress_instrumentation():
        await AsyncConnectionPool.check_connection(connection)
