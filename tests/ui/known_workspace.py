"""A workspace with a knowledge base and no telemetry, for tests of what is known."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvicorn

from assistant.knowledge_values import WrittenEntry
from knowledge_base import HashingEmbedder
from telemetry import RecordedSource, ReplayClock
from ui.server.app import create_app
from ui.server.workspace import Workspace, open_workspace
from ui.settings import Settings

BEGINNING = datetime(2026, 3, 1, 14, 0, tzinfo=UTC)

PAYMENTS_SLOW = WrittenEntry(
    kind="runbook",
    title="Pagamentos lentos: conexões esgotadas",
    symptoms="O checkout responde devagar; payments reports connection pool exhausted.",
    cause="O pool de conexões é pequeno demais.",
    fix="Aumentar o pool e reiniciar payments.",
    services=("payments",),
    fault_kind="database_connection",
    team="pagos",
)
CATALOG_FAILS = WrittenEntry(
    kind="incident",
    title="Catalog 1.5.0 fails every request",
    symptoms="GET /products answers 500 since the deploy of catalog 1.5.0.",
    services=("catalog",),
    fault_kind="bad_version",
    environment="production",
)


@contextmanager
def known_workspace(folder: Path, **sections: object) -> Iterator[Workspace]:
    """Open a workspace in which nothing is heard and time stands still."""
    clock = ReplayClock(BEGINNING)
    settings = Settings.model_validate({"workspace": {"path": folder}, **sections})
    source = RecordedSource(clock=clock)
    with open_workspace(settings, embedder=HashingEmbedder(), source=source, clock=clock) as workspace:
        yield workspace


@contextmanager
def serving(workspace: Workspace, port: int) -> Iterator[None]:
    """Let a server speak for a workspace, until it is closed."""
    config = uvicorn.Config(create_app(workspace, watching=False), port=port, log_level="error", ws="none")
    server = uvicorn.Server(config)
    ready = threading.Event()
    begin = server.startup

    async def startup(*args: Any, **options: Any) -> None:
        await begin(*args, **options)
        ready.set()

    server.startup = startup  # type: ignore[method-assign]
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert ready.wait(10)
        yield
    finally:
        server.should_exit = True
        thread.join()
