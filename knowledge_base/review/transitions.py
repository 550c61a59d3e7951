"""What may become of an entry, decided and not yet done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from knowledge_base.entry import Entry, ReviewStatus, Revision
from knowledge_base.errors import ReviewRefused
from knowledge_base.review.values import ReviewAction

MACHINE_AUTHOR: Final = "firedrill"
"""Author of what nobody wrote: drafts made of incidents."""

# Everything else is said about an entry, not by it.
NOT_CONTENT: Final = frozenset({"id", "status", "review_by", "created_at", "updated_at"})

_STEPS: Final[Mapping[tuple[ReviewStatus, ReviewAction], ReviewStatus]] = {
    (ReviewStatus.DRAFT, ReviewAction.SUBMIT): ReviewStatus.IN_REVIEW,
    (ReviewStatus.IN_REVIEW, ReviewAction.APPROVE): ReviewStatus.APPROVED,
    (ReviewStatus.IN_REVIEW, ReviewAction.SEND_BACK): ReviewStatus.DRAFT,
    (ReviewStatus.APPROVED, ReviewAction.REOPEN): ReviewStatus.IN_REVIEW,
    (ReviewStatus.DRAFT, ReviewAction.DEPRECATE): ReviewStatus.DEPRECATED,
    (ReviewStatus.IN_REVIEW, ReviewAction.DEPRECATE): ReviewStatus.DEPRECATED,
    (ReviewStatus.APPROVED, ReviewAction.DEPRECATE): ReviewStatus.DEPRECATED,
    (ReviewStatus.DEPRECATED, ReviewAction.REVIVE): ReviewStatus.DRAFT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRules:
    """How an organisation vouches for what it knows.

    Attributes:
        two_person: Whether who approves has to be another than who wrote the content last.
        review_days: How long an approval holds before somebody has to look again, in days, at least 1.
    """

    two_person: bool = False
    review_days: int = 180

    def __post_init__(self) -> None:
        if self.review_days < 1:
            raise ValueError(f"review_days must be at least 1, got {self.review_days}")


def possible(status: ReviewStatus) -> tuple[ReviewAction, ...]:
    """List what can be done with an entry of a status, the usual way first."""
    return tuple(action for before, action in _STEPS if before is status)


def stepped(entry: Entry, action: ReviewAction, *, rules: ReviewRules, today: date) -> Entry:
    """Give an entry as it is after a step of its review; only an approved one has a day to be looked at again.

    Raises:
        ReviewRefused: Its status does not allow the step.
    """
    after = _STEPS.get((entry.status, action))
    if after is None:
        choices = ", ".join(each.value.replace("_", " ") for each in possible(entry.status))
        status = entry.status.value.replace("_", " ")
        raise ReviewRefused(entry.id, action, f"it is {status}; from there one can {choices}")
    review_by = today + timedelta(days=rules.review_days) if after is ReviewStatus.APPROVED else None
    return entry.model_copy(update={"status": after, "review_by": review_by})


def check_approver(entry_id: str, approver: str, revisions: Sequence[Revision], rules: ReviewRules) -> None:
    """Refuse an approval by nobody, or by who wrote the content last, where the rules ask for two persons.

    Names are compared without regard to case and to spaces around them.

    Raises:
        ReviewRefused: The approver may not approve.
    """
    if not rules.two_person:
        return
    if not approver.strip():
        raise ReviewRefused(entry_id, ReviewAction.APPROVE, "the two-person rule asks who approves; give a name")
    writers = content_authors(revisions)
    if "" in writers:
        raise ReviewRefused(
            entry_id,
            ReviewAction.APPROVE,
            "who wrote what is to be approved gave no name, so nobody can say that it was another; edit it with a name",
        )
    for writer in writers:
        if _same_person(approver, writer):
            raise ReviewRefused(
                entry_id,
                ReviewAction.APPROVE,
                f"{writer} wrote what is to be approved, and the two-person rule asks for somebody else",
            )


def content_authors(revisions: Sequence[Revision]) -> list[str]:
    """Name the people who wrote content since it was last approved; empty text for one who gave no name.

    Steps of a review do not count as writing, nor does what a machine wrote. A name takes the place of none that came
    before it: who edits with a name answers for what is there.

    Args:
        revisions: How the entry came to be, oldest first.
    """
    writers: list[str] = []
    before: Entry | None = None
    for revision in revisions:
        author = revision.author.strip()
        if author != MACHINE_AUTHOR and (before is None or content_differs(before, revision.entry)):
            writers = [one for one in writers if one] if author else writers
            writers.append(author)
        if revision.entry.status is ReviewStatus.APPROVED:
            writers = []
        before = revision.entry
    return list(dict.fromkeys(writers))


def content_differs(one: Entry, other: Entry) -> bool:
    """Say whether two states of an entry differ in anything but review and dates."""
    return content(one) != content(other)


def content(entry: Entry) -> dict[str, object]:
    """Give what an entry says, without what is said about it."""
    return entry.model_dump(exclude=set(NOT_CONTENT))


def edited(before: Entry | None, after: Entry, rules: ReviewRules) -> Entry:
    """Give an edit as the rules let it be kept: an edit does not vouch for anything.

    It keeps the review status that there was; under the two-person rule new content that nobody else has looked at is
    in review again.

    Args:
        before: What was kept before the edit, None for a new entry.
        after: What is to be kept.
        rules: How the organisation vouches for entries.
    """
    status, review_by = (after.status, after.review_by) if before is None else (before.status, before.review_by)
    is_new = before is None or content_differs(before, after)
    if rules.two_person and is_new and status is ReviewStatus.APPROVED:
        status, review_by = ReviewStatus.IN_REVIEW, None
    return after.model_copy(update={"status": status, "review_by": review_by})


def restored(now: Entry, then: Entry) -> Entry:
    """Give an entry with the content of an earlier revision, and all that is said about it as it is now."""
    return then.model_copy(update={name: getattr(now, name) for name in NOT_CONTENT})


def _same_person(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()
