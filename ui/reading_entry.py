"""One entry out of one text that somebody wrote."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from assistant.taxonomy import FaultKind
from knowledge_base import EntryDraft, FileReport, ImportLimits, ReadingRules, Unreadable, read_files, read_path
from telemetry import utc_now
from ui.bad_use import BadUse

STANDARD_INPUT: Final = "-"
_LARGEST_BYTES: Final = ImportLimits().file_bytes
# Where a text came from that was typed or piped in is nothing that anybody could go back to.
_ORIGIN: Final = ("source", "imported")


def read_draft(name: str, tell: Callable[[str], None]) -> EntryDraft:
    """Read the one entry that is in a file.

    Args:
        name: A file, or `-` for standard input.
        tell: Told of what is amiss and does no harm.

    Raises:
        BadUse: It cannot be read as an entry, or as several.
    """
    if name == STANDARD_INPUT:
        return draft_of(sys.stdin.buffer.read(_LARGEST_BYTES + 1), "standard input", tell)
    if Path(name).is_dir():
        raise BadUse(f"{name} is a folder; `firedrill kb import` takes all that is in it")
    try:
        return _only_one(read_path(Path(name), _rules()), name, tell)
    except Unreadable as error:
        raise BadUse(str(error)) from error


def draft_of(content: bytes, said: str, tell: Callable[[str], None]) -> EntryDraft:
    """Read the one entry that is in a Markdown text that lies nowhere; so it does not tell where it comes from.

    Args:
        content: The text, in any encoding.
        said: What to call it.
        tell: Told of what is amiss and does no harm.

    Raises:
        BadUse: It cannot be read as an entry, or as several.
    """
    draft = _only_one(read_files([("text.md", content)], _rules()), said, tell)
    if draft.whole:
        return draft
    kept = {key: value for key, value in draft.entry.provenance.items() if not key.startswith(_ORIGIN)}
    return draft.model_copy(update={"entry": draft.entry.model_copy(update={"provenance": kept})})


def _rules() -> ReadingRules:
    return ReadingRules(now=utc_now(), kinds=frozenset(FaultKind))


def _only_one(read: Iterable[FileReport], said: str, tell: Callable[[str], None]) -> EntryDraft:
    reports = list(read)
    drafts = [draft for report in reports for draft in report.entries]
    problems = [problem for report in reports for problem in report.problems]
    errors = [str(problem) for problem in problems if problem.severity == "error"]
    if errors or not drafts:
        nothing = "there is no entry in it; give it a title and what it looks like"
        raise BadUse(f"{said}: {'; '.join(errors) or nothing}")
    if len(drafts) > 1:
        raise BadUse(f"{said} holds {len(drafts)} entries; `firedrill kb import` takes them all")
    for problem in problems:
        tell(f"{said}: {problem}")
    return drafts[0]
