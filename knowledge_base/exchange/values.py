"""Values of an import: where a text comes from, what was read from it, and what was wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

from knowledge_base.entry import Entry
from knowledge_base.exchange.limits import ImportLimits
from knowledge_base.exchange.marks import Mark

SOURCE: Final = "source"
SOURCE_SHA256: Final = "source_sha256"
SOURCE_REPOSITORY: Final = "source_repository"
SOURCE_COMMIT: Final = "source_commit"
SOURCE_ENCODING: Final = "source_encoding"
IMPORTED_SHA256: Final = "imported_sha256"
HAPPENED_ON: Final = "happened_on"
OTHER_LABELS: Final = "other_labels"

FileFormat: TypeAlias = Literal["markdown", "html", "json", "none"]
ProblemSeverity: TypeAlias = Literal["error", "warning", "note"]

Alerts: TypeAlias = Sequence[Mapping[str, Any]]
SignatureOfAlerts: TypeAlias = Callable[[Alerts], Mapping[str, float]]


def _no_signature(_alerts: Alerts) -> Mapping[str, float]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingRules:
    """What reading has to know beside the text.

    Attributes:
        now: When the import happens; entries without a date of their own get this one.
        limits: What is too much.
        kinds: Fault kinds that there are; None takes any.
        signature_of_alerts: Makes the numeric signature of a list of alerts.
    """

    now: datetime
    limits: ImportLimits = field(default_factory=ImportLimits)
    kinds: Collection[str] | None = None
    signature_of_alerts: SignatureOfAlerts = _no_signature


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a text comes from.

    Attributes:
        name: What people call it: a path within what is imported.
        key: What tells it from every other source, the same each time it is imported.
        provenance: What else an entry keeps of its origin, such as the commit of its checkout.
    """

    name: str
    key: str
    provenance: Mapping[str, str] = field(default_factory=dict)

    def part(self, which: str) -> Source:
        """Name a part of this source, such as one line of it."""
        return Source(name=f"{self.name}#{which}", key=f"{self.key}#{which}", provenance=self.provenance)


class Problem(BaseModel):
    """Something that was not as it should be.

    Attributes:
        severity: An error keeps something out; a warning wants a look; a note only tells.
        text: What it is, and what to do about it.
        lines: Where, such as `3` or `3-17`; empty for the whole file.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    severity: ProblemSeverity
    text: str
    lines: str = ""

    def __str__(self) -> str:
        return f"line {self.lines}: {self.text}" if self.lines else self.text


class EntryDraft(BaseModel):
    """An entry as it was read, before anybody compared it with what is known.

    Attributes:
        entry: The entry, with the id that it would get.
        own_id: The source itself gives the id, as our exports do.
        whole: Every field is as the source says, as in our exports; otherwise fields it does not have are unsaid.
        stands_in: Fields that the text did not say and something else stands for, such as a file's name for its title.
        marks: What a reader, and a model, has to be told about its text.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    entry: Entry
    own_id: bool = False
    whole: bool = False
    stands_in: tuple[str, ...] = ()
    marks: tuple[Mark, ...] = ()


class FileReport(BaseModel):
    """What one file gave.

    Attributes:
        name: Its path within what is imported.
        format: What it was read as; `none` where it was not read.
        sha256: Hash of its bytes, empty where it was not read.
        entries: What was found in it.
        problems: What was wrong with it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    format: FileFormat = "none"
    sha256: str = ""
    entries: tuple[EntryDraft, ...] = ()
    problems: tuple[Problem, ...] = ()
