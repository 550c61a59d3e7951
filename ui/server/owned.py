"""What routes are given of the application that they belong to."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Request

from ui.server.desk import Desk
from ui.server.import_jobs import ImportJobs
from ui.server.watcher import Watcher
from ui.server.workspace import Workspace


def _workspace(request: Request) -> Workspace:
    found: Workspace = request.app.state.workspace
    return found


def _watcher(request: Request) -> Watcher:
    found: Watcher = request.app.state.watcher
    return found


def _desk(request: Request) -> Desk:
    found: Desk = request.app.state.desk
    return found


def _imports(request: Request) -> ImportJobs:
    found: ImportJobs = request.app.state.imports
    return found


Owned = Annotated[Workspace, Depends(_workspace)]
Watching = Annotated[Watcher, Depends(_watcher)]
Asked = Annotated[Desk, Depends(_desk)]
Importing = Annotated[ImportJobs, Depends(_imports)]
Limit = Annotated[int, Query(ge=1, le=1000)]
