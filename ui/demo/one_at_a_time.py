"""One demo at a time on a machine's workspace, and a way for another command to end it."""

from __future__ import annotations

import fcntl
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from chaos import AlreadyRunning

_LOCK: Final = "demo.lock"
_POLL_SECONDS: Final = 0.2
# Undoing a drill's fault, stopping a dozen processes and a database takes its time.
_ENDING_SECONDS: Final = 120.0


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep every other demo of this folder away; freed even when this process is killed.

    Raises:
        AlreadyRunning: Another demo is at work.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _LOCK).open("a+", encoding="ascii") as lock:
        if not _take(lock):
            raise AlreadyRunning("a demo", _holder(lock) or 0)
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield
        lock.truncate(0)


def end_running(folder: Path) -> bool:
    """Ask the demo that is at work to stop, as Ctrl-C would, and wait until it has; say whether there was one.

    Raises:
        AlreadyRunning: It does not stop.
    """
    if not (folder / _LOCK).exists():
        return False
    with (folder / _LOCK).open("a+", encoding="ascii") as lock:
        if _take(lock):
            return False
        holder = _holder(lock)
        if holder is not None:
            # Not SIGINT, which is ignored by what a shell started in its background; a demo takes both for Ctrl-C.
            os.kill(holder, signal.SIGTERM)
        give_up_at = time.monotonic() + _ENDING_SECONDS
        while not _take(lock):
            if time.monotonic() >= give_up_at:
                raise AlreadyRunning("a demo", holder or 0)
            time.sleep(_POLL_SECONDS)
    return True


def _take(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(lock: IO[str]) -> int | None:
    lock.seek(0)
    text = lock.read().strip()
    return int(text) if text.isdigit() else None
