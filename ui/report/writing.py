"""Writing a report whole or not at all."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from ui.bad_use import BadUse


def check_target(path: Path) -> None:
    """Look at where a file is to go before the work for it is done.

    Raises:
        BadUse: No file can be written there.
    """
    try:
        if path.is_dir():
            raise BadUse(f"{path} is a folder; name the file to write, such as {path / 'report.html'}")
        if not path.absolute().parent.is_dir():
            raise BadUse(f"{path} cannot be written: there is no folder {path.parent}; make it first")
        writable = path if path.exists() else path.absolute().parent
        if not os.access(writable, os.W_OK):
            raise BadUse(f"{path} cannot be written: {writable} may not be changed by you; name another file")
    except OSError as error:
        raise _cannot(path, error) from error


def write_whole(path: Path, text: str) -> None:
    """Write a file in one step, so that nobody ever reads half of it; what was there is replaced.

    Raises:
        BadUse: It cannot be written; what was there before still is.
    """
    content = text.encode("utf-8", errors="replace")
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(content)  # A device or a pipe is written to, never replaced.
            return
        final = path.resolve()
        unfinished = final.with_name(f".firedrill-{os.getpid()}-{os.urandom(4).hex()}")
        try:
            unfinished.write_bytes(content)
            unfinished.replace(final)
        finally:
            with contextlib.suppress(OSError):
                unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise _cannot(path, error) from error


def _cannot(path: Path, error: OSError) -> BadUse:
    return BadUse(f"{path} cannot be written: {error.strerror or error}; name another file")
