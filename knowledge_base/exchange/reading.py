"""One file's bytes to a report: what it is, what entries it gave, what was wrong with it."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from knowledge_base.errors import Unreadable
from knowledge_base.exchange.archive import ARCHIVES, members
from knowledge_base.exchange.document import documents, entry_of, is_document
from knowledge_base.exchange.encodings import Decoded, decoded
from knowledge_base.exchange.front_matter import FrontMatter, split_front_matter
from knowledge_base.exchange.headings import field_of
from knowledge_base.exchange.html import declared_encoding, html_to_markdown
from knowledge_base.exchange.identity import sha256
from knowledge_base.exchange.json_lines import read_document, read_lines
from knowledge_base.exchange.limits import size_in_words
from knowledge_base.exchange.markdown import ReadEntry, read_markdown
from knowledge_base.exchange.marks import marks_of
from knowledge_base.exchange.outline import sections
from knowledge_base.exchange.values import (
    SOURCE_ENCODING,
    EntryDraft,
    FileFormat,
    FileReport,
    Problem,
    ReadingRules,
    Source,
)

_FORMATS: Final[dict[str, FileFormat]] = {
    **dict.fromkeys((".md", ".markdown", ".mdown", ".mkd", ".mdx", ".txt"), "markdown"),
    **dict.fromkeys((".html", ".htm", ".xhtml"), "html"),
    **dict.fromkeys((".jsonl", ".ndjson", ".json"), "json"),
}
_LINES: Final = frozenset((".jsonl", ".ndjson"))
# What repositories have beside their knowledge.
_ABOUT_THE_FOLDER: Final = frozenset(
    (
        *("readme", "contributing", "license", "licence", "copying", "notice", "changelog", "changes", "security"),
        *("code_of_conduct", "codeowners", "maintainers", "authors", "_index", "index", "summary", "toc", "_sidebar"),
    )
)
_HTML_BEGINS: Final = re.compile(
    rb"\s*(?:<!--.{0,500}?-->\s*)?<(?:!doctype html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Found:
    """A file that lies before us.

    Attributes:
        source: Where it comes from.
        data: Its bytes.
        asked_for: Somebody named this very file, rather than a folder or archive that it lies in.
    """

    source: Source
    data: bytes
    asked_for: bool = False


def format_of(name: str) -> FileFormat:
    """Say what a file is by its name, `none` where that does not tell."""
    return _FORMATS.get(PurePosixPath(name).suffix.lower(), "none")


def is_lines(name: str) -> bool:
    """Say whether a file is JSON Lines by its name, so that it can be read line by line."""
    return PurePosixPath(name).suffix.lower() in _LINES


def left_out(name: str, why: str) -> FileReport:
    """Report a file that was not looked into, which is nobody's fault."""
    return FileReport(name=name, problems=(Problem(severity="note", text=why),))


def refused(name: str, why: str, *, data: bytes = b"", file_format: FileFormat = "none") -> FileReport:
    """Report a file that gave nothing because something is wrong with it."""
    digest = sha256(data) if data else ""
    return FileReport(name=name, format=file_format, sha256=digest, problems=(Problem(severity="error", text=why),))


def read_found(found: Found, rules: ReadingRules) -> Iterator[FileReport]:
    """Read a file, or every file of an archive."""
    name = found.source.name
    if PurePosixPath(name).suffix.lower() == ".zip":
        yield from _read_archive(found, rules)
        return
    if PurePosixPath(name).suffix.lower() in ARCHIVES:
        yield refused(name, "is an archive of a kind that is not read; unpack it, or pack it as zip")
        return
    file_format = format_of(name)
    if file_format == "none" and not found.asked_for:
        yield left_out(name, "is no Markdown, HTML, JSON Lines or zip; left out")
        return
    yield _read_file(found, file_format if file_format != "none" else _sniffed(found.data), rules)


def read_json_lines(lines: Iterable[bytes], source: Source, rules: ReadingRules, *, digest: str) -> FileReport:
    """Read a file of JSON Lines that may be too large to be held in memory."""
    drafts, problems = read_lines(lines, source, rules)
    if not drafts and not problems:
        problems = [Problem(severity="error", text="is empty; there is nothing to import")]
    return FileReport(name=source.name, format="json", sha256=digest, entries=tuple(drafts), problems=tuple(problems))


def _read_archive(found: Found, rules: ReadingRules) -> Iterator[FileReport]:
    outer = found.source
    try:
        for member in members(io.BytesIO(found.data), name=outer.name, limits=rules.limits):
            inner = Source(
                name=f"{outer.name}/{member.name}", key=f"{outer.key}/{member.name}", provenance=outer.provenance
            )
            if member.problem:
                yield refused(inner.name, member.problem)
            else:
                yield from read_found(Found(inner, member.data), rules)
    except Unreadable as error:
        yield refused(outer.name, error.problem, data=found.data)


def _read_file(found: Found, file_format: FileFormat, rules: ReadingRules) -> FileReport:
    source, data, limits = found.source, found.data, rules.limits
    name = source.name
    if len(data) > limits.file_bytes and not is_lines(name):
        return refused(
            name,
            f"has {size_in_words(len(data))}, and {size_in_words(limits.file_bytes)} is the most that is read as one "
            "document; part it at its headings",
            file_format=file_format,
        )
    digest = sha256(data)
    try:
        if is_lines(name):
            return read_json_lines(_lines(data, name), source, rules, digest=digest)
        read = decoded(data, name=name, declared=declared_encoding(data) if file_format == "html" else "")
        if not read.text.strip():
            return refused(name, "is empty; there is nothing to import", data=data, file_format=file_format)
        if file_format == "json":
            drafts, problems = read_document(read.text, source, rules)
        else:
            drafts, problems = _read_text(read, file_format, found, digest, rules)
    except Unreadable as error:
        # The report has the name already.
        where = "" if error.source == name else f"{error.source.removeprefix(name).lstrip('#')}: "
        return refused(name, where + error.problem, data=data, file_format=file_format)
    return FileReport(name=name, format=file_format, sha256=digest, entries=tuple(drafts), problems=tuple(problems))


def _read_text(
    read: Decoded, file_format: FileFormat, found: Found, digest: str, rules: ReadingRules
) -> tuple[list[EntryDraft], list[Problem]]:
    source = found.source
    text = _unix_lines(read.text)
    if file_format == "html":
        text = html_to_markdown(text, name=source.name, most_tags=rules.limits.tags)
    first = split_front_matter(text, name=source.name, longest=rules.limits.front_matter_characters)
    if file_format == "markdown" and is_document(first):
        return _read_documents(text, first, source)
    stem = PurePosixPath(source.name).stem.casefold()
    if stem in _ABOUT_THE_FOLDER and not found.asked_for and not _has_knowledge(first.body):
        told = (
            "tells of its folder, and no heading says symptom, cause or fix; left out. Import it by its name to have it"
        )
        return [], [Problem(severity="note", text=told)]
    if read.encoding != "utf-8":
        source = Source(
            name=source.name, key=source.key, provenance={**source.provenance, SOURCE_ENCODING: read.encoding}
        )
    one: ReadEntry = read_markdown(first, source, sha256=digest, rules=rules)
    problems = list(one.problems)
    if read.guessed:
        problems.append(
            Problem(severity="warning", text=f"is not UTF-8; it was read as {read.encoding}, look at its letters")
        )
    return [one.draft], problems


def _read_documents(text: str, first: FrontMatter, source: Source) -> tuple[list[EntryDraft], list[Problem]]:
    """Read our own export: one document, or several one after the other."""
    drafts: list[EntryDraft] = []
    problems: list[Problem] = []
    for line, part in documents(text):
        try:
            document = first if part is text else split_front_matter(part, name=source.name)
            if not is_document(document):
                raise Unreadable(source.name, "is no exported entry, among others that are")
            entry = entry_of(document, name=source.name)
        except Unreadable as error:
            problems.append(Problem(severity="error", text=error.problem, lines=str(line) if line > 1 else ""))
            continue
        drafts.append(EntryDraft(entry=entry, own_id=True, whole=True, marks=marks_of(entry)))
    return drafts, problems


def _has_knowledge(body: str) -> bool:
    return any(field_of(section.heading) in {"symptoms", "cause", "fix"} for section in sections(body) if section.level)


def _unix_lines(text: str) -> str:
    # Our own documents have no carriage returns, so nothing of them changes.
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _lines(data: bytes, name: str) -> Iterable[bytes]:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        # Lines of UTF-16 cannot be told apart by one byte.
        data = decoded(data, name=name).text.encode()
    return data.split(b"\n")


def _sniffed(data: bytes) -> FileFormat:
    """Say what a file is by how it begins."""
    if _HTML_BEGINS.match(data):
        return "html"
    return "json" if data.lstrip()[:1] in {b"{", b"["} else "markdown"
