"""Exports on disk: whole, or not there."""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from ui.bad_use import BadUse


def check_target(out: Path, *, as_folder: bool) -> None:
    """Make sure that something can be made where an export is to lie, before anybody works on it.

    Args:
        out: Where it is to lie.
        as_folder: Whether it is a folder of files, which may be there already, and is made with those above it.

    Raises:
        BadUse: It cannot lie there.
    """
    if out.is_file() or (not as_folder and out.exists()):
        raise BadUse(f"{out} exists already; name something new")
    if not as_folder and not out.parent.is_dir():
        raise BadUse(f"there is no folder {out.parent} to write {out.name} into; make it, or name another")


def write_file(pieces: Iterable[bytes], out: Path) -> int:
    """Write a file that is there once it is whole, and give its size in bytes.

    Raises:
        OSError: It cannot be written.
    """
    with tempfile.NamedTemporaryFile(dir=out.parent, prefix=f".{out.name[:100]}.", delete=False) as part:
        try:
            size_bytes = _write(pieces, part)
            # Temporary files are for their owner only; an export is as other files are.
            Path(part.name).chmod(0o666 & ~_umask())
            Path(part.name).rename(out)
        except BaseException:
            Path(part.name).unlink(missing_ok=True)
            raise
    return size_bytes


def write_folder(zip_pieces: Iterable[bytes], out: Path) -> int:
    """Unpack a zip of ours into a folder, in place of files of the same names, and say how many there are.

    Each file is there whole or not at all; other files of the folder are left alone.

    Raises:
        OSError: The folder cannot be written to.
    """
    with tempfile.TemporaryFile() as packed:
        _write(zip_pieces, packed)
        out.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(packed) as archive:
            for member in archive.infolist():
                # Only the last part: whatever a zip says, it is written into this folder.
                name = Path(member.filename).name
                unfinished = out / f".{name}.unfinished"
                unfinished.write_bytes(archive.read(member))
                unfinished.replace(out / name)
            return len(archive.infolist())


def _write(pieces: Iterable[bytes], file: IO[bytes]) -> int:
    size_bytes = sum(file.write(piece) for piece in pieces)
    file.flush()
    return size_bytes


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
