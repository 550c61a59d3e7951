from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from assistant.client import ServerUnreachable
from assistant.server_status import ServerStatus, ServiceSignals
from ui.background import Background, Row
from ui.commands.output import print_json, print_table, say
from ui.connect import running_server
from ui.demo.workspace import demo_settings
from ui.exits import Exit
from ui.settings import Settings
from ui.settings_reading import LoadedSettings, load_settings


def run(arguments: argparse.Namespace) -> Exit:
    """Start, stop or show what runs in the background."""
    loaded = load_settings(file=arguments.config)
    if arguments.command == "up":
        return _up(loaded, shop=not arguments.no_shop, as_json=arguments.json)
    action = {"down": _down, "status": _status}[arguments.command]
    return action(loaded.settings, as_json=arguments.json)


def _up(loaded: LoadedSettings, *, shop: bool, as_json: bool) -> Exit:
    settings = loaded.settings
    background = Background(settings, config=loaded.file)
    background.start(shop=shop, told=lambda name: say(f"started {name}"))
    if as_json:
        print_json(_plain(background.rows()))
    else:
        if shop:
            print(f"The shop is at http://localhost:{settings.shop.gateway_port}.")
        collector = settings.collector
        print(f"OTLP is taken at ports {collector.grpc_port} (gRPC) and {collector.http_port} (HTTP).")
        print(f"The chat is at {_chat(settings)}.")
    return Exit.DONE


def _down(settings: Settings, *, as_json: bool) -> Exit:
    # A demo has a workspace of its own, and whoever says "down" wants everything down.
    stopped = [name for one in (settings, demo_settings(settings)) for name in Background(one).stop()]
    if as_json:
        print_json(stopped)
    else:
        print(f"stopped {', '.join(stopped)}" if stopped else f"nothing was running in {settings.workspace.path}")
    return Exit.DONE


def _status(settings: Settings, *, as_json: bool) -> Exit:
    rows = [row for one in (settings, demo_settings(settings)) for row in Background(one).rows()]
    try:
        with running_server(settings) as client:
            status, signals = client.status(), client.signals()
    except ServerUnreachable as error:
        status, signals = None, []
        say(str(error))
    if as_json:
        print_json({"processes": _plain(rows), **_dumped(status, signals)})
    else:
        _show(rows, status, signals)
    if status is None:
        return Exit.NOT_REACHABLE
    healthy = status.open_incidents == 0 and status.telemetry.problem is None
    return Exit.DONE if healthy and all(row.pid for row in rows) else Exit.ANSWER_IS_NO


def _show(rows: list[Row], status: ServerStatus | None, signals: list[ServiceSignals]) -> None:
    cells = [
        (
            row.name,
            str(row.pid or "ended"),
            f"{row.memory_bytes / 2**20:.0f} MiB" if row.memory_bytes else "-",
            str(row.log),
        )
        for row in rows
    ]
    if cells:
        print_table(("process", "pid", "memory", "log"), cells)
    if status is None:
        return
    known = [
        (
            one.service,
            "-" if one.requests_per_second is None else f"{one.requests_per_second:.1f}",
            "-" if one.error_ratio is None else f"{one.error_ratio:.1%}",
            "-" if one.latency_p95_ms is None else f"{one.latency_p95_ms:.0f} ms",
        )
        for one in signals
    ]
    print_table(("service", "requests/s", "errors", "p95"), known)
    age = status.telemetry.age_seconds
    print(
        f"{status.open_incidents} open incidents, {status.entries} known; telemetry "
        + (f"{age:.0f} s old" if age is not None else f"missing ({status.telemetry.problem})")
    )


def _plain(rows: list[Row]) -> list[dict[str, Any]]:
    return [{**asdict(row), "log": str(row.log)} for row in rows]


def _dumped(status: ServerStatus | None, signals: list[ServiceSignals]) -> dict[str, Any]:
    return {
        "server": status.model_dump(mode="json") if status else None,
        "signals": [one.model_dump(mode="json") for one in signals],
    }


def _chat(settings: Settings) -> str:
    return f"http://localhost:{settings.pages.port}"
