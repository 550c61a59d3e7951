"""The HTTP API. The command line, the pages and the drills all speak through it, and so may anybody else."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from assistant.errors import JournalError, NotFound
from knowledge_base import BadSearch, EntryNotFound, KnowledgeBaseError
from telemetry import RecordingError, SourceUnavailable, TelemetryError
from ui import __version__
from ui.server.desk import Desk
from ui.server.routes import router
from ui.server.watcher import Watcher
from ui.server.workspace import Workspace

_log = logging.getLogger(__name__)

# One investigates while the other answers; more would take the processor from what is observed.
_WORKERS: Final = 2
_STATUS_OF: Final[tuple[tuple[type[Exception], int], ...]] = (
    (NotFound, 404),
    (EntryNotFound, 404),
    (BadSearch, 422),
    (RecordingError, 422),
    (SourceUnavailable, 503),
    (JournalError, 503),
    (KnowledgeBaseError, 503),
    (TelemetryError, 503),
)


def create_app(workspace: Workspace, *, watching: bool = True) -> FastAPI:
    """Make the API over an open workspace, which the caller owns.

    Args:
        workspace: What the API serves.
        watching: Whether to watch the telemetry in the background; a command that only asks does not.
    """
    workers = ThreadPoolExecutor(_WORKERS, thread_name_prefix="investigation")
    watcher = Watcher(workspace, workers)
    desk = Desk(workspace, watcher, workers)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        if watching:
            watcher.start()
            desk.resume()
        yield
        if watching:
            watcher.stop()
        workers.shutdown(wait=True, cancel_futures=True)

    app = FastAPI(title="Firedrill", version=__version__, lifespan=lifespan)
    app.state.workspace, app.state.watcher, app.state.desk = workspace, watcher, desk
    app.include_router(router)
    for kind, status in _STATUS_OF:
        app.add_exception_handler(kind, _answer_with(status))
    return app


def _answer_with(status: int):  # type: ignore[no-untyped-def]
    async def handler(_request: Request, error: Exception) -> JSONResponse:
        if status >= 500:
            _log.error("%s: %s", type(error).__name__, error)
        return JSONResponse({"detail": str(error)}, status_code=status)

    return handler
