"""Reads the embedded store while somebody else writes it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from telemetry.errors import SourceUnavailable, StoreError
from telemetry.recording import utc_now
from telemetry.rows import SPAN_KINDS, SPAN_STATUSES
from telemetry.source import EVENT_COLUMNS, LOG_COLUMNS, SPAN_COLUMNS
from telemetry.store.metrics import read_metrics
from telemetry.store.schema import connect_reader

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_CLOCKS_DIFFER: Final = timedelta(minutes=1)
_ALL_KINDS: Final = tuple(range(len(SPAN_KINDS)))


class StoredTelemetry:
    """A `TelemetrySource` on the embedded store's file. Any thread and any number of processes may ask.

    Every question opens the file anew, so a store that is moved away or made again is noticed.

    Args:
        path: The store's file; it need not exist yet.
        clock: Gives the present moment.
    """

    def __init__(self, path: Path, clock: Callable[[], datetime] = utc_now) -> None:
        self.path = path
        self._clock = clock

    def services(self, start: datetime, end: datetime) -> list[str]:
        """Name, in order, the services that sent anything in the range."""
        low, high = _microseconds(start), _microseconds(end)
        query = (
            "SELECT DISTINCT service FROM resources WHERE service != '' AND id IN ("
            " SELECT resource_id FROM spans WHERE kind IN (SELECT value FROM json_each(?1)) AND ts >= ?2 AND ts < ?3"
            " UNION SELECT resource_id FROM logs WHERE ts >= ?2 AND ts < ?3"
            " UNION SELECT resource_id FROM series WHERE id IN ("
            "  SELECT DISTINCT series_id FROM points WHERE ts >= ?2 AND ts < ?3))"
            " UNION SELECT service FROM events WHERE service != '' AND ts >= ?2 AND ts < ?3"
        )
        with self._asked() as connection:
            rows = connection.execute(query, (json.dumps(_ALL_KINDS), low, high)).fetchall()
        return sorted(service for (service,) in rows)

    def metrics(
        self, start: datetime, end: datetime, step_seconds: float, *, names: Sequence[str] = ()
    ) -> pd.DataFrame:
        """Give metric series over a range, as `TelemetrySource.metrics` says.

        Steps are counted from `start`; a last step that `end` cuts short is stamped `end`. A counter's first point is
        compared with one of up to a minute (or two steps) before the range.

        Raises:
            SourceUnavailable: The store cannot be read.
            ValueError: The step is not longer than nothing.
        """
        if step_seconds <= 0:
            raise ValueError(f"step_seconds must be more than 0, got {step_seconds}")
        with self._asked() as connection:
            return read_metrics(connection, _microseconds(start), _microseconds(end), step_seconds, names)

    def spans(
        self, start: datetime, end: datetime, *, services: Sequence[str] = (), kinds: Sequence[str] = ()
    ) -> pd.DataFrame:
        """Give the spans that started in the range, restricted to services and kinds where these are named."""
        wanted = [number for number, kind in enumerate(SPAN_KINDS) if not kinds or kind in kinds]
        if not wanted:
            return _span_frame([], {})
        with self._asked() as connection:
            resources = _resources(connection)
            query = (
                "SELECT ts, kind, resource_id, trace_id, span_id, parent_span_id, name, duration_ns, status, attributes"
                " FROM spans WHERE kind IN (SELECT value FROM json_each(?1)) AND ts >= ?2 AND ts < ?3"
                " AND (?4 IS NULL OR resource_id IN (SELECT value FROM json_each(?4)))"
            )
            among = _among(resources, services)
            arguments = (json.dumps(wanted), _microseconds(start), _microseconds(end), among)
            rows = connection.execute(query, arguments).fetchall()
        return _span_frame(rows, resources)

    def logs(self, start: datetime, end: datetime, *, services: Sequence[str] = ()) -> pd.DataFrame:
        """Give the log lines of the range, as they were written."""
        with self._asked() as connection:
            resources = _resources(connection)
            query = (
                "SELECT ts, resource_id, severity, body, trace_id, span_id, attributes FROM logs"
                " WHERE ts >= ?1 AND ts < ?2 AND (?3 IS NULL OR resource_id IN (SELECT value FROM json_each(?3)))"
                " ORDER BY ts, rowid"
            )
            arguments = (_microseconds(start), _microseconds(end), _among(resources, services))
            rows = connection.execute(query, arguments).fetchall()
        ts, resource, severity, body, trace_id, span_id, attributes = _columns(rows, 7)
        return pd.DataFrame(
            {
                "ts": _times(ts),
                "service": _texts(resources[number][0] for number in resource),
                "body": _texts(body),
                "pod": _texts(resources[number][1] for number in resource),
                "severity": _texts(severity),
                "trace_id": _texts(map(bytes.hex, trace_id)),
                "span_id": _texts(map(bytes.hex, span_id)),
                "attributes": _texts(attributes),
            },
            columns=list(LOG_COLUMNS),
        )

    def events(self, start: datetime, end: datetime) -> pd.DataFrame:
        """Give deployments, flag changes, restarts and the like."""
        query = (
            "SELECT ts, service, event_type, version, metadata FROM events WHERE ts >= ? AND ts < ? ORDER BY ts, rowid"
        )
        with self._asked() as connection:
            rows = connection.execute(query, (_microseconds(start), _microseconds(end))).fetchall()
        columns = dict(zip(EVENT_COLUMNS, _columns(rows, 5), strict=True))
        return pd.DataFrame(
            {name: _times(values) if name == "ts" else _texts(values) for name, values in columns.items()}
        )

    def newest(self) -> datetime | None:
        """Say when the newest span, point or line was stamped; None when there is nothing at all.

        What lies more than a minute after the present was stamped by a clock that is wrong, and does not count.
        """
        tables = [f"spans WHERE kind = {kind} AND" for kind in _ALL_KINDS]
        tables += [f"{table} WHERE" for table in ("points", "logs", "events")]
        latest = _microseconds(self._clock() + _CLOCKS_DIFFER)
        with self._asked() as connection:
            found = [
                connection.execute(f"SELECT max(ts) FROM {table} ts <= ?", (latest,)).fetchone()[0]  # noqa: S608 - our own names
                for table in tables
            ]
        return max((_EPOCH + ts * _MICROSECOND for ts in found if ts is not None), default=None)

    @contextmanager
    def _asked(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = connect_reader(self.path)
        except StoreError as error:
            raise SourceUnavailable(str(self.path), str(error)) from error
        with closing(connection):
            try:
                # One transaction a question, so that every row's resource and series are in the same snapshot.
                connection.execute("BEGIN")
                yield connection
            except sqlite3.Error as error:
                raise SourceUnavailable(str(self.path), f"cannot be read: {error}; is its disk healthy?") from error


def _span_frame(rows: list[tuple[Any, ...]], resources: dict[int, tuple[str, str]]) -> pd.DataFrame:
    ts, kind, resource, trace_id, span_id, parent, name, duration, status, attributes = _columns(rows, 10)
    frame = pd.DataFrame(
        {
            "trace_id": _texts(map(bytes.hex, trace_id)),
            "span_id": _texts(map(bytes.hex, span_id)),
            "parent_span_id": _texts(map(bytes.hex, parent)),
            "service": _texts(resources[number][0] for number in resource),
            "name": _texts(name),
            "ts": _times(ts),
            "duration_ms": np.asarray(duration, dtype=np.float64) / 1e6,
            "pod": _texts(resources[number][1] for number in resource),
            "kind": _texts(map(SPAN_KINDS.__getitem__, kind)),
            "status": _texts(map(SPAN_STATUSES.__getitem__, status)),
            "attributes": _texts(attributes),
        },
        columns=list(SPAN_COLUMNS),
    )
    # The index hands out one kind after the other.
    return frame.sort_values("ts", kind="stable", ignore_index=True)


def _resources(connection: sqlite3.Connection) -> dict[int, tuple[str, str]]:
    """Give service and instance of each resource by its number."""
    rows = connection.execute("SELECT id, service, instance FROM resources").fetchall()
    return {number: (service, instance) for number, service, instance in rows}


def _among(resources: dict[int, tuple[str, str]], services: Sequence[str]) -> str | None:
    """Give the numbers of the resources of these services as JSON, None where all are wanted."""
    if not services:
        return None
    return json.dumps([number for number, (service, _) in resources.items() if service in services])


def _columns(rows: list[tuple[Any, ...]], width: int) -> list[tuple[Any, ...]]:
    return list(zip(*rows, strict=True)) if rows else [()] * width


def _times(microseconds: Sequence[int]) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(np.asarray(microseconds, dtype=np.int64).view("datetime64[us]")).tz_localize("UTC")


def _texts(values: Any) -> np.ndarray[Any, np.dtype[np.object_]]:
    return np.array(list(values), dtype=object)


def _microseconds(moment: datetime) -> int:
    # Whole numbers all the way: floating-point seconds would lose the last microsecond.
    return (moment - _EPOCH) // _MICROSECOND
