"""What the server and its clients say to each other about what is known, beyond the knowledge base's own values."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from knowledge_base.entry import Entry, EntryKind, Severity, Strength
from knowledge_base.review.values import FeedbackCounts, OutcomeRecord

Becomes: TypeAlias = Literal["new", "changed", "unchanged", "duplicate"]
"""What an import makes of an entry: written, written anew, or left alone, for it is known or there twice."""

WRITING: tuple[Becomes, ...] = ("new", "changed")


class _Value(BaseModel):
    # A newer server may say more than this version knows.
    model_config = ConfigDict(frozen=True)


class WrittenEntry(_Value):
    """What a person writes of an entry; its review, its times and what was merged into it come of what is done with it.

    Attributes:
        kind: A past incident, or a runbook.
        title: One line.
        symptoms: What it looks like, in plain text.
        cause: What it was, once known.
        fix: What helped, once known.
        notes: What else there is to say.
        services: Services concerned, the cause's first.
        operations: Operations concerned.
        fault_kind: Label from the fault taxonomy, None while unknown.
        severity: How bad it is, None while unknown.
        signals: Names of the signals that moved.
        signature: Feature name to strength in 0..1; empty where there is no recording.
        environment: Where it was seen, empty when unknown.
        team: Who looks after it, empty when unknown.
        provenance: Where it comes from; in an edit these are added, and none is taken away.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: EntryKind
    title: str = Field(min_length=1)
    symptoms: str = Field(min_length=1)
    cause: str | None = None
    fix: str | None = None
    notes: str = ""
    services: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    fault_kind: str | None = None
    severity: Severity | None = None
    signals: tuple[str, ...] = ()
    signature: Mapping[str, Strength] = Field(default_factory=dict)
    environment: str = ""
    team: str = ""
    provenance: Mapping[str, str] = Field(default_factory=dict)

    @classmethod
    def of(cls, entry: Entry) -> Self:
        """Give what a person could have written of an entry."""
        return cls.model_validate(entry.model_dump(include=set(cls.model_fields)))


class EntryOutcomes(_Value):
    """What became of one entry whenever it was recalled: in numbers, and what people said, the latest first."""

    counts: FeedbackCounts
    outcomes: tuple[OutcomeRecord, ...]


class FileProblem(_Value):
    """What is amiss with a file: an error keeps something out, a warning wants a look, a note only tells."""

    severity: Literal["error", "warning", "note"]
    text: str


class PlannedEntry(_Value):
    """One entry of an import.

    Attributes:
        entry_id: What it is, or will be, called.
        title: Its title.
        kind: Incident or runbook.
        becomes: What is made of it.
        fields: Which fields change, for one that is known and changes.
        reason: Why, empty where that says itself.
        warning: What somebody should know before agreeing, empty for nothing.
        marks: What a reader should know, such as `addresses_assistant`: its text gives orders to a machine.
    """

    entry_id: str
    title: str
    kind: EntryKind
    becomes: Becomes
    fields: tuple[str, ...] = ()
    reason: str = ""
    warning: str = ""
    marks: tuple[str, ...] = ()


class PlannedFile(_Value):
    """One file of an import: what is in it, and what is amiss with it."""

    name: str
    sha256: str = ""
    entries: tuple[PlannedEntry, ...] = ()
    problems: tuple[FileProblem, ...] = ()


class ImportState(StrEnum):
    """How far an import has come."""

    WAITING = "waiting"
    READING = "reading"
    WRITING = "writing"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen."""
        return self in (ImportState.DONE, ImportState.FAILED, ImportState.STOPPED)


class ImportJob(_Value):
    """An import that the server works on, or has worked on since it started; it does not remember them any longer.

    Attributes:
        id: Unique.
        source: What is imported: a path, or the number of files that were sent.
        dry_run: Whether only the plan is made, and nothing is written.
        author: Who imports, empty when nobody said.
        state: How far it is.
        done: Files that are read, while it reads; entries that are written, from then on.
        total: How many there are of these, None while nobody knows.
        counts: How many entries become what, known once the files are read.
        files: What is in each file and what is made of it; told once the import is over, and
            forgotten when some more imports are over.
        digest: Names this very plan; a later import with `expected` set to it is refused where anything differs.
        refused_files: How many files gave nothing because something is wrong with them.
        written: How many entries were written.
        problem: Why it failed, None where it did not.
    """

    id: str
    source: str
    dry_run: bool
    author: str = ""
    state: ImportState = ImportState.WAITING
    done: int = 0
    total: int | None = None
    counts: Mapping[Becomes, int] = Field(default_factory=dict)
    files: tuple[PlannedFile, ...] = ()
    digest: str = ""
    refused_files: int = 0
    written: int = 0
    problem: str | None = None

    @property
    def to_write(self) -> int:
        """How many entries it writes, or would."""
        return sum(self.counts.get(becomes, 0) for becomes in WRITING)


class IndexState(_Value):
    """How the index stands to the records that it is made from.

    Attributes:
        entries: How many entries the index should hold; deprecated ones are not among them.
        in_step: Whether it holds exactly these, as they are now.
        differences: What differs, in words; empty where nothing does.
        repaired: What differed when the server started, in words, and was repaired then; empty where nothing did.
    """

    entries: int
    in_step: bool
    differences: str = ""
    repaired: str = ""
