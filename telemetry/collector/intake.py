"""Between the doors and the store: one thread writes, those who wait for it share its transactions."""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

from telemetry.errors import Overloaded, StoreError
from telemetry.otlp import Encoding, decode
from telemetry.rows import Batch, Signal

MAX_WAITING_BYTES: Final = 64 * 1024 * 1024
MAX_WAITING_REQUESTS: Final = 512
_MAX_ROWS_PER_COMMIT: Final = 50_000
# A small request is read sooner than a thread can be woken for it.
_DECODED_AT_ONCE_BYTES: Final = 32 * 1024

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_log = logging.getLogger(__name__)


class Writer(Protocol):
    """What the intake needs of a store."""

    def write(self, batches: list[Batch]) -> None:
        """Write batches, all or none; what is written when this returns is safe."""
        ...

    def prune(self, before: datetime) -> int:
        """Forget some of what is older, and say how many rows went."""
        ...


_Job = tuple[Batch, "Future[None]"] | tuple[Callable[[], Any], "Future[Any]"]


class Intake:
    """Takes requests until they are stored. The doors run in one event loop, the writer in a thread of its own.

    Args:
        writer: The store; only the intake's thread uses it from now on.
        max_waiting_bytes: How many bytes of requests may be on their way to the store.
        max_waiting_requests: How many requests may be.
    """

    def __init__(
        self,
        writer: Writer,
        *,
        max_waiting_bytes: int = MAX_WAITING_BYTES,
        max_waiting_requests: int = MAX_WAITING_REQUESTS,
    ) -> None:
        self._writer = writer
        self._max_bytes, self._max_requests = max_waiting_bytes, max_waiting_requests
        self._bytes = self._requests = 0
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self.received: Counter[str] = Counter()
        self.stored: Counter[str] = Counter()
        self._newest_ts = 0
        self._thread = threading.Thread(target=self._work, name="store-writer")
        self._thread.start()

    @property
    def waiting_requests(self) -> int:
        """How many requests are being read or wait to be stored."""
        return self._requests

    @property
    def newest(self) -> datetime | None:
        """When the newest item that this process stored was stamped; None before the first."""
        return _EPOCH + timedelta(microseconds=self._newest_ts) if self._newest_ts else None

    async def take(self, signal: Signal, body: bytes, encoding: Encoding) -> Batch:
        """Read a request and store it. When this returns, it survives the death of the process.

        Raises:
            BadTelemetry: The request is malformed; nothing of it was stored.
            Overloaded: Too much waits already; nothing of it was stored.
            StoreError: The store cannot be written; nothing of it was stored.
        """
        with self._room_for(len(body)):
            if len(body) <= _DECODED_AT_ONCE_BYTES:
                batch = decode(signal, body, encoding)
            else:
                batch = await asyncio.to_thread(decode, signal, body, encoding)
            self.received.update(_counts(batch))
            if len(batch):
                stored: Future[None] = Future()
                self._jobs.put((batch, stored))
                # A client that hangs up must not take back what others share a transaction with.
                await asyncio.shield(asyncio.wrap_future(stored))
            return batch

    async def prune(self, before: datetime) -> int:
        """Have the writer forget a little of what is older, between two commits.

        Raises:
            StoreError: The store cannot be written.
        """
        gone: Future[int] = Future()
        self._jobs.put((lambda: self._writer.prune(before), gone))
        return await asyncio.wrap_future(gone)

    def close(self, timeout_seconds: float) -> bool:
        """Store what waits, then stop the thread; say whether that was done in time."""
        self._jobs.put(None)
        self._thread.join(timeout_seconds)
        return not self._thread.is_alive()

    @contextmanager
    def _room_for(self, size: int) -> Iterator[None]:
        if self._requests >= self._max_requests or (self._requests and self._bytes + size > self._max_bytes):
            raise Overloaded(f"{self._requests} requests wait to be stored already; send this one again in a second")
        self._requests += 1
        self._bytes += size
        try:
            yield
        finally:
            self._requests -= 1
            self._bytes -= size

    def _work(self) -> None:
        stopping = False
        while not stopping:
            jobs = [self._jobs.get()]
            rows = _rows(jobs[0])
            while rows < _MAX_ROWS_PER_COMMIT and not self._jobs.empty():
                jobs.append(self._jobs.get())
                rows += _rows(jobs[-1])
            stopping = None in jobs
            self._store([job for job in jobs if job is not None and isinstance(job[0], Batch)])
            for job in jobs:
                if job is not None and not isinstance(job[0], Batch):
                    _settle(job[1], job[0])

    def _store(self, jobs: list[Any]) -> None:
        if not jobs:
            return
        batches = [batch for batch, _ in jobs]
        outcome: Future[None] = Future()
        _settle(outcome, lambda: self._writer.write(batches))
        error = outcome.exception()
        if error is not None and len(jobs) > 1:
            # One batch that the store cannot hold must not cost the others that shared its transaction.
            for job in jobs:
                self._store([job])
            return
        if error is None:
            for batch in batches:
                self.stored.update(_counts(batch))
                self._newest_ts = max(self._newest_ts, _newest(batch))
        for _, stored in jobs:
            stored.set_exception(error) if error else stored.set_result(None)


def _settle(future: Future[Any], act: Callable[[], Any]) -> None:
    try:
        future.set_result(act())
    except StoreError as error:
        _log.error("%s", error)
        future.set_exception(error)
    except Exception as error:
        # The thread must outlive whatever happens, or every sender after this one waits for ever.
        _log.exception("the store's writer failed")
        future.set_exception(StoreError(f"the store's writer failed: {error!r}"))


def _rows(job: _Job | None) -> int:
    return len(job[0]) if job is not None and isinstance(job[0], Batch) else 0


def _counts(batch: Batch) -> dict[str, int]:
    return {
        "spans": len(batch.spans),
        "points": len(batch.points),
        "logs": len(batch.logs),
        "events": len(batch.events),
        "rejected": batch.rejected,
    }


def _newest(batch: Batch) -> int:
    kinds = (batch.spans, batch.points, batch.logs, batch.events)
    return max((row[0] for rows in kinds for row in rows), default=0)
