"""A demo's own workspace: always new, so that no demo recognises the incidents of the one before."""

from __future__ import annotations

import shutil
from pathlib import Path

from ui.settings import Settings

_FOLDER = "demo"
_BEFORE = "demo-before"


def demo_settings(settings: Settings) -> Settings:
    """Give the settings with the demo's workspace, a folder inside the user's own."""
    workspace = settings.workspace.model_copy(update={"path": settings.workspace.path / _FOLDER})
    return settings.model_copy(update={"workspace": workspace})


def make_room(folder: Path) -> Path | None:
    """Move the workspace of the demo before aside, in place of the one before that.

    Returns:
        Where it lies now; None where there was none.
    """
    if not folder.exists():
        return None
    aside = folder.with_name(_BEFORE)
    shutil.rmtree(aside, ignore_errors=True)
    folder.rename(aside)
    return aside
