"""The HTTP API. The command line, the pages and the drills all speak through it, and so may anybody else."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.types import ExceptionHandler

from assistant.errors import JournalError, NotFound
from knowledge_base import (
    BadSearch,
    Conflict,
    EntryNotFound,
    KnowledgeBaseError,
    MergeRefused,
    RecallNotFound,
    ReviewRefused,
    RevisionNotFound,
    Unreadable,
)
from telemetry import RecordingError, SourceUnavailable, TelemetryError
from ui import __version__
from ui.server import exchange_routes, knowledge_routes, routes
from ui.server.desk import Desk, TooManyQuestions
from ui.server.entry_writing import IdTaken
from ui.server.import_jobs import ImportJobs, NoSuchImport, TooManyImports
from ui.server.protection import protect
from ui.server.watcher import Watcher
from ui.server.workers import Workers
from ui.server.workspace import Workspace

_log = logging.getLogger(__name__)

# One incident is investigated at a time; and questions have threads of their own, so that neither keeps the other
# waiting. More would take the processor from what is observed.
_INVESTIGATING_THREADS: Final = 1
_ANSWERING_THREADS: Final = 2
_STOP_SECONDS: Final = 1.0
_SERVER_ERROR_FROM: Final = 500
_STATUS_OF: Final[tuple[tuple[type[Exception], int], ...]] = (
    (NotFound, 404),
    (EntryNotFound, 404),
    (RevisionNotFound, 404),
    (RecallNotFound, 404),
    (NoSuchImport, 404),
    (Conflict, 409),
    (IdTaken, 409),
    (ReviewRefused, 409),
    (MergeRefused, 409),
    (TooManyQuestions, 429),
    (TooManyImports, 429),
    (BadSearch, 422),
    (Unreadable, 422),
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
    investigating = Workers(_INVESTIGATING_THREADS, "investigation")
    answering = Workers(_ANSWERING_THREADS, "answer")
    watcher = Watcher(workspace, investigating)
    desk = Desk(workspace, watcher, answering)
    importing = Workers(1, "import")
    imports = ImportJobs(workspace.knowledge, importing, workspace.clock)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        if watching:
            watcher.start()
            answering.submit(partial(_read_what_is_known, workspace))
            desk.resume()
        yield
        if watching:
            watcher.stop()
        investigating.stop(_STOP_SECONDS)
        answering.stop(_STOP_SECONDS)
        importing.stop(_STOP_SECONDS)
        imports.stopped()

    # The pages that FastAPI makes of /openapi.json would load their scripts from elsewhere.
    app = FastAPI(title="Firedrill", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.workspace, app.state.watcher, app.state.desk, app.state.imports = workspace, watcher, desk, imports
    for module in (routes, knowledge_routes, exchange_routes):
        app.include_router(module.router)
    protect(app, workspace.settings.server.host)
    app.add_exception_handler(RequestValidationError, _answer_what_was_wrong)
    for kind, status in _STATUS_OF:
        app.add_exception_handler(kind, _answer_with(status))
    return app


def _read_what_is_known(workspace: Workspace) -> None:
    """Spare the first question the reading; when it cannot be read now, that question will say so."""
    try:
        workspace.knowledge.warm_up()
    except KnowledgeBaseError as error:
        _log.warning("what is known could not be read ahead: %s", error)


def _answer_with(status: int) -> ExceptionHandler:
    def handler(_request: Request, error: Exception) -> JSONResponse:
        if status >= _SERVER_ERROR_FROM:
            _log.error("%s: %s", type(error).__name__, error)
        return JSONResponse({"detail": str(error)}, status_code=status)

    return handler


def _answer_what_was_wrong(_request: Request, error: Exception) -> JSONResponse:
    # What was sent is not sent back: it may be large, and may not even be text.
    mistakes = error.errors() if isinstance(error, RequestValidationError) else ()
    detail = [{"loc": [str(part) for part in one["loc"]], "msg": one["msg"], "type": one["type"]} for one in mistakes]
    return JSONResponse({"detail": detail}, status_code=422)
