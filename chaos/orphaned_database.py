from __future__ import annotations

import signal
from contextlib import suppress
from pathlib import Path
from typing import Final

import psutil

_FAST_SHUTDOWN: Final = signal.SIGINT  # PostgreSQL's word for: end all sessions, then end in good order.


def end_orphaned_database(data: Path, grace_seconds: float) -> bool:
    """End the PostgreSQL server of a data folder that outlived the process that ran it; say whether there was one.

    It has a session of its own, so it is not found where other children of a killed process are.
    """
    try:
        pid = int((data / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0])
        server = psutil.Process(pid)
        # The file may be older than the machine's last start, and the id a stranger's by now.
        if server.name() != "postgres" or str(data.resolve()) not in server.cmdline():
            return False
    except (OSError, ValueError, psutil.Error):
        return False
    with suppress(psutil.NoSuchProcess):
        server.send_signal(_FAST_SHUTDOWN)
        try:
            server.wait(grace_seconds)
        except psutil.TimeoutExpired:
            server.kill()
    return True
