"""What all services of the shop have in common: how one is put together, started and stopped."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import psutil
import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from chaos.shop.answers import FailuresAsAnswers, refuse_unrouted
from chaos.shop.errors import BadSettings
from chaos.shop.pool import Database
from chaos.shop.services import ServiceSpec
from chaos.shop.settings import Settings, read_settings
from chaos.shop.telemetry import Telemetry, start_telemetry
from chaos.shop.upstream import Upstream

# How long open requests may take to end after SIGTERM; the telemetry needs what is left of the three seconds.
DRAIN_SECONDS = 1
IDLE_CONNECTION_SECONDS = 30
BAD_USE = 2

Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the endpoints of a service work with.

    Attributes:
        settings: How the process was asked to run.
        upstreams: The services it calls, by name.
        databases: Its own database, or nothing.
    """

    settings: Settings
    upstreams: Mapping[str, Upstream]
    databases: tuple[Database, ...]

    @property
    def database(self) -> Database:
        """The database of a service that has one."""
        return self.databases[0]


MakeRoutes = Callable[[Context], Sequence[Route]]


def serve(
    spec: ServiceSpec, make_routes: MakeRoutes, *, call_seconds: float, middleware: Sequence[Middleware] = ()
) -> int:
    """Run a service until it is told to stop, and give the exit code of its process.

    Args:
        spec: Which service.
        make_routes: Its endpoints, given what they work with.
        call_seconds: How long it waits for the services that it calls. Callers wait longer than those they call, so
            that the one next to a fault is the one that reports it.
        middleware: What stands in front of its endpoints.
    """
    try:
        settings = read_settings(spec, os.environ)
        listener = _listen(settings)
    except BadSettings as error:
        print(error, file=sys.stderr)
        return BAD_USE
    _log_to_stderr(spec.name)
    telemetry = start_telemetry(settings)
    app = _build(settings, make_routes, call_seconds, middleware, telemetry)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        timeout_keep_alive=IDLE_CONNECTION_SECONDS,
        timeout_graceful_shutdown=DRAIN_SECONDS,
        backlog=512,
    )
    # uvicorn raises the signal again once it has stopped; being told to stop is no failure.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    uvicorn.Server(config).run(sockets=[listener])
    telemetry.flush()
    return 0


def _build(
    settings: Settings,
    make_routes: MakeRoutes,
    call_seconds: float,
    middleware: Sequence[Middleware],
    telemetry: Telemetry,
) -> Starlette:
    spec = settings.service
    context = Context(
        settings=settings,
        upstreams={name: Upstream(name, url, call_seconds) for name, url in settings.upstream_urls.items()},
        databases=(Database(settings.database_url, spec.name),) if settings.database_url else (),
    )

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        for database in context.databases:
            await database.open()
        logging.getLogger(spec.module).info(
            "%s %s listens on %s:%d", spec.name, settings.version, settings.host, settings.port
        )
        yield
        for upstream in context.upstreams.values():
            await upstream.close()
        for database in context.databases:
            await database.close()

    app = Starlette(
        routes=[*_health_routes(context), *make_routes(context)],
        middleware=[*middleware, Middleware(FailuresAsAnswers)],
        exception_handlers={HTTPException: refuse_unrouted},
        lifespan=lifespan,
    )
    telemetry.watch(app)  # last, and so outermost: it sees what the others answer
    return app


def _health_routes(context: Context) -> tuple[Route, Route]:
    about = {"service": context.settings.service.name, "version": context.settings.version}

    async def health(_request: Request) -> Response:
        return JSONResponse({**about, "status": "alive"})

    async def ready(_request: Request) -> Response:
        for database in context.databases:
            if not await database.ready():
                return JSONResponse({**about, "status": "not ready", "failed": "postgresql"}, status_code=503)
        return JSONResponse({**about, "status": "ready"})

    return Route("/health", health), Route("/ready", ready)


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    # Without it, a restarted service would have to wait for the old connections' TIME_WAIT.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
        listener.listen()
    except OSError as error:
        listener.close()
        where = f"{settings.host}:{settings.port}"
        raise BadSettings(
            settings.service.name,
            f"cannot listen on {where} ({error.strerror}){_holder_of(settings.port)}; set PORT to another one",
        ) from error
    return listener


def _holder_of(port: int) -> str:
    try:
        for connection in psutil.net_connections("tcp"):
            listens = connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port
            if listens and connection.pid:
                return f", which process {connection.pid} ({psutil.Process(connection.pid).name()}) holds"
    except psutil.Error:
        pass  # Looking at other people's processes may be forbidden; the message then goes without a name.
    return ""


def _log_to_stderr(service: str) -> None:
    formatter = logging.Formatter(
        f"%(asctime)s.%(msecs)03dZ %(levelname)s {service} %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S"
    )
    formatter.converter = time.gmtime
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    # One line a request from each of these would bury the service's own.
    for chatty in ("httpx", "psycopg.pool", "uvicorn.error"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
