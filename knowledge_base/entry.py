"""What the knowledge base holds: an incident or a runbook as curated text, with labels and a symptom signature."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

EntryKind = Literal["incident", "runbook"]
EntryId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=200)]
Strength = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class ReviewStatus(StrEnum):
    """How far people have vouched for an entry."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    DEPRECATED = "deprecated"


class Severity(StrEnum):
    """How bad it is when it happens, worst first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Origin(BaseModel):
    """An entry that was merged into another one, as far as it tells where that knowledge comes from.

    Attributes:
        id: What the entry was called.
        title: Its title when it was merged.
        provenance: Where it came from.
        created_at: When it was first written.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    title: str
    provenance: Mapping[str, str] = Field(default_factory=dict)
    created_at: AwareDatetime


class Entry(BaseModel):
    """One thing that is known.

    Attributes:
        id: Unique, stable, `[a-z0-9-]+`, at most 200 characters.
        kind: A past incident, or a runbook.
        title: One line.
        symptoms: What it looks like, in plain text.
        cause: What it was, once known; None before.
        fix: What helped, once known; None before.
        notes: What else there is to say, such as the impact, a timeline or the steps of a diagnosis; text of any
            length, with the headings of its source.
        services: Services concerned, the cause's first.
        operations: Operations concerned, such as `GET /products/{id}`.
        fault_kind: Label from the fault taxonomy, None while unknown.
        severity: How bad it is, None while unknown.
        signals: Names of the signals that moved.
        signature: Numeric symptom signature, feature name to strength in 0..1; empty where there is no recording.
        environment: `deployment.environment.name` it was seen in, empty when unknown.
        team: Who looks after it, empty when unknown.
        provenance: Where it comes from: `incident`, `recording`, `drill`, `author`, `source`, ... all text.
        merged_from: Entries that were merged into this one.
        status: How far people have vouched for it.
        review_by: Day on which somebody has to look at it again; None for never.
        created_at: When it was first written.
        updated_at: When it was last changed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: EntryId
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
    merged_from: tuple[Origin, ...] = ()
    status: ReviewStatus = ReviewStatus.DRAFT
    review_by: date | None = None
    created_at: AwareDatetime
    updated_at: AwareDatetime


class Revision(BaseModel):
    """An entry as it once was.

    Attributes:
        number: Counts up from 1 within an entry.
        entry: The entry as it was written then.
        author: Who wrote it, empty when nobody said.
        note: What was done, such as `approved`; empty for a plain edit.
        at: When it was written.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int = Field(ge=1)
    entry: Entry
    author: str = ""
    note: str = ""
    at: AwareDatetime
