"""The collector as a whole: both doors, the intake, retention; from start to a clean end."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import grpc
import uvicorn

from telemetry.collector.grpc_door import grpc_server
from telemetry.collector.http_door import http_app
from telemetry.collector.intake import Intake
from telemetry.collector.ports import cannot_listen, listen
from telemetry.errors import CollectorError, StoreError
from telemetry.store.writer import PRUNE_ROWS, StoreWriter

_DRAIN_SECONDS: Final = 1
_PRUNE_EVERY_SECONDS: Final = 60.0
_PRUNE_PAUSE_SECONDS: Final = 0.05

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectorSettings:
    """How a collector is to run. Port 0 means any free one.

    Attributes:
        store: The embedded store's file; it is made where there is none.
        retention_hours: How long telemetry is kept, more than 0.
    """

    store: Path
    host: str = "127.0.0.1"
    grpc_port: int = 4317
    http_port: int = 4318
    retention_hours: float = 24.0


class _HttpServer(uvicorn.Server):
    """Leaves signals to the collector, which has more than this server to stop."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def collect(settings: CollectorSettings, announce: Callable[[str], None]) -> None:
    """Receive and store until SIGTERM or SIGINT; then store what was received, and return.

    Args:
        settings: Where to listen, and where to store.
        announce: Is given one line of JSON with the ports and the store once both doors are open.

    Raises:
        StoreInUse: Another collector writes this store.
        StoreError: The store cannot be opened.
        CollectorError: A port is taken, or the host is not ours.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with StoreWriter(settings.store) as writer:
        intake = Intake(writer)
        try:
            await _serve(settings, intake, announce, stop)
        finally:
            if not intake.close(_DRAIN_SECONDS):
                _log.error("the store did not finish in time; senders were not told that it did")


async def _serve(
    settings: CollectorSettings, intake: Intake, announce: Callable[[str], None], stop: asyncio.Event
) -> None:
    listening = listen(settings.host, settings.http_port)
    http_port = listening.getsockname()[1]
    try:
        rpc = grpc_server(intake)
        grpc_port = _bind(rpc, settings)
    except CollectorError:
        listening.close()
        raise
    since = datetime.now(UTC)
    app = http_app(intake, lambda: _status(settings, intake, since))
    http = _HttpServer(
        uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off", timeout_graceful_shutdown=1)
    )
    await rpc.start()
    serving = asyncio.create_task(http.serve(sockets=[listening]))
    pruning = asyncio.create_task(_prune_for_ever(intake, timedelta(hours=settings.retention_hours)))
    # The socket listens already: whoever connects from now on is served as soon as the loop turns.
    announce(json.dumps({"grpc_port": grpc_port, "http_port": http_port, "store": str(settings.store)}))
    await stop.wait()
    pruning.cancel()
    http.should_exit = True
    await asyncio.gather(rpc.stop(grace=_DRAIN_SECONDS), serving)
    with suppress(asyncio.CancelledError):
        await pruning


def _bind(rpc: grpc.aio.Server, settings: CollectorSettings) -> int:
    # gRPC says only that it failed; asking for the port ourselves first says why.
    listen(settings.host, settings.grpc_port).close()
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    try:
        return int(rpc.add_insecure_port(f"{host}:{settings.grpc_port}"))
    except RuntimeError as error:
        raise cannot_listen(settings.host, settings.grpc_port, error) from error


async def _prune_for_ever(intake: Intake, retention: timedelta) -> None:
    while True:
        try:
            while await intake.prune(datetime.now(UTC) - retention) >= PRUNE_ROWS:
                await asyncio.sleep(_PRUNE_PAUSE_SECONDS)  # Lets exports in between.
        except StoreError as error:
            _log.error("old telemetry stays for now: %s", error)
        await asyncio.sleep(_PRUNE_EVERY_SECONDS)


def _status(settings: CollectorSettings, intake: Intake, since: datetime) -> dict[str, Any]:
    return {
        "store": str(settings.store),
        "since": since.isoformat(),
        "received": dict(intake.received),
        "stored": dict(intake.stored),
        "waiting_requests": intake.waiting_requests,
        "newest": intake.newest.isoformat() if intake.newest else None,
        "retention_hours": settings.retention_hours,
    }
