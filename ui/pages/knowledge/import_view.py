"""An import as plain rows and words."""

from __future__ import annotations

from typing import Final

from assistant.knowledge_values import Becomes, ImportJob, ImportState
from ui.pages.wording import count

_BECOMES: Final[dict[Becomes, str]] = {
    "new": "new",
    "changed": "changed",
    "unchanged": "known already",
    "duplicate": "there twice",
}
# What needs a look comes first.
_ORDER: Final[tuple[Becomes, ...]] = ("changed", "new", "duplicate", "unchanged")
_SEVERITIES: Final = ("error", "warning", "note")


def in_words(job: ImportJob) -> str:
    """Say how far an import is, or what it came to."""
    if job.state is ImportState.WAITING:
        return "In the queue"
    if job.state is ImportState.READING:
        return f"Reading: {count(job.done, 'file', 'files')} so far"
    if job.state is ImportState.WRITING:
        return f"Writing: {job.done} of {count(job.total or 0, 'entry', 'entries')}"
    said = [f"{job.counts[becomes]} {_BECOMES[becomes]}" for becomes in _ORDER if job.counts.get(becomes)]
    return f"{count(len(job.files), 'file', 'files')}: {', '.join(said) or 'no entries'}"


def entry_rows(job: ImportJob) -> list[dict[str, str]]:
    """Give a row for each entry of an import, what needs a look first; all plain text."""
    rows = [(file.name, entry) for file in job.files for entry in file.entries]
    rows.sort(key=lambda row: _ORDER.index(row[1].becomes))
    return [
        {
            "becomes": _BECOMES[entry.becomes],
            "title": entry.title,
            "kind": entry.kind,
            "why": entry.reason,
            "marks": ", ".join(mark.replace("_", " ") for mark in entry.marks),
            "file": name,
        }
        for name, entry in rows
    ]


def problem_rows(job: ImportJob) -> list[dict[str, str]]:
    """Give a row for each thing that is amiss with a file, errors first; all plain text."""
    found = [(file.name, problem) for file in job.files for problem in file.problems]
    found.sort(key=lambda one: _SEVERITIES.index(one[1].severity))
    return [{"severity": problem.severity, "file": name, "what is amiss": problem.text} for name, problem in found]
