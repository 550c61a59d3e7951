"""Activities of experiments whose fault is a file: fast, and every way to end can be asked for.

They run in Chaos Toolkit's process. The folder with the file comes by environment.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

from telemetry import utc_now


def _fault() -> Path:
    return Path(os.environ["DRILL_FOLDER"]) / "fault"


def faults() -> int:
    return int(_fault().exists())


def apply() -> None:
    _fault().touch()


def apply_and_die() -> None:
    apply()
    os.kill(os.getpid(), signal.SIGKILL)


def apply_edit_and_die() -> None:
    _fault().with_name("extra-file.yaml").write_text("an editor was here", encoding="utf-8")
    apply_and_die()


def refuse() -> None:
    raise RuntimeError("the fault cannot be applied")


def undo() -> None:
    _fault().unlink(missing_ok=True)


def undo_named(what: str) -> None:
    _fault().with_name(what).unlink(missing_ok=True)


def undo_at_the_second_try() -> None:
    tried = _fault().with_name("tried")
    if tried.exists():
        undo()
    else:
        tried.touch()
        raise RuntimeError("not now")


def sighting(seen: bool = True) -> dict[str, Any]:
    return {"seen": seen, "at": utc_now().isoformat() if seen else None, "value": 1.0}


def wait(seconds: float, seen: bool = True) -> dict[str, Any]:
    """Take long, as real probes do."""
    _fault().with_name("waiting").touch()
    give_up_at = time.monotonic() + seconds
    while time.monotonic() < give_up_at:
        time.sleep(0.05)
    return sighting(seen)
