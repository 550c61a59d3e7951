"""The way to the assistant: the running server, or, where none runs, the same API in this process."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal

from assistant.client import AssistantClient, ServerRefused, ServerUnclear, ServerUnreachable
from ui.bad_use import BadUse
from ui.progress import progress_bar
from ui.settings import Settings
from ui.settings_reading import LoadedSettings

if TYPE_CHECKING:
    from ui.server.workspace import Workspace

_ANSWER_SECONDS = 60.0
_IN_PROCESS_URL = "http://localhost"
_WORKSPACE_KEY = "workspace.path"


class NothingToAsk(Exception):
    """No server runs, and the workspace does not hold what is needed to answer without one.

    Attributes:
        missing: What is not there, and where.
        url: Where no server answers.
        instead: What else makes it, empty for nothing.
    """

    def __init__(self, missing: str, settings: Settings, instead: str = "") -> None:
        super().__init__(missing, server_url(settings), instead)
        self.missing, self.url, self.instead = missing, server_url(settings), instead

    def __str__(self) -> str:
        instead = f"{self.instead}, " if self.instead else ""
        return (
            f"{self.missing}, and no server at {self.url}; start it with `firedrill up`, {instead}"
            "or run this in the folder where it was started (or set FIREDRILL_WORKSPACE_PATH)"
        )


class RefusedHere(ServerRefused):
    """What a server would have refused, where there is none."""

    def __str__(self) -> str:
        return self.detail


def server_url(settings: Settings) -> str:
    """Where the server listens, or would."""
    return f"http://{settings.server.host}:{settings.server.port}"


@contextmanager
def running_server(settings: Settings) -> Iterator[AssistantClient]:
    """Speak to the server that runs.

    Raises:
        ServerUnreachable: None does.
        ServerUnclear: Something else listens at its address.
    """
    with httpx.Client(base_url=server_url(settings), timeout=_ANSWER_SECONDS, trust_env=False) as http:
        client = AssistantClient(http)
        _require_ours(client)
        yield client


@contextmanager
def assistant(
    loaded: LoadedSettings, *, needs_telemetry: bool = False, may_make_workspace: bool = False, instead: str = ""
) -> Iterator[AssistantClient]:
    """Speak to the running server, or open the workspace here for as long as it takes.

    Args:
        loaded: Where both are, and who said so.
        needs_telemetry: Whether what will be asked has no answer without telemetry.
        may_make_workspace: Whether what will be done makes sense in a workspace that is new.
        instead: What else makes a workspace, for those who have none.

    Raises:
        NothingToAsk: No server answers, and there is no workspace, or no telemetry in it.
        BadUse: The server that answers has another workspace than the one that was asked for.
        ServerUnclear: Something else listens at the server's address.
        KnowledgeBaseError: No server answers, and yet another process has the workspace open.
    """
    settings = loaded.settings
    with ExitStack() as opened:
        try:
            client = opened.enter_context(running_server(settings))
            _require_workspace_of(client, loaded)
        except ServerUnreachable:
            if not may_make_workspace:
                _require_workspace(settings, needs_telemetry=needs_telemetry, instead=instead)
            client = opened.enter_context(_in_process(settings))
        yield client


def knowledge_assistant(
    loaded: LoadedSettings, *, may_make_workspace: bool = False
) -> AbstractContextManager[AssistantClient]:
    """Speak to the `assistant` about what is known; whoever has no workspace is told how to bring knowledge in."""
    made_by = "make a workspace with `firedrill kb import PATH`"
    return assistant(loaded, may_make_workspace=may_make_workspace, instead=made_by)


def _require_workspace_of(client: AssistantClient, loaded: LoadedSettings) -> None:
    """Make sure that what was asked of one workspace is not answered by, or written to, another."""
    origin = loaded.origins.get(_WORKSPACE_KEY)
    if origin is None:
        return  # Nobody named one, so the server's is meant.
    asked, served = loaded.settings.workspace.path.resolve(), Path(client.status().workspace).resolve()
    if asked != served:
        raise BadUse(
            f"{origin} asks for the workspace {asked}, and the server at {client.url} has {served}; "
            f"give another server.port to open {asked} here, or unset {_WORKSPACE_KEY} there to use the server's"
        )


def _require_ours(client: AssistantClient) -> None:
    try:
        is_ours = client.healthy()
    except ServerRefused as error:
        raise ServerUnclear(f"{client.url}/health", f"status {error.status}") from error
    if not is_ours:
        raise ServerUnclear(f"{client.url}/health", "its status is not ok")


def _require_workspace(settings: Settings, *, needs_telemetry: bool, instead: str) -> None:
    from ui.server.workspace import JOURNAL_FILE, TELEMETRY_FILE  # noqa: PLC0415 - brings the whole server

    folder = settings.workspace.path
    telemetry = folder / TELEMETRY_FILE
    if needs_telemetry and not telemetry.exists():
        raise NothingToAsk(f"no telemetry in {telemetry}", settings)
    if not (telemetry.exists() or (folder / JOURNAL_FILE).exists()):
        raise NothingToAsk(f"no workspace in {folder}", settings, instead)


@contextmanager
def _in_process(settings: Settings) -> Iterator[AssistantClient]:
    from ui.server.app import create_app  # noqa: PLC0415 - brings the whole server

    with _only_tracebacks(), _opened(settings) as workspace, start_blocking_portal() as portal:
        app = create_app(workspace, watching=False)
        with (
            portal.wrap_async_context_manager(app.router.lifespan_context(app)),
            httpx.Client(
                transport=_InProcess(portal, httpx.ASGITransport(app)),
                base_url=_IN_PROCESS_URL,
                timeout=_ANSWER_SECONDS,
            ) as http,
        ):
            try:
                yield AssistantClient(http)
            except ServerRefused as error:
                raise RefusedHere(error.status, error.detail) from error


def _opened(settings: Settings) -> Workspace:
    from ui.server.workspace import open_workspace  # noqa: PLC0415 - brings the whole server

    with progress_bar() as told:
        return open_workspace(settings, progress=partial(told, "bringing the index in step"))


@contextmanager
def _only_tracebacks() -> Iterator[None]:
    """Leave out what a server would log: whoever asks is told the same in the answer."""
    logger, handler = logging.getLogger("ui.server"), logging.StreamHandler()
    handler.addFilter(lambda record: record.exc_info is not None)
    before = logger.propagate
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = before


class _InProcess(httpx.BaseTransport):
    """Lets a synchronous client speak to an ASGI application that lives in a portal's event loop."""

    def __init__(self, portal: BlockingPortal, transport: httpx.ASGITransport) -> None:
        self._portal, self._transport = portal, transport

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._portal.call(self._ask, request)

    async def _ask(self, request: httpx.Request) -> httpx.Response:
        # A synchronous request carries its body as bytes, which an asynchronous transport takes in another wrapping.
        asked = httpx.Request(request.method, request.url, headers=request.headers, content=request.read())
        answered = await self._transport.handle_async_request(asked)
        return httpx.Response(answered.status_code, headers=answered.headers, content=await answered.aread())
