"""One process at a time for what would get in its own way, and a way for another command to end it."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TextIO

from chaos.errors import AlreadyRunning

_POLL_SECONDS: Final = 0.2
# Undoing a drill's fault, stopping a dozen processes and a database takes its time.
_ENDING_SECONDS: Final = 120.0


@contextmanager
def alone(path: Path, what: str) -> Iterator[None]:
    """Hold a lock file and keep every other process away; freed even when this process is killed.

    Args:
        path: The lock file; it is made where it is missing, stays, and says who holds it.
        what: What is done under it, such as `a drill`, for the message.

    Raises:
        AlreadyRunning: Another process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _opened(path) as lock:
        if not _take(lock):
            raise AlreadyRunning(what, _holder(lock))
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        try:
            yield
        finally:
            lock.truncate(0)


def end_running(path: Path, what: str) -> bool:
    """Ask the holder of a lock file to stop, as Ctrl-C would, and wait until it has; say whether there was one.

    Raises:
        AlreadyRunning: It does not stop.
    """
    if not path.exists():
        return False
    with _opened(path) as lock:
        if _take(lock):
            return False
        holder = _holder(lock)
        if holder is not None:
            # Not SIGINT, which is ignored by what a shell started in its background; our commands take both alike.
            os.kill(holder, signal.SIGTERM)
        give_up_at = time.monotonic() + _ENDING_SECONDS
        while not _take(lock):
            if time.monotonic() >= give_up_at:
                raise AlreadyRunning(what, holder)
            time.sleep(_POLL_SECONDS)
    return True


def _opened(path: Path) -> TextIO:
    # Opened for appending: who is refused must not wipe out who holds it.
    return path.open("a+", encoding="utf-8", errors="replace")


def _take(lock: TextIO) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(lock: TextIO) -> int | None:
    """Read who holds a lock; None when that is not written there, or not yet."""
    lock.seek(0)
    said = re.fullmatch(r"[1-9][0-9]{0,9}", lock.read(100).strip())
    return int(said[0]) if said else None
