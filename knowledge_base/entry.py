"""What the knowledge base holds: an incident or a runbook as curated text, with labels and a symptom signature."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

Strength = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class ReviewStatus(StrEnum):
    """How far people have vouched for an entry."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    DEPRECATED = "deprecated"


class Entry(BaseModel):
    """One thing that is known.

    Attributes:
        id: Unique, stable, `[a-z0-9-]+`, at most 200 characters.
        kind: A past incident, or a runbook.
        title: One line.
        symptoms: What it looked like, in plain text; this is what is embedded together with the title.
        cause: What it was, once known; None before.
        fix: What helped, once known; None before.
        services: Services concerned, the cause's first.
        operations: Operations concerned, such as `GET /products/{id}`.
        fault_kind: Label from the fault taxonomy, None while unknown.
        signals: Names of the signals that moved.
        signature: Numeric symptom signature, feature name to strength in 0..1; empty where there is no recording.
        environment: `deployment.environment.name` it was seen in, empty when unknown.
        provenance: Where it comes from: `incident`, `recording`, `drill`, `author`, `source`, ... all text.
        status: How far people have vouched for it.
        created_at: When it was first written.
        updated_at: When it was last changed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=200)
    kind: Literal["incident", "runbook"]
    title: str = Field(min_length=1)
    symptoms: str = Field(min_length=1)
    cause: str | None = None
    fix: str | None = None
    services: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    fault_kind: str | None = None
    signals: tuple[str, ...] = ()
    signature: Mapping[str, Strength] = Field(default_factory=dict)
    environment: str = ""
    provenance: Mapping[str, str] = Field(default_factory=dict)
    status: ReviewStatus = ReviewStatus.DRAFT
    created_at: AwareDatetime
    updated_at: AwareDatetime


class Match(BaseModel):
    """An entry that was found, and why.

    Attributes:
        entry: What was found.
        score: How alike, in 0..1, one being the same.
        text_similarity: Cosine similarity of the texts, in -1..1.
        signature_similarity: Cosine similarity of the signatures in 0..1; None where one of the two has none.
        why: Plain reasons, strongest first: shared signals, a shared fault kind, shared services and operations.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    entry: Entry
    score: float
    text_similarity: float
    signature_similarity: float | None
    why: tuple[str, ...] = ()


class Revision(BaseModel):
    """An entry as it once was.

    Attributes:
        number: Counts up from 1 within an entry.
        entry: The entry as it was written then.
        author: Who wrote it, empty when nobody said.
        at: When it was written.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int = Field(ge=1)
    entry: Entry
    author: str = ""
    at: AwareDatetime
