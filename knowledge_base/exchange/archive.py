"""Zip archives, read in memory: nothing is unpacked to disk, and nothing that unfolds without end is unfolded."""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, Final

from knowledge_base.errors import Unreadable
from knowledge_base.exchange.limits import ImportLimits, size_in_words

ARCHIVES: Final = frozenset((".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".zst", ".jar", ".whl"))
# `zipfile` unpacks bzip2 and LZMA a block at a time, however much a block unfolds to.
_BOUNDED: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ENCRYPTED: Final = 0x1
# What `zipfile` and its decompressor raise over bytes that are not what they should be.
_BROKEN: Final = (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError, RuntimeError, ValueError)


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive: its path there, and either its bytes or why they were not read."""

    name: str
    data: bytes = b""
    problem: str = ""


def members(file: IO[bytes], *, name: str, limits: ImportLimits) -> Iterator[Member]:
    """Give an archive's files, sorted by name; folders and hidden files are left out.

    Args:
        file: The archive.
        name: What it is called, for messages.
        limits: What is too much.

    Raises:
        Unreadable: It is no zip archive, or unpacks to more than there may be; nothing of it was given then.
    """
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise Unreadable(name, f"is no zip archive that can be read: {error}") from error
    with archive:
        listed = [info for info in archive.infolist() if not info.filename.endswith("/")]
        _refuse_bombs(listed, name, limits)
        for info in sorted(listed, key=lambda one: one.filename):
            inner = _name(info)
            if _is_hidden(inner):
                continue
            problem = _problem(info, inner, limits) if inner else "has no name in the archive; it was not read"
            yield Member(inner, problem=problem) if problem else _read(archive, info, inner)


def _is_hidden(inner: str) -> bool:
    parts = inner.split("/")
    return "__MACOSX" in parts or any(part.startswith(".") and part not in {".", ".."} for part in parts)


def _refuse_bombs(listed: list[zipfile.ZipInfo], name: str, limits: ImportLimits) -> None:
    # No more is unpacked than a file's header says, see `_read`, so the headers are what bounds the reading.
    if len(listed) > limits.files:
        raise Unreadable(
            name, f"holds {len(listed)} files, and {limits.files} is the most that is read from one archive"
        )
    unpacked = sum(info.file_size for info in listed)
    if unpacked > limits.archive_bytes:
        raise Unreadable(
            name,
            f"unpacks to {size_in_words(unpacked)}, and {size_in_words(limits.archive_bytes)} is the most that is "
            "read; import it in parts",
        )
    for info in listed:
        allowed = max(limits.ratio_free_bytes, limits.archive_ratio * max(info.compress_size, 1))
        if info.file_size > allowed:
            raise Unreadable(
                name,
                f"is a zip bomb: {_name(info)!r} unpacks from {size_in_words(info.compress_size)} to "
                f"{size_in_words(info.file_size)}; nothing of it was read",
            )


def _problem(info: zipfile.ZipInfo, inner: str, limits: ImportLimits) -> str:
    """Say why a file is not read, empty where it is."""
    path = PurePosixPath(inner)
    leads_out = path.is_absolute() or ".." in path.parts or inner[1:2] == ":" or "\x00" in info.orig_filename
    too_large = (
        f"has {size_in_words(info.file_size)}, and {size_in_words(limits.file_bytes)} is the most that is read "
        "from an archive; import it by itself"
    )
    reasons = (
        (leads_out, "its name leads out of the archive; it was not read"),
        (stat.S_ISLNK(info.external_attr >> 16), "is a link; links are not followed"),
        (info.flag_bits & _ENCRYPTED, "is encrypted; pack it again without a password"),
        (
            info.compress_type not in _BOUNDED,
            "is packed in a way whose memory cannot be bounded; pack it again as an ordinary zip",
        ),
        (path.suffix.lower() in ARCHIVES, "is an archive in an archive; unpack it and import it by itself"),
        (info.file_size > limits.file_bytes, too_large),
    )
    return next((why for applies, why in reasons if applies), "")


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, inner: str) -> Member:
    try:
        # `ZipFile.read` would unpack everything before it compares that with the header.
        with archive.open(info) as file:
            data = file.read(info.file_size + 1)
        return Member(inner, data)
    except _BROKEN as error:
        return Member(inner, problem=f"is broken in the archive: {error}; pack it again")


def _name(info: zipfile.ZipInfo) -> str:
    """Give a file's path, with slashes, and its letters as they were meant."""
    name = info.filename.replace("\\", "/")
    if info.flag_bits & 0x800:
        return name
    try:
        # Many programs write UTF-8 and do not say so; `zipfile` then takes it for the code page of MS-DOS.
        return name.encode("cp437").decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return name
