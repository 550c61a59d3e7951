"""How much an import takes in before it says that it is too much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MEBIBYTE: Final = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportLimits:
    """Upper bounds of an import, each at least 1; what is exactly as large still passes.

    Attributes:
        file_bytes: Size of one document, and of one line of JSON Lines.
        json_lines_bytes: Size of one JSON Lines file, which is read line by line.
        held_bytes: JSON Lines that are larger are read from the disk line by line, rather than held in memory.
        front_matter_characters: Length of the front matter of one document.
        headings: Number of headings of one document; nobody writes thousands for one entry.
        tags: Number of tags of one page.
        files: Number of files in one folder or archive.
        archive_bytes: Size of everything in one archive, unpacked.
        archive_ratio: How many times larger a file in an archive may be than what it was packed to. Text seldom shrinks
            to less than a twentieth.
        ratio_free_bytes: Files up to this size may have any ratio: a short file of one letter is no attack.
    """

    file_bytes: int = 10 * MEBIBYTE
    json_lines_bytes: int = 2048 * MEBIBYTE
    held_bytes: int = 64 * MEBIBYTE
    front_matter_characters: int = MEBIBYTE
    headings: int = 5000
    tags: int = 200_000
    files: int = 200_000
    archive_bytes: int = 2048 * MEBIBYTE
    archive_ratio: int = 200
    ratio_free_bytes: int = MEBIBYTE // 4

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")


def size_in_words(size_bytes: int) -> str:
    """Say a size the way people do: `812 bytes`, `10.4 MiB`."""
    if size_bytes < MEBIBYTE // 10:
        return f"{size_bytes} bytes"
    return f"{size_bytes / MEBIBYTE:.1f} MiB"
