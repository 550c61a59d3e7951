"""Values of an entry's life: what was recalled, what became of it, which entries may be the same."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from knowledge_base.entry import ReviewStatus

Outcome = Literal["opened", "helped", "wrong"]


class ReviewAction(StrEnum):
    """What can be done with an entry on its way to being known."""

    SUBMIT = "submit"
    APPROVE = "approve"
    SEND_BACK = "send_back"
    REOPEN = "reopen"
    DEPRECATE = "deprecate"
    REVIVE = "revive"


class FeedbackCounts(BaseModel):
    """What became of an entry whenever it was recalled, in numbers of recalls."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    shown: int = Field(0, ge=0)
    opened: int = Field(0, ge=0)
    helped: int = Field(0, ge=0)
    wrong: int = Field(0, ge=0)


class Recalled(BaseModel):
    """An entry among those that a recall gave.

    Attributes:
        entry_id: Which entry.
        title: Its title then.
        rank: Its place then, from 1.
        relevance: Its score before feedback counts, in 0..1.
        feedback: The factor that feedback had on it then.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    entry_id: str
    title: str
    rank: int = Field(ge=1)
    relevance: float
    feedback: float = 1.0


class Recall(BaseModel):
    """One question that the knowledge base answered, and with what.

    Attributes:
        id: Unique.
        at: When it was asked.
        asked: The words of the question, cut after 500 characters.
        incident: Id of the incident it was asked for, empty where it was somebody's search.
        entries: What was shown, the best first.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    at: AwareDatetime
    asked: str
    incident: str = ""
    entries: tuple[Recalled, ...] = ()


class OutcomeRecord(BaseModel):
    """What somebody made of an entry that was recalled, and what that changed.

    Attributes:
        number: Counts up from 1.
        entry_id: Which entry.
        recall_id: In which recall it was shown, empty where it was judged outside of one.
        outcome: Opened, helped or wrong.
        author: Who said so, empty when nobody did.
        note: What they said.
        at: When.
        factor_before: Factor of its feedback on its score before.
        factor_after: And after.
        status_before: Its review status before.
        status_after: And after: one that misled goes back to review.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int = Field(ge=1)
    entry_id: str
    recall_id: str = ""
    outcome: Outcome
    author: str = ""
    note: str = ""
    at: AwareDatetime
    factor_before: float
    factor_after: float
    status_before: ReviewStatus
    status_after: ReviewStatus


class RankChange(BaseModel):
    """Where an entry stood in a recall, and where it would stand with the feedback that there is now."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    recall: Recall
    entry_id: str
    rank_then: int
    rank_now: int


class LedgerLine(BaseModel):
    """One line of the outcome ledger: a judgement, the entry's title, and what it changed in that recall's ranking."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    outcome: OutcomeRecord
    title: str
    counts: FeedbackCounts
    change: RankChange | None = None


class DuplicatePair(BaseModel):
    """Two entries that may tell the same.

    Attributes:
        one: Id of the elder.
        other: Id of the younger.
        similarity: How alike, in 0..1.
        found_at: When that was noticed.
        state: Waiting for somebody to decide, merged, or found to be two different things.
        decided_by: Who decided, empty while it waits.
        decided_at: When it was decided, None while it waits.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    one: str
    other: str
    similarity: float
    found_at: AwareDatetime
    state: Literal["open", "merged", "distinct"] = "open"
    decided_by: str = ""
    decided_at: AwareDatetime | None = None


class FieldChange(BaseModel):
    """How one field of an entry differs between two revisions; long text as the lines of a unified diff."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    field: str
    before: str
    after: str
    lines: tuple[str, ...] = ()
