"""A made-up shop that breaks twice in the same way, replayed to a real workspace as if it happened now."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pandas as pd
from fastapi import FastAPI
from starlette.testclient import TestClient

# Made-up traffic is shared with the tests of the detector, and lies beside them.
sys.path.append(str(Path(__file__).parents[1] / "telemetry"))

from synthetic_traffic import at, fails, traffic

from assistant.client import AssistantClient
from assistant.incidents import Incident
from knowledge_base import HashingEmbedder
from telemetry import RecordedSource, ReplayClock
from ui.server.app import create_app
from ui.server.watcher import Watcher
from ui.server.workers import Task, Workers
from ui.server.workspace import Workspace, open_workspace
from ui.settings import Settings

WELL_UNTIL = 300.0
FIRST_FAULT = (300.0, 360.0)
SECOND_FAULT = (700.0, 760.0)
END = 900.0


def _deploys() -> pd.DataFrame:
    deploys = [
        (FIRST_FAULT[0] - 1, "catalog", "1.5.0"),
        (FIRST_FAULT[1] - 1, "catalog", "1.4.2"),
        (SECOND_FAULT[0] - 1, "inventory", "2.0.0"),
        (SECOND_FAULT[1] - 1, "inventory", "1.9.0"),
    ]
    return pd.DataFrame(
        [
            {"ts": at(second), "service": service, "event_type": "deploy", "version": version, "metadata": "{}"}
            for second, service, version in deploys
        ]
    )


SPANS = traffic(
    END,
    pauses=False,
    faults=(
        fails("catalog", "GET /products", 0.7, *FIRST_FAULT),
        fails("inventory", "GET /stock", 0.7, *SECOND_FAULT),
    ),
)
EVENTS = _deploys()


class AtOnce(Workers):
    """Does every task before `submit` returns, so that a replay can wait for it."""

    def __init__(self) -> None:
        super().__init__(0, "at-once")

    def submit(self, task: Task) -> None:
        task()


class Shop:
    """A workspace that watches the replay."""

    def __init__(self, workspace: Workspace, clock: ReplayClock, workers: Workers | None = None) -> None:
        self.workspace, self.clock = workspace, clock
        self.watcher = Watcher(workspace, workers or AtOnce())

    def watch_until(self, second: float) -> None:
        """Look every 5 s of the replay, as the server does."""
        while self.clock.now < at(second):
            self.clock.advance(5)
            self.watcher.look()

    def incidents(self) -> list[Incident]:
        """Give what was noticed, oldest first."""
        return self.workspace.journal.incidents()[::-1]


def settings_in(folder: Path, **sections: object) -> Settings:
    return Settings.model_validate({"workspace": {"path": folder}, **sections})


@contextmanager
def opened_shop(folder: Path, second: float = WELL_UNTIL, **sections: object) -> Iterator[Shop]:
    """Open a workspace at a moment of the replay."""
    clock = ReplayClock(at(second))
    source = RecordedSource(spans=SPANS, events=EVENTS, clock=clock)
    settings = settings_in(folder, **sections)
    with open_workspace(settings, embedder=HashingEmbedder(), source=source, clock=clock) as workspace:
        yield Shop(workspace, clock)


@contextmanager
def served(workspace: Workspace, *, watching: bool = False) -> Iterator[TestClient]:
    """Serve a workspace's API in this process."""
    app: FastAPI = create_app(workspace, watching=watching)
    with TestClient(app, base_url="http://localhost") as http:
        yield http


def client_of(http: httpx.Client) -> AssistantClient:
    return AssistantClient(http)
