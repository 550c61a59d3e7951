"""The knowledge base's part of the contract, kept in memory; what it decides, the product's own functions decide."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any

from contract_entries import comparison, entries, matches
from contract_exchange import add_exchange
from fastapi import Depends, FastAPI, HTTPException
from fastapi.responses import PlainTextResponse

from assistant.knowledge_values import (
    EntryOutcomes,
    ImportJob,
    WrittenEntry,
)
from knowledge_base import (
    Comparison,
    DuplicatePair,
    Entry,
    FeedbackCounts,
    FieldChange,
    Filters,
    Found,
    LedgerLine,
    OutcomeRecord,
    Question,
    RankChange,
    Recall,
    Recalled,
    ReviewAction,
    ReviewRules,
    ReviewStatus,
    Revision,
)
from knowledge_base.review.differences import differences
from knowledge_base.review.feedback import feedback_factor
from knowledge_base.review.merging import merged, put_away
from knowledge_base.review.transitions import check_approver, stepped


@dataclass
class KnowledgeWorld:
    """What the contract server knows; tests look into it and change it."""

    entries: list[Entry] = field(default_factory=entries)
    revisions: dict[str, list[Revision]] = field(default_factory=dict)
    recalls: dict[str, Recall] = field(default_factory=dict)
    outcomes: list[OutcomeRecord] = field(default_factory=list)
    pairs: list[DuplicatePair] = field(default_factory=list)
    jobs: dict[str, ImportJob] = field(default_factory=dict)
    rules: ReviewRules = field(default_factory=ReviewRules)
    asked_filters: list[Filters] = field(default_factory=list)

    def entries_now(self) -> list[Entry]:
        return self.entries

    def entry(self, entry_id: str) -> Entry:
        for entry in self.entries:
            if entry.id == entry_id:
                return entry
        raise HTTPException(404, f"there is no entry {entry_id!r}")

    def history(self, entry_id: str) -> list[Revision]:
        entry = self.entry(entry_id)
        return self.revisions.setdefault(entry_id, [Revision(number=1, entry=entry, at=entry.created_at)])

    def write(self, entry: Entry, author: str = "", note: str = "") -> Entry:
        entry = entry.model_copy(update={"updated_at": datetime.now(UTC)})
        known = any(one.id == entry.id for one in self.entries)
        before = self.history(entry.id) if known else []
        self.entries = [entry, *(one for one in self.entries if one.id != entry.id)]
        written = Revision(number=len(before) + 1, entry=entry, author=author, note=note, at=entry.updated_at)
        self.revisions[entry.id] = [*before, written]
        return entry

    def counts(self, entry_id: str) -> FeedbackCounts:
        said = [one.outcome for one in self.outcomes if one.entry_id == entry_id]
        shown = sum(any(one.entry_id == entry_id for one in recall.entries) for recall in self.recalls.values())
        return FeedbackCounts(
            shown=shown, opened=said.count("opened"), helped=said.count("helped"), wrong=said.count("wrong")
        )


def add_knowledge(app: FastAPI, known: KnowledgeWorld) -> None:
    """Answer every route about the knowledge base."""
    _add_finding(app, known)
    _add_entries(app, known)
    _add_review(app, known)
    _add_duplicates(app, known)
    add_exchange(app, known.entries_now, known.jobs)


def _add_finding(app: FastAPI, known: KnowledgeWorld) -> None:
    @app.get("/entries")
    def listed(
        filters: Annotated[Filters, Depends(Filters)],
        status: ReviewStatus | None = None,
        overdue: bool = False,
        limit: int = 100,
        offset: int = 0,
    ) -> list[Entry]:
        today = datetime.now(UTC).date()
        found = [
            entry
            for entry in known.entries
            if _passes(entry, filters)
            and status in (None, entry.status)
            and (not overdue or (entry.review_by is not None and entry.review_by < today))
        ]
        return found[offset : offset + limit]

    @app.get("/entries/counts")
    def counts() -> dict[ReviewStatus, int]:
        return {status: sum(entry.status is status for entry in known.entries) for status in ReviewStatus}

    @app.get("/entries/search")
    def search(q: str, filters: Annotated[Filters, Depends(Filters)], limit: int = 10) -> Found:
        known.asked_filters.append(filters)
        present = {entry.id: entry for entry in known.entries}
        found = [
            match.model_copy(update={"entry": present[match.entry.id]})
            for match in matches()
            if match.entry.id in present and _passes(present[match.entry.id], filters) and "nothing" not in q
        ][:limit]
        recall = Recall(
            id=f"r-{len(known.recalls) + 1}",
            at=datetime.now(UTC),
            asked=q,
            entries=tuple(
                Recalled(entry_id=match.entry.id, title=match.entry.title, rank=rank, relevance=match.score)
                for rank, match in enumerate(found, start=1)
            ),
        )
        known.recalls[recall.id] = recall
        return Found(recall_id=recall.id, matches=tuple(found))

    @app.post("/entries/compare")
    def compare(question: Question, limit: int = 10) -> Comparison:
        return comparison(question)


def _add_entries(app: FastAPI, known: KnowledgeWorld) -> None:
    @app.post("/entries", status_code=201)
    def create(body: dict[str, Any]) -> Entry:
        written, now = WrittenEntry.model_validate(body["entry"]), datetime.now(UTC)
        entry_id = body.get("id") or "-".join("".join(c if c.isalnum() else " " for c in written.title.lower()).split())
        made = Entry(id=entry_id, created_at=now, updated_at=now, **dict(written))
        return known.write(made, body.get("author", ""))

    @app.get("/entries/{entry_id}")
    def one(entry_id: str) -> Entry:
        return known.entry(entry_id)

    @app.put("/entries/{entry_id}")
    def edit(entry_id: str, body: dict[str, Any]) -> Entry:
        written, latest = WrittenEntry.model_validate(body["entry"]), known.history(entry_id)[-1].number
        if body.get("based_on") not in (None, latest):
            raise HTTPException(409, f"{entry_id} has revision {latest} by now; look at it, and edit that one")
        return known.write(known.entry(entry_id).model_copy(update=dict(written)), body.get("author", ""))

    @app.get("/entries/{entry_id}/markdown")
    def markdown(entry_id: str) -> PlainTextResponse:
        entry = known.entry(entry_id)
        return PlainTextResponse(f"# {entry.title}\n\n{entry.symptoms}\n")

    @app.get("/entries/{entry_id}/revisions")
    def revisions(entry_id: str) -> list[Revision]:
        return known.history(entry_id)

    @app.get("/entries/{entry_id}/differences")
    def difference(entry_id: str, before: int | None = None, after: int | None = None) -> list[FieldChange]:
        history = known.history(entry_id)
        last = after or len(history)
        return list(differences(history[(before or max(last - 1, 1)) - 1].entry, history[last - 1].entry))

    @app.post("/entries/{entry_id}/restore")
    def restore(entry_id: str, body: dict[str, Any]) -> Entry:
        then = known.history(entry_id)[body["number"] - 1].entry
        kept = {"status": known.entry(entry_id).status}
        return known.write(then.model_copy(update=kept), body["author"], f"restored revision {body['number']}")


def _add_review(app: FastAPI, known: KnowledgeWorld) -> None:
    @app.post("/entries/{entry_id}/review")
    def review(entry_id: str, body: dict[str, Any]) -> Entry:
        entry, action = known.entry(entry_id), ReviewAction(body["action"])
        try:
            after = stepped(entry, action, rules=known.rules, today=datetime.now(UTC).date())
            if action is ReviewAction.APPROVE:
                check_approver(entry_id, body["author"], known.history(entry_id), known.rules)
        except Exception as error:
            raise HTTPException(409, str(error)) from error
        return known.write(after, body["author"], body["note"] or action.value)

    @app.post("/entries/{entry_id}/outcomes", status_code=201)
    def judge(entry_id: str, body: dict[str, Any]) -> OutcomeRecord:
        entry, before = known.entry(entry_id), feedback_factor(known.counts(entry_id))
        misled = body["outcome"] == "wrong" and entry.status is ReviewStatus.APPROVED
        after = ReviewStatus.IN_REVIEW if misled else entry.status
        record = OutcomeRecord(
            number=len(known.outcomes) + 1,
            entry_id=entry_id,
            **body,
            at=datetime.now(UTC),
            factor_before=before,
            factor_after=before,
            status_before=entry.status,
            status_after=after,
        )
        known.outcomes.append(record)
        known.outcomes[-1] = record.model_copy(update={"factor_after": feedback_factor(known.counts(entry_id))})
        if misled:
            known.write(entry.model_copy(update={"status": after}), body["author"], "misled")
        return known.outcomes[-1]

    @app.get("/entries/{entry_id}/outcomes")
    def outcomes_of(entry_id: str) -> EntryOutcomes:
        said = [one for one in reversed(known.outcomes) if one.entry_id == entry_id]
        return EntryOutcomes(counts=known.counts(entry_id), outcomes=tuple(said))

    @app.get("/outcomes")
    def ledger(limit: int = 100) -> list[LedgerLine]:
        return [_ledger_line(known, record) for record in reversed(known.outcomes)][:limit]


def _add_duplicates(app: FastAPI, known: KnowledgeWorld) -> None:
    @app.get("/duplicates")
    def duplicates(state: str = "open", limit: int = 100) -> list[DuplicatePair]:
        return [pair for pair in known.pairs if pair.state == state][:limit]

    @app.post("/duplicates/merge")
    def merge(body: dict[str, Any]) -> Entry:
        keep, other, now = known.entry(body["keep"]), known.entry(body["other"]), datetime.now(UTC)
        try:
            one = merged(keep, other, body["choices"], now)
        except Exception as error:
            raise HTTPException(409, str(error)) from error
        known.write(put_away(other, keep.id, now), body["author"], "merged away")
        _decide(known, {keep.id, other.id}, "merged", body["author"])
        return known.write(one, body["author"], f"merged with {other.id}")

    @app.post("/duplicates/distinct")
    def distinct(body: dict[str, Any]) -> DuplicatePair:
        return _decide(known, {body["one"], body["other"]}, "distinct", body["author"])


def _ledger_line(known: KnowledgeWorld, record: OutcomeRecord) -> LedgerLine:
    recall, change = known.recalls.get(record.recall_id), None
    if recall is not None:
        now = {one.entry_id: one.relevance * feedback_factor(known.counts(one.entry_id)) for one in recall.entries}
        then = next(one.rank for one in recall.entries if one.entry_id == record.entry_id)
        place = sorted(now, key=lambda one: -now[one]).index(record.entry_id) + 1
        change = RankChange(recall=recall, entry_id=record.entry_id, rank_then=then, rank_now=place)
    return LedgerLine(
        outcome=record, title=known.entry(record.entry_id).title, counts=known.counts(record.entry_id), change=change
    )


def _decide(known: KnowledgeWorld, both: set[str], state: str, author: str) -> DuplicatePair:
    for place, pair in enumerate(known.pairs):
        if {pair.one, pair.other} == both:
            decided = {"state": state, "decided_by": author, "decided_at": datetime.now(UTC)}
            known.pairs[place] = pair.model_copy(update=decided)
            return known.pairs[place]
    raise HTTPException(404, "there is no such pair")


def _passes(entry: Entry, filters: Filters) -> bool:
    return (
        filters.kind in (None, entry.kind)
        and (not filters.service or filters.service in entry.services)
        and filters.environment in ("", entry.environment)
        and filters.team in ("", entry.team)
        and filters.fault_kind in ("", entry.fault_kind)
        and (not filters.approved_only or entry.status is ReviewStatus.APPROVED)
    )
