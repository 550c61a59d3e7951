"""Files, folders and checkouts on disk, and files that somebody uploaded, to reports."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from knowledge_base.errors import Unreadable
from knowledge_base.exchange.git_checkout import Checkout, checkout_of
from knowledge_base.exchange.limits import ImportLimits, size_in_words
from knowledge_base.exchange.reading import Found, is_lines, left_out, read_found, read_json_lines, refused
from knowledge_base.exchange.values import (
    SOURCE_COMMIT,
    SOURCE_REPOSITORY,
    FileReport,
    ReadingRules,
    Source,
)


def read_path(path: Path, rules: ReadingRules) -> Iterator[FileReport]:
    """Read a file, or every file of a folder, its folders within and its archives; a report each.

    Hidden files and links are left out. In a checkout of Git, entries keep its repository and commit, and are
    known again wherever the checkout lies.

    Args:
        path: What to read.
        rules: The time, limits and kinds.

    Raises:
        Unreadable: There is no such file or folder, or it holds more files than may be read at once.
    """
    paths = files_in(path, rules.limits)
    checkout = checkout_of(path.resolve())
    for one in paths:
        name = one.name if path.is_file() else one.relative_to(path).as_posix()
        yield from _read_one(one, _source(one, name, checkout), rules, asked_for=path.is_file())


def read_files(files: Iterable[tuple[str, bytes]], rules: ReadingRules) -> Iterator[FileReport]:
    """Read files that somebody uploaded, each a name and its bytes; a report each, and one for each in an archive.

    A file is known again by its name, so one that is uploaded anew changes its entry.
    """
    for given, data in files:
        name = _safe_name(given)
        yield from read_found(Found(Source(name=name, key=f"upload:{name}"), data, asked_for=True), rules)


def files_in(path: Path, limits: ImportLimits) -> Sequence[Path]:
    """List the files that `read_path` reports on, sorted; links among them are told, not followed.

    Raises:
        Unreadable: There is no such file or folder, or it holds too many files.
    """
    if path.is_file():
        return (path,)
    if not path.is_dir():
        what = "is neither a file nor a folder" if path.exists() else "is not there"
        raise Unreadable(str(path), f"{what}; give a file or a folder to import")
    found: list[Path] = []
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [Path(folder, name) for name in sorted(names) if not name.startswith(".")]
        found += [Path(folder, name) for name in folders if Path(folder, name).is_symlink()]
        if len(found) > limits.files:
            raise Unreadable(str(path), f"holds more than {limits.files} files; import it in parts")
    return sorted(found)


def _read_one(path: Path, source: Source, rules: ReadingRules, *, asked_for: bool) -> Iterator[FileReport]:
    name = source.name
    if path.is_symlink() and not asked_for:
        yield left_out(name, "is a link; links are not followed")
        return
    if not path.is_file():
        yield left_out(name, "is no plain file; left out")
        return
    try:
        size = path.stat().st_size
        most = _most(name, rules.limits)
        if size > most:
            yield refused(
                name, f"has {size_in_words(size)}, and {size_in_words(most)} is the most that is read; part it"
            )
        elif is_lines(name) and size > rules.limits.held_bytes:
            yield _read_streamed(path, source, rules)
        else:
            yield from read_found(Found(source, path.read_bytes(), asked_for), rules)
    except OSError as error:
        yield refused(name, f"cannot be read: {error.strerror or error}")


def _read_streamed(path: Path, source: Source, rules: ReadingRules) -> FileReport:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        return read_json_lines(_bounded_lines(file, rules.limits.file_bytes), source, rules, digest=digest)


def _bounded_lines(file: BinaryIO, most: int) -> Iterator[bytes]:
    """Give a file's lines; of one that is too long just so much that it is seen to be."""
    while line := file.readline(most + 2):
        yield line
        while len(line) == most + 2 and not line.endswith(b"\n"):
            line = file.readline(most + 2)


def _most(name: str, limits: ImportLimits) -> int:
    if is_lines(name):
        return limits.json_lines_bytes
    return limits.archive_bytes if name.lower().endswith(".zip") else limits.file_bytes


def _source(path: Path, name: str, checkout: Checkout | None) -> Source:
    resolved = path.parent.resolve() / path.name
    if checkout is None or not checkout.repository:
        commit = {SOURCE_COMMIT: checkout.commit} if checkout is not None and checkout.commit else {}
        return Source(name=name, key=f"file:{resolved.as_posix()}", provenance=commit)
    # A link that somebody named may stand outside of the checkout that it leads into.
    within = resolved if resolved.is_relative_to(checkout.root) else path.resolve()
    inside = within.relative_to(checkout.root).as_posix()
    origin = {SOURCE_REPOSITORY: checkout.repository}
    if checkout.commit:
        origin[SOURCE_COMMIT] = checkout.commit
    return Source(name=name, key=f"{checkout.repository}/{inside}", provenance=origin)


def _safe_name(given: str) -> str:
    parts = [part for part in given.replace("\\", "/").split("/") if part not in {"", ".", ".."}]
    name = "/".join(parts).replace("\x00", "")
    return name or "unnamed"
