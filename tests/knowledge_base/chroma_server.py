"""A real Chroma server on this machine, and a reverse proxy in front of it that asks for a token."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

TOKEN = "a token that only the proxy knows"
PREFIX = "/chroma"
_STARTING_SECONDS = 30.0
_METHODS = ["GET", "POST", "PUT", "DELETE"]


@contextmanager
def chroma_server(folder: Path) -> Iterator[str]:
    """Run `chroma run`, and give its URL once it answers."""
    port = _free_port()
    program = Path(sys.executable).with_name("chroma")
    server = subprocess.Popen(
        [program, "run", "--path", str(folder), "--host", "127.0.0.1", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _await_answer(f"{url}/api/v2/heartbeat", server)
        yield url
    finally:
        server.terminate()
        try:
            server.wait(timeout=10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


@contextmanager
def asking_proxy(chroma_url: str) -> Iterator[str]:
    """Serve Chroma under `/chroma` to those who send the token, and answer others with 401."""
    upstream = httpx.AsyncClient(base_url=chroma_url, timeout=60)

    async def forward(request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return Response("no token, no answer", status_code=401)
        headers = {name: request.headers[name] for name in ("content-type",) if name in request.headers}
        answer = await upstream.request(
            request.method,
            request.url.path.removeprefix(PREFIX),
            params=request.query_params,
            headers=headers,
            content=await request.body(),
        )
        return Response(answer.content, answer.status_code, media_type=answer.headers.get("content-type"))

    @contextlib.asynccontextmanager
    async def until_stopped(app: Starlette) -> AsyncIterator[None]:
        yield
        await upstream.aclose()

    app = Starlette(routes=[Route(f"{PREFIX}/{{path:path}}", forward, methods=_METHODS)], lifespan=until_stopped)
    with serving(app) as url:
        yield f"{url}{PREFIX}"


@contextmanager
def serving(app: Starlette) -> Iterator[str]:
    """Serve an application from a thread of this process."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            _await_answer(f"http://127.0.0.1:{port}/", None)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            thread.join()


def _await_answer(url: str, process: subprocess.Popen[bytes] | None) -> None:
    end = time.monotonic() + _STARTING_SECONDS
    while True:
        try:
            httpx.get(url, timeout=5)
        except httpx.TransportError as error:
            if (process is not None and process.poll() is not None) or time.monotonic() > end:
                raise AssertionError(f"nothing answers at {url}") from error
            time.sleep(0.05)
        else:
            return


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
