from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Final

from pydantic import ValidationError
from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from knowledge_base.entry import ReviewStatus
from knowledge_base.errors import RecordsUnavailable
from knowledge_base.records.database import Database
from knowledge_base.records.entry_rows import in_parts
from knowledge_base.records.tables import EntryRow, OutcomeRow, RecallRow, ShownRow, column_text
from knowledge_base.review.values import FeedbackCounts, Outcome, OutcomeRecord, Recall

# Frozen, so that most of 100,000 entries can share it.
_NOTHING_YET: Final = FeedbackCounts()


class FeedbackRecords:
    """What was recalled, and what people made of it.

    Every method raises `RecordsUnavailable` where the database does not answer, or holds what cannot be read.
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    def note_recall(self, recall: Recall) -> None:
        """Keep what a question was answered with. It changes no search, so nobody waits for it."""
        shown = dict.fromkeys(each.entry_id for each in recall.entries)
        with self.database.adding() as session:
            session.add(RecallRow(id=recall.id, at=recall.at, document=recall.model_dump_json()))
            session.flush()
            if shown:
                rows = [{"recall_id": recall.id, "entry_id": entry_id} for entry_id in shown]
                session.execute(insert(ShownRow), rows)

    def recall(self, recall_id: str) -> Recall | None:
        """Read one recall, None where there is none of that id."""
        return self.recalls_of([recall_id]).get(recall_id)

    def recalls_of(self, ids: Collection[str]) -> dict[str, Recall]:
        """Read recalls by id; an id that is not there is left out."""
        found: dict[str, Recall] = {}
        with self.database.reading() as session:
            for part in in_parts(ids):
                rows = session.execute(select(RecallRow.id, RecallRow.document).where(RecallRow.id.in_(part)))
                found.update((recall_id, self._recall(recall_id, document)) for recall_id, document in rows)
        return found

    def recalls(self, limit: int) -> list[Recall]:
        """Read recalls, the last first."""
        query = select(RecallRow.id, RecallRow.document).order_by(RecallRow.at.desc(), RecallRow.id).limit(limit)
        with self.database.reading() as session:
            return [self._recall(recall_id, document) for recall_id, document in session.execute(query)]

    def note_outcome(
        self,
        *,
        entry_id: str,
        outcome: Outcome,
        recall_id: str = "",
        author: str = "",
        note: str = "",
        at: datetime,
        factor: Callable[[FeedbackCounts], float],
        status_before: ReviewStatus,
        status_after: ReviewStatus,
    ) -> OutcomeRecord:
        """Keep a judgement, and give the entry a new change number, as searches depend on its feedback.

        Within one recall the last of "helped" and "wrong" stands, and "opened" counts once.

        Args:
            entry_id: Which entry.
            outcome: What it was.
            recall_id: In which recall it was shown, empty where it was judged by itself.
            author: Who said so.
            note: What they said.
            at: When, timezone-aware.
            factor: Gives the factor that counts have on a score, kept as it was before and is after.
            status_before: The entry's review status before.
            status_after: And after.
        """
        with self.database.writing() as session:
            before = counts_of(session, [entry_id])[entry_id]
            overruled = {"opened"} if outcome == "opened" else {"helped", "wrong"}
            if recall_id:
                session.execute(
                    update(OutcomeRow)
                    .where(OutcomeRow.entry_id == entry_id, OutcomeRow.recall_id == recall_id)
                    .where(OutcomeRow.outcome.in_(overruled))
                    .values(stands=False)
                )
            row = OutcomeRow(
                number=(session.scalar(select(func.max(OutcomeRow.number))) or 0) + 1,
                entry_id=entry_id,
                recall_id=recall_id,
                outcome=outcome,
                stands=True,
                author=column_text(author),
                note=column_text(note),
                at=at,
                factor_before=factor(before),
                factor_after=factor(before),
                status_before=status_before.value,
                status_after=status_after.value,
            )
            session.add(row)
            session.flush()
            row.factor_after = factor(counts_of(session, [entry_id])[entry_id])
            change = self.database.next_changes(session, 1)
            session.execute(update(EntryRow).where(EntryRow.id == entry_id).values(change=change))
            session.flush()
            return _outcome(row)

    def outcomes(self, limit: int, entry_id: str | None = None) -> list[OutcomeRecord]:
        """Read judgements, the last first, those of one entry where asked."""
        query = select(OutcomeRow).order_by(OutcomeRow.number.desc()).limit(limit)
        if entry_id is not None:
            query = query.where(OutcomeRow.entry_id == entry_id)
        with self.database.reading() as session:
            return [_outcome(row) for row in session.scalars(query)]

    def counts(self, ids: Collection[str]) -> dict[str, FeedbackCounts]:
        """Count what became of entries, for every id asked, zeros included."""
        with self.database.reading() as session:
            return counts_of(session, ids)

    def _recall(self, recall_id: str, document: str) -> Recall:
        try:
            return Recall.model_validate_json(document)
        except ValidationError as error:
            raise RecordsUnavailable(
                self.database.name, f"recall {recall_id} cannot be read; was it written by a newer version?"
            ) from error


def counts_of(session: Session, ids: Collection[str]) -> dict[str, FeedbackCounts]:
    """Count what became of entries, for every id asked, zeros included."""
    numbers: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for part in in_parts(ids):
        shown = select(ShownRow.entry_id, func.count()).where(ShownRow.entry_id.in_(part)).group_by(ShownRow.entry_id)
        for entry_id, count in session.execute(shown):
            numbers[entry_id]["shown"] = count
        judged = (
            select(OutcomeRow.entry_id, OutcomeRow.outcome, func.count())
            .where(OutcomeRow.entry_id.in_(part), OutcomeRow.stands)
            .group_by(OutcomeRow.entry_id, OutcomeRow.outcome)
        )
        for entry_id, outcome, count in session.execute(judged):
            numbers[entry_id][outcome] = count
    return {entry_id: FeedbackCounts(**numbers[entry_id]) if entry_id in numbers else _NOTHING_YET for entry_id in ids}


def _outcome(row: OutcomeRow) -> OutcomeRecord:
    return OutcomeRecord.model_validate(
        {
            "number": row.number,
            "entry_id": row.entry_id,
            "recall_id": row.recall_id,
            "outcome": row.outcome,
            "author": row.author,
            "note": row.note,
            "at": row.at,
            "factor_before": row.factor_before,
            "factor_after": row.factor_after,
            "status_before": row.status_before,
            "status_after": row.status_after,
        }
    )
