"""Entries to files: Markdown documents, JSON Lines, a zip of documents, a folder of them."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Iterable, Iterator
from datetime import UTC
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Final

from knowledge_base.entry import Entry
from knowledge_base.errors import Unreadable
from knowledge_base.exchange.document import joined, to_markdown

_EARLIEST_IN_ZIP: Final = 1980
_LATEST_IN_ZIP: Final = 2107
_CHUNK: Final = 2**18


class ExportFormat(StrEnum):
    """What entries are written as; every one of them can be imported again, with nothing lost."""

    MARKDOWN = "markdown"
    JSON_LINES = "jsonl"
    ZIP = "zip"


def export(entries: Iterable[Entry], export_format: ExportFormat, out: BinaryIO) -> None:
    """Write entries to a file that is open for bytes; one entry is held at a time."""
    for chunk in exported(entries, export_format):
        out.write(chunk)


def exported(entries: Iterable[Entry], export_format: ExportFormat) -> Iterator[bytes]:
    """Give the bytes of an export, piece by piece, for who sends them on."""
    match export_format:
        case ExportFormat.MARKDOWN:
            for document in joined(entries):
                yield document.encode()
        case ExportFormat.JSON_LINES:
            for entry in entries:
                yield entry.model_dump_json().encode() + b"\n"
        case ExportFormat.ZIP:
            yield from _zipped(entries)


def export_folder(entries: Iterable[Entry], folder: Path) -> int:
    """Write each entry as `<id>.md` into a folder, in place of the ones there; give how many.

    A file is there whole or not at all.

    Raises:
        Unreadable: The folder cannot be written to.
    """
    count = 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for entry in entries:
            unfinished = folder / f".{entry.id}.unfinished"
            unfinished.write_bytes(to_markdown(entry).encode())
            os.replace(unfinished, folder / f"{entry.id}.md")
            count += 1
    except OSError as error:
        raise Unreadable(str(folder), f"cannot be written to: {error.strerror or error}") from error
    return count


def _zipped(entries: Iterable[Entry]) -> Iterator[bytes]:
    out = _Outbox()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry in entries:
            archive.writestr(_named(entry), to_markdown(entry).encode())
            if out.waiting > _CHUNK:
                yield out.taken()
    yield out.taken()


def _named(entry: Entry) -> zipfile.ZipInfo:
    # The same entries make the same archive, whenever it is made.
    at = entry.updated_at.astimezone(UTC)
    year = min(max(at.year, _EARLIEST_IN_ZIP), _LATEST_IN_ZIP)
    named = zipfile.ZipInfo(f"{entry.id}.md", (year, at.month, at.day, at.hour, at.minute, at.second))
    named.compress_type = zipfile.ZIP_DEFLATED
    named.external_attr = 0o644 << 16
    return named


class _Outbox(io.RawIOBase):
    """A file that only grows, and whose bytes are taken away as they come."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []
        self.waiting = 0

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(data)  # type: ignore[call-overload]
        self._pieces.append(piece)
        self.waiting += len(piece)
        return len(piece)

    def taken(self) -> bytes:
        pieces, self._pieces, self.waiting = self._pieces, [], 0
        return b"".join(pieces)
