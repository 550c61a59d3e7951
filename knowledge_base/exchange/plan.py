"""What an import would do, before it does anything: the preview that people look at, and what is then carried out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Final, Protocol

from pydantic import AwareDatetime, BaseModel, ConfigDict

from knowledge_base.entry import Entry, ReviewStatus
from knowledge_base.exchange.identity import content_sha256
from knowledge_base.exchange.marks import Mark
from knowledge_base.exchange.values import (
    IMPORTED_SHA256,
    SOURCE,
    SOURCE_SHA256,
    EntryDraft,
    FileFormat,
    FileReport,
    Problem,
)

_LOOKED_UP_AT_ONCE: Final = 500
_REVIEWED: Final = ("status", "review_by")


class PlannedAction(StrEnum):
    """What becomes of an entry that was read."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    DUPLICATE = "duplicate"


class PlannedEntry(BaseModel):
    """One entry of an import.

    Attributes:
        action: What becomes of it.
        entry: As it would be written; for what stays unchanged, as it was read.
        compared_with: When what is known of it was last changed, as it was planned; None where nothing was known.
        fields: Which fields change, for one that is known and changes.
        reason: Why it is so, where that is not plain; empty otherwise.
        warning: What somebody should know before agreeing, empty for nothing.
        marks: What a reader has to be told about its text.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    action: PlannedAction
    entry: Entry
    compared_with: AwareDatetime | None = None
    fields: tuple[str, ...] = ()
    reason: str = ""
    warning: str = ""
    marks: tuple[Mark, ...] = ()

    @property
    def is_written(self) -> bool:
        """Whether carrying out the plan writes it."""
        return self.action in {PlannedAction.NEW, PlannedAction.CHANGED}


class FilePlan(BaseModel):
    """What one file gives."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    format: FileFormat = "none"
    sha256: str = ""
    entries: tuple[PlannedEntry, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def is_refused(self) -> bool:
        """Whether the whole file gives nothing because something is wrong with it."""
        return not self.entries and any(problem.severity == "error" for problem in self.problems)


class ImportCounts(BaseModel):
    """An import in numbers: entries by what becomes of them, files that gave nothing, and problems."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    files: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    duplicate: int = 0
    marked: int = 0
    refused_files: int = 0
    errors: int = 0
    warnings: int = 0


class ImportPlan(BaseModel):
    """What an import would do, file by file.

    Attributes:
        files: What each file gives.
        keep_review: Whether review status and review day come with the entries, to restore a backup.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    files: tuple[FilePlan, ...] = ()
    keep_review: bool = False

    def written(self) -> Iterator[Entry]:
        """Give the entries that carrying it out writes, in the order of the files."""
        return (planned.entry for file in self.files for planned in file.entries if planned.is_written)

    def counts(self) -> ImportCounts:
        """Give it in numbers."""
        entries = [planned for file in self.files for planned in file.entries]
        problems = Counter(problem.severity for file in self.files for problem in file.problems)
        actions = Counter(planned.action.value for planned in entries)
        return ImportCounts(
            files=len(self.files),
            new=actions["new"],
            changed=actions["changed"],
            unchanged=actions["unchanged"],
            duplicate=actions["duplicate"],
            marked=sum(bool(planned.marks) for planned in entries),
            refused_files=sum(file.is_refused for file in self.files),
            errors=problems["error"],
            warnings=problems["warning"] + sum(bool(planned.warning) for planned in entries),
        )


class ImportOutcome(BaseModel):
    """What became of a plan that was carried out.

    Attributes:
        written: How many entries were written.
        overtaken: Entries that somebody wrote after the plan was made; they were left alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    written: int
    overtaken: tuple[str, ...] = ()


class KnownEntries(Protocol):
    """What is asked about entries that are known already."""

    def with_provenance(self, key: str, values: Collection[str]) -> Mapping[str, str]:
        """Give the ids of entries whose provenance has a key, by its value, for those of the values that there are."""
        ...

    def many(self, ids: Sequence[str]) -> Mapping[str, Entry]:
        """Give entries by id, those that there are."""
        ...


def plan_import(reports: Iterable[FileReport], known: KnownEntries, *, keep_review: bool = False) -> ImportPlan:
    """Compare what was read with what is known; nothing is written.

    An entry is known by where it comes from, or, in our own exports, by its id. What is known and comes with the same
    bytes again stays as it is, whatever people made of it since. A text that says nothing of a field leaves that field
    as it is known.

    Args:
        reports: What the files gave.
        known: Says what is known.
        keep_review: Take review status and review day as our exports have them, to restore a backup. Otherwise what is
            new is a draft, whatever it says of itself: nobody here has vouched for it.
    """
    seen = _Seen()
    files = tuple(_plan_file(report, known, seen, keep_review=keep_review) for report in reports)
    return ImportPlan(files=files, keep_review=keep_review)


class _Seen:
    """What the same import had before."""

    def __init__(self) -> None:
        self.ids: dict[str, tuple[str, str]] = {}
        self.contents: dict[str, str] = {}


def _plan_file(report: FileReport, known: KnownEntries, seen: _Seen, *, keep_review: bool) -> FilePlan:
    planned: list[PlannedEntry] = []
    for start in range(0, len(report.entries), _LOOKED_UP_AT_ONCE):
        drafts = report.entries[start : start + _LOOKED_UP_AT_ONCE]
        before = _Before.of(drafts, known)
        planned += [_plan_one(draft, report.name, before, seen, keep_review=keep_review) for draft in drafts]
    return FilePlan(
        name=report.name,
        format=report.format,
        sha256=report.sha256,
        entries=tuple(planned),
        problems=report.problems,
    )


class _Before:
    """What is known of some drafts."""

    def __init__(self, by_source: Mapping[str, str], by_bytes: Mapping[str, str], entries: Mapping[str, Entry]) -> None:
        self._by_source, self._by_bytes, self._entries = by_source, by_bytes, entries

    @classmethod
    def of(cls, drafts: Sequence[EntryDraft], known: KnownEntries) -> _Before:
        foreign = [draft.entry.provenance for draft in drafts if not draft.own_id]
        by_source = known.with_provenance(SOURCE, [one[SOURCE] for one in foreign]) if foreign else {}
        by_bytes = known.with_provenance(SOURCE_SHA256, [one[SOURCE_SHA256] for one in foreign]) if foreign else {}
        ids = {draft.entry.id for draft in drafts} | set(by_source.values()) | set(by_bytes.values())
        return cls(by_source, by_bytes, known.many(sorted(ids)))

    def of_draft(self, draft: EntryDraft) -> Entry | None:
        """Give the entry that is the same one, from the same place or of the same id."""
        entry = draft.entry
        if draft.own_id:
            return self._entries.get(entry.id)
        return self._entries.get(self._by_source.get(entry.provenance[SOURCE], entry.id))

    def of_same_bytes(self, draft: EntryDraft) -> Entry | None:
        """Give an entry that was imported from the very same bytes somewhere else."""
        return (
            None if draft.own_id else self._entries.get(self._by_bytes.get(draft.entry.provenance[SOURCE_SHA256], ""))
        )


def _plan_one(draft: EntryDraft, file: str, before: _Before, seen: _Seen, *, keep_review: bool) -> PlannedEntry:
    entry, content = draft.entry, content_sha256(draft.entry)
    if entry.id in seen.ids:
        where, first = seen.ids[entry.id]
        warning = "" if first == content else f"{where} has another text for {entry.id}, and only that is taken"
        return _planned(PlannedAction.DUPLICATE, draft, entry, reason=f"it is in {where} already", warning=warning)
    if not draft.own_id and content in seen.contents:
        return _planned(PlannedAction.DUPLICATE, draft, entry, reason=f"says the same as {seen.contents[content]}")
    seen.ids[entry.id] = file, content
    seen.contents.setdefault(content, f"{entry.id} of {file}")
    known = before.of_draft(draft)
    if known is None:
        twin = before.of_same_bytes(draft)
        if twin is not None:
            return _planned(PlannedAction.UNCHANGED, draft, twin, reason=f"the same was imported before, as {twin.id}")
        return _planned(PlannedAction.NEW, draft, entry if keep_review and draft.whole else _unreviewed(entry))
    if not draft.own_id and known.provenance.get(SOURCE_SHA256) == entry.provenance[SOURCE_SHA256]:
        return _planned(PlannedAction.UNCHANGED, draft, known, reason="the same was imported before")
    return _changed(draft, known, keep_review=keep_review)


def _changed(draft: EntryDraft, known: Entry, *, keep_review: bool) -> PlannedEntry:
    then = _merged(draft, known, keep_review=keep_review)
    fields = tuple(
        name for name in Entry.model_fields if name != "updated_at" and getattr(then, name) != getattr(known, name)
    )
    if not fields:
        return _planned(PlannedAction.UNCHANGED, draft, known, reason="it is known just so")
    warnings = []
    imported = known.provenance.get(IMPORTED_SHA256)
    if imported is not None and imported != content_sha256(known):
        warnings.append("it was edited here since it was imported; the import goes over that")
    if "title" in fields:
        warnings.append(f"its title was {known.title!r}; make sure that it is the same thing")
    changed = _planned(PlannedAction.CHANGED, draft, then, fields=fields, warning="; ".join(warnings))
    return changed.model_copy(update={"compared_with": known.updated_at})


def _merged(draft: EntryDraft, known: Entry, *, keep_review: bool) -> Entry:
    """Give what is known with what the source says now."""
    entry = draft.entry
    kept: dict[str, object] = {"id": known.id, "created_at": min(known.created_at, entry.created_at)}
    if not (draft.whole and keep_review):
        kept |= {name: getattr(known, name) for name in _REVIEWED}
    if draft.whole:
        return entry.model_copy(update=kept)
    unsaid = {
        name: getattr(known, name)
        for name in Entry.model_fields
        if name not in kept
        and (name in draft.stands_in or getattr(entry, name) in (None, "", (), {}))
        and getattr(known, name)
    }
    return entry.model_copy(update={**unsaid, **kept, "provenance": {**known.provenance, **entry.provenance}})


def _unreviewed(entry: Entry) -> Entry:
    return entry.model_copy(update={"status": ReviewStatus.DRAFT, "review_by": None})


def _planned(
    action: PlannedAction,
    draft: EntryDraft,
    entry: Entry,
    *,
    fields: tuple[str, ...] = (),
    reason: str = "",
    warning: str = "",
) -> PlannedEntry:
    return PlannedEntry(action=action, entry=entry, fields=fields, reason=reason, warning=warning, marks=draft.marks)
