"""The way to the assistant: the running server, or, where none runs, the same API in this process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal

from assistant.client import AssistantClient, ServerUnreachable
from ui.settings import Settings

_ANSWER_SECONDS = 60.0
_IN_PROCESS_URL = "http://localhost"


def server_url(settings: Settings) -> str:
    """Where the server listens, or would."""
    return f"http://{settings.server.host}:{settings.server.port}"


@contextmanager
def running_server(settings: Settings) -> Iterator[AssistantClient]:
    """Speak to the server that runs.

    Raises:
        ServerUnreachable: None does.
    """
    with httpx.Client(base_url=server_url(settings), timeout=_ANSWER_SECONDS, trust_env=False) as http:
        client = AssistantClient(http)
        client.healthy()
        yield client


@contextmanager
def assistant(settings: Settings) -> Iterator[AssistantClient]:
    """Speak to the running server, or open the workspace here for as long as it takes.

    Raises:
        KnowledgeBaseError: No server answers, and yet another process has the workspace open.
    """
    with ExitStack() as opened:
        try:
            client = opened.enter_context(running_server(settings))
        except ServerUnreachable:
            client = opened.enter_context(_in_process(settings))
        yield client


@contextmanager
def _in_process(settings: Settings) -> Iterator[AssistantClient]:
    from ui.server.app import create_app  # noqa: PLC0415 - brings the whole server
    from ui.server.workspace import open_workspace  # noqa: PLC0415

    with open_workspace(settings) as workspace, start_blocking_portal() as portal:
        app = create_app(workspace, watching=False)
        with (
            portal.wrap_async_context_manager(app.router.lifespan_context(app)),
            httpx.Client(
                transport=_InProcess(portal, httpx.ASGITransport(app)),
                base_url=_IN_PROCESS_URL,
                timeout=_ANSWER_SECONDS,
            ) as http,
        ):
            yield AssistantClient(http)


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
