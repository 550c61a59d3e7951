"""One process at a time: the lock on a knowledge base's folder."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import IO

from knowledge_base.errors import AlreadyOpen

LOCK_FILE = "lock"


class FolderLock:
    """Held from construction until `release`, or until the process ends, however it ends.

    Raises:
        AlreadyOpen: Another process, or this one a second time, holds the folder.
    """

    def __init__(self, folder: Path) -> None:
        # Opened for appending: a refused opener must not wipe the holder's process id.
        file = (folder / LOCK_FILE).open("a+", encoding="ascii")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            with file:
                raise AlreadyOpen(str(folder), _written_pid(file)) from error
        except OSError:
            file.close()
            raise
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        self._file = file

    def release(self) -> None:
        """Let others in; again is harmless."""
        if not self._file.closed:
            # The file stays: removing it would let two processes lock two files of one name.
            self._file.truncate(0)
            self._file.close()


def _written_pid(file: IO[str]) -> int | None:
    file.seek(0)
    text = file.read().strip()
    return int(text) if text.isdigit() else None
