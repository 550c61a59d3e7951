"""Everything that runs in the background: collector, server, pages, and the shop with its load."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from chaos import (
    AlreadyRunning,
    LinkSettings,
    Processes,
    Running,
    Sandbox,
    SandboxSettings,
    answers,
    require_free,
    said_json,
)
from ui.connect import server_url
from ui.interruption import undisturbed
from ui.pages.launch import SERVER_URL_VARIABLE, streamlit_arguments
from ui.server.workspace import SANDBOX_FOLDER, TELEMETRY_FILE
from ui.settings import Settings
from ui.settings_reading import CONFIG_VARIABLE, variable_of

COLLECTOR: Final = "collector"
SERVER: Final = "server"
PAGES: Final = "pages"
_START_SECONDS: Final = 90.0
_POLL_SECONDS: Final = 0.1

Told = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Row:
    """One process in a table.

    Attributes:
        name: What it is.
        pid: Its id; None when it ended by itself.
        memory_bytes: Resident memory of it and its children; None when it ended.
        log: Where it writes.
    """

    name: str
    pid: int | None
    memory_bytes: int | None
    log: Path


class Background:
    """Starts and stops all of it for one workspace; what runs is remembered in the workspace's folder.

    Args:
        settings: What to run, and where.
        config: The settings file, for the server, which reads it again; None where there is none.
        environment: What the processes get of the environment.
    """

    def __init__(
        self, settings: Settings, *, config: Path | None = None, environment: Mapping[str, str] = os.environ
    ) -> None:
        self.settings = settings
        self._environment = dict(environment)
        if config is not None:
            self._environment[CONFIG_VARIABLE] = str(config)
        self.processes = Processes(settings.workspace.path / "run")
        self.sandbox = Sandbox(settings.workspace.path / SANDBOX_FOLDER, environment)

    @property
    def telemetry(self) -> Path:
        """The store that the collector writes."""
        return self.settings.workspace.path / TELEMETRY_FILE

    def require_room(self, *, pages: bool = True, shop: bool = True) -> None:
        """Make sure that everything asked for could start now.

        Raises:
            AlreadyRunning: A part runs already.
            PortTaken: A port is in use.
        """
        for row in self.rows():
            if row.pid is not None:
                raise AlreadyRunning(row.name, row.pid)
        for key, port in self.settings.ports():
            if (pages or key != "pages.port") and (shop or not key.startswith("shop.")):
                require_free(port)

    def start(self, *, pages: bool = True, shop: bool = True, told: Told = lambda _name: None) -> None:
        """Start everything asked for; stop everything again when a part does not start.

        Without the shop, the system observed is the user's own.

        Raises:
            AlreadyRunning: A part runs already; it was left alone.
            PortTaken: A port is in use; nothing was started.
            DidNotStart: A part died or was not ready in time.
        """
        self.require_room(pages=pages, shop=shop)
        try:
            self._start_collector()
            told(COLLECTOR)
            if shop:
                self._start_server_and_shop(told)
            else:
                self._start_server()
                told(SERVER)
            if pages:
                self.start_pages()
                told(PAGES)
        except BaseException:
            self.stop()
            raise

    def start_pages(self) -> None:
        """Start the Streamlit pages."""
        port = self.settings.pages.port
        environment = {**self._environment, SERVER_URL_VARIABLE: server_url(self.settings)}
        self.processes.start(
            PAGES,
            streamlit_arguments(port),
            env=environment,
            ready=answers(f"http://127.0.0.1:{port}/_stcore/health"),
            ports=(port,),
            timeout_seconds=_START_SECONDS,
        )

    def stop(self) -> list[str]:
        """Stop everything, those who ask before those who answer; give the names of what ran."""
        ran = [row.name for row in self.rows() if row.pid is not None]
        with undisturbed():
            self.processes.stop(PAGES)
            self.sandbox.stop()
            self.processes.stop(SERVER)
            self.processes.stop(COLLECTOR)
            self.processes.stop_all()
        return ran

    def rows(self) -> list[Row]:
        """Say what was started, and whether it still runs."""
        rows = []
        for processes in (self.processes, self.sandbox.processes):
            rows += [Row(one.name, one.pid, _memory(one), one.log_path) for one in processes.running()]
            rows += [Row(one.name, None, None, one.log_path) for one in processes.lost()]
        return rows

    def _start_server_and_shop(self, told: Told) -> None:
        with ThreadPoolExecutor(2) as both:
            # The server loads its model while the shop starts.
            server = both.submit(self._start_server)
            shop = both.submit(self.sandbox.start, self._sandbox_settings(), told=told)
            try:
                server.result()
                told(SERVER)
                shop.result()
            except BaseException:
                with undisturbed():
                    # A part that is still starting notices that its process is gone, and gives up; but it may only be
                    # about to make it, so once is not enough.
                    while not (server.done() and shop.done()):
                        self.stop()
                        time.sleep(_POLL_SECONDS)
                raise

    def _start_collector(self) -> None:
        collector = self.settings.collector
        self.processes.start(
            COLLECTOR,
            (
                *(sys.executable, "-m", "telemetry.collector", "--store", str(self.telemetry)),
                *("--host", collector.host, "--grpc-port", str(collector.grpc_port)),
                *("--http-port", str(collector.http_port), "--retention-hours", str(collector.retention_hours)),
            ),
            env=self._environment,
            ready=said_json,
            ports=(collector.grpc_port, collector.http_port),
            timeout_seconds=_START_SECONDS,
        )

    def _start_server(self) -> None:
        server = self.settings.server
        self.processes.start(
            SERVER,
            (sys.executable, "-m", "ui.cli", "serve"),
            env={**self._environment, variable_of("workspace.path"): str(self.settings.workspace.path)},
            ready=answers(f"{server_url(self.settings)}/health"),
            ports=(server.port,),
            timeout_seconds=_START_SECONDS,
        )

    def _sandbox_settings(self) -> SandboxSettings:
        shop, collector = self.settings.shop, self.settings.collector
        return SandboxSettings(
            ports={
                "gateway": shop.gateway_port,
                "catalog": shop.catalog_port,
                "orders": shop.orders_port,
                "payments": shop.payments_port,
                "inventory": shop.inventory_port,
            },
            links=(LinkSettings(caller="orders", callee="payments", port=shop.link_port),),
            control_port=shop.link_control_port,
            database_url=shop.database_url.get_secret_value() or None,
            otlp_endpoint=f"http://{collector.host}:{collector.http_port}",
            load_daily=shop.daily_load,
        )


def _memory(running: Running) -> int | None:
    try:
        process = psutil.Process(running.pid)
        return sum(one.memory_info().rss for one in (process, *process.children(recursive=True)))
    except psutil.Error:
        return None
