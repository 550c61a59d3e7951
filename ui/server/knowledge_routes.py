"""What can be asked of the knowledge base over HTTP; each route only translates between HTTP and what is known."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, HTTPException, Query
from fastapi.responses import PlainTextResponse

from assistant.knowledge_values import EntryOutcomes
from knowledge_base import (
    Comparison,
    DuplicatePair,
    Entry,
    FieldChange,
    Filters,
    Found,
    LedgerLine,
    OutcomeRecord,
    Question,
    ReviewStatus,
    Revision,
    RevisionNotFound,
    differences,
    to_markdown,
)
from knowledge_base.entry import EntryKind
from ui.server.bodies import LONGEST_QUESTION
from ui.server.entry_writing import create_entry, edit_entry
from ui.server.knowledge_bodies import (
    DistinctBody,
    EditBody,
    MergeBody,
    NewEntryBody,
    OutcomeBody,
    RestoreBody,
    ReviewBody,
    known_fault_kind,
)
from ui.server.owned import Limit, Owned

router = APIRouter(tags=["knowledge base"])

_Label = Annotated[str, Query(max_length=200)]
Offset = Annotated[int, Query(ge=0, le=10_000_000)]
RevisionNumber = Annotated[int | None, Query(ge=1)]


def filters(
    kind: EntryKind | None = None,
    service: _Label = "",
    environment: _Label = "",
    team: _Label = "",
    fault_kind: _Label = "",
    approved_only: bool = False,
) -> Filters:
    """Read from a query what entries have to be."""
    try:
        known_fault_kind(fault_kind)
    except ValueError as error:
        raise HTTPException(422, str(error)) from error
    return Filters(
        kind=kind,
        service=service,
        environment=environment,
        team=team,
        fault_kind=fault_kind,
        approved_only=approved_only,
    )


Wanted = Annotated[Filters, Depends(filters)]


@router.get("/entries")
def list_entries(
    workspace: Owned,
    wanted: Wanted,
    status: ReviewStatus | None = None,
    overdue: bool = False,
    limit: Limit = 100,
    offset: Offset = 0,
) -> list[Entry]:
    """List what is known, the last changed first."""
    today = workspace.clock().date()
    return workspace.knowledge.entries(
        wanted, status=status, overdue_on=today if overdue else None, limit=limit, offset=offset
    )


@router.get("/entries/counts")
def count_entries(workspace: Owned) -> dict[ReviewStatus, int]:
    """Say how many entries there are of each review status, none left out."""
    found = workspace.knowledge.count_by_status()
    return {status: found.get(status, 0) for status in ReviewStatus}


@router.get("/entries/search")
def search_entries(
    workspace: Owned,
    wanted: Wanted,
    q: Annotated[str, Query(min_length=1, max_length=LONGEST_QUESTION)],
    limit: Limit = 10,
) -> Found:
    """Find the entries most like a text, best first, and note what was shown for the feedback to refer to."""
    return workspace.knowledge.recall(Question(text=q, filters=wanted), limit=limit)


@router.post("/entries/compare")
def compare_ways_of_finding(workspace: Owned, question: Question, limit: Limit = 10) -> Comparison:
    """Ask one question in every way that there is, side by side; nothing is noted."""
    return workspace.knowledge.compare(question, limit=limit)


@router.post("/entries", status_code=201)
def write_new_entry(workspace: Owned, body: NewEntryBody) -> Entry:
    """Write a new entry, a draft."""
    return create_entry(workspace.knowledge, body, workspace.clock())


@router.get("/entries/{entry_id}")
def show_entry(workspace: Owned, entry_id: str) -> Entry:
    """Give one entry."""
    return workspace.knowledge.get(entry_id)


@router.put("/entries/{entry_id}")
def write_entry_anew(workspace: Owned, entry_id: str, body: EditBody) -> Entry:
    """Edit an entry; refused (409) where there is a later revision than the one its author saw."""
    return edit_entry(workspace.knowledge, entry_id, body)


@router.get("/entries/{entry_id}/markdown", response_class=PlainTextResponse)
def show_entry_as_markdown(workspace: Owned, entry_id: str) -> PlainTextResponse:
    """Give one entry as Markdown with front matter, from which it can be made again."""
    return PlainTextResponse(to_markdown(workspace.knowledge.get(entry_id)), media_type="text/markdown; charset=utf-8")


@router.get("/entries/{entry_id}/revisions")
def list_revisions(workspace: Owned, entry_id: str) -> list[Revision]:
    """Give how an entry came to be, oldest first."""
    return list(workspace.knowledge.history(entry_id))


@router.get("/entries/{entry_id}/differences")
def show_differences(
    workspace: Owned, entry_id: str, before: RevisionNumber = None, after: RevisionNumber = None
) -> list[FieldChange]:
    """Give what differs between two revisions; by default between the last one and the one before it."""
    revisions = {one.number: one.entry for one in workspace.knowledge.history(entry_id)}
    after = after if after is not None else max(revisions)
    before = before if before is not None else max(after - 1, 1)
    for number in (before, after):
        if number not in revisions:
            raise RevisionNotFound(entry_id, number, max(revisions))
    return list(differences(revisions[before], revisions[after]))


@router.post("/entries/{entry_id}/restore")
def restore_revision(workspace: Owned, entry_id: str, body: RestoreBody) -> Entry:
    """Write an entry again as a revision had it; that is a new revision, and none is lost."""
    return workspace.knowledge.restore(entry_id, body.number, author=body.author)


@router.post("/entries/{entry_id}/review")
def review_entry(workspace: Owned, entry_id: str, body: ReviewBody) -> Entry:
    """Take an entry a step on its way to being known, or off it; refused (409) where the rules do not allow that."""
    return workspace.knowledge.reviews.act(entry_id, body.action, author=body.author, note=body.note)


@router.post("/entries/{entry_id}/outcomes", status_code=201)
def judge_entry(workspace: Owned, entry_id: str, body: OutcomeBody) -> OutcomeRecord:
    """Say what became of an entry that was recalled; one that misled sinks, and goes back to review."""
    return workspace.knowledge.ledger.judge(
        entry_id, body.outcome, recall_id=body.recall_id, author=body.author, note=body.note
    )


@router.get("/entries/{entry_id}/outcomes")
def show_outcomes_of_entry(workspace: Owned, entry_id: str, limit: Limit = 100) -> EntryOutcomes:
    """Give what became of one entry whenever it was recalled."""
    workspace.knowledge.get(entry_id)
    ledger = workspace.knowledge.ledger
    counts = ledger.counts([entry_id])[entry_id]
    return EntryOutcomes(counts=counts, outcomes=tuple(ledger.outcomes(limit, entry_id)))


@router.get("/outcomes")
def show_ledger(workspace: Owned, limit: Limit = 100) -> list[LedgerLine]:
    """Give the latest judgements, newest first, and which rankings they changed."""
    return list(workspace.knowledge.ledger.lines(limit))


@router.get("/duplicates")
def list_duplicates(
    workspace: Owned, state: Literal["open", "merged", "distinct"] = "open", limit: Limit = 100
) -> list[DuplicatePair]:
    """Give pairs of entries that may tell the same."""
    return list(workspace.knowledge.duplicates.pairs(state, limit))


@router.post("/duplicates/merge")
def merge_duplicates(workspace: Owned, body: MergeBody) -> Entry:
    """Make one entry of two; the other is deprecated, and both provenances are kept."""
    return workspace.knowledge.duplicates.merge(body.keep, body.other, body.choices, author=body.author)


@router.post("/duplicates/distinct")
def keep_both(workspace: Owned, body: DistinctBody) -> DuplicatePair:
    """Say that two entries tell different things."""
    return workspace.knowledge.duplicates.keep_both(body.one, body.other, author=body.author)
