from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import uuid4

from knowledge_base.entry import Entry, ReviewStatus
from knowledge_base.errors import RecallNotFound
from knowledge_base.records.feedback import FeedbackRecords
from knowledge_base.records.records import Records
from knowledge_base.review.feedback import feedback_factor
from knowledge_base.review.values import (
    FeedbackCounts,
    LedgerLine,
    Outcome,
    OutcomeRecord,
    RankChange,
    Recall,
    Recalled,
)
from knowledge_base.review.writer import Writer

ASKED_LENGTH: Final = 500


class OutcomeLedger:
    """What was recalled, what people made of it, and what that changed.

    Args:
        writer: Keeps the entries.
        records: Holds them.
        feedback: Holds recalls and judgements.
        clock: Says when, timezone-aware.
        new_id: Makes an id for a recall.
    """

    def __init__(
        self,
        writer: Writer,
        records: Records,
        feedback: FeedbackRecords,
        *,
        clock: Callable[[], datetime],
        new_id: Callable[[], str] = lambda: uuid4().hex,
    ) -> None:
        self._writer, self._records, self._feedback = writer, records, feedback
        self._clock, self._new_id = clock, new_id

    def note_recall(self, asked: str, shown: Sequence[Recalled], *, incident: str = "") -> Recall:
        """Keep what a question was answered with, so that it can be judged.

        Args:
            asked: The words of the question; cut after 500 characters.
            shown: What was shown, the best first.
            incident: Id of the incident it was asked for, empty for somebody's search.

        Raises:
            RecordsUnavailable: The database does not answer.
        """
        recall = Recall(
            id=self._new_id(), at=self._clock(), asked=asked[:ASKED_LENGTH], incident=incident, entries=tuple(shown)
        )
        self._feedback.note_recall(recall)
        return recall

    def judge(
        self, entry_id: str, outcome: Outcome, *, recall_id: str = "", author: str = "", note: str = ""
    ) -> OutcomeRecord:
        """Keep what somebody made of an entry; an approved one that misled is in review again, or neither is kept.

        Args:
            entry_id: Which entry.
            outcome: Opened, helped or wrong; within one recall the last of helped and wrong stands.
            recall_id: In which recall it was shown, empty to judge it by itself.
            author: Who says so.
            note: What they say.

        Raises:
            EntryNotFound: There is no such entry.
            RecallNotFound: No such recall showed it.
            RecordsUnavailable: The database does not answer.
        """
        with self._records.database.writing():
            entry = self._writer.get(entry_id)
            self._check_shown(entry_id, recall_id)
            doubted = _doubted(entry, outcome)
            record = self._feedback.note_outcome(
                entry_id=entry_id,
                outcome=outcome,
                recall_id=recall_id,
                author=author,
                note=note,
                at=self._clock(),
                factor=feedback_factor,
                status_before=entry.status,
                status_after=doubted.status,
            )
            if doubted.status is not entry.status:
                said = f"misled: {note.strip()}" if note.strip() else "misled"
                self._writer.write(doubted, author=author, note=said)
            return record

    def outcomes(self, limit: int = 100, entry_id: str | None = None) -> list[OutcomeRecord]:
        """List judgements, the last first, those of one entry where asked.

        Raises:
            RecordsUnavailable: The database does not answer.
        """
        return self._feedback.outcomes(limit, entry_id)

    def counts(self, ids: Collection[str]) -> dict[str, FeedbackCounts]:
        """Count what became of entries whenever they were recalled, for every id asked.

        Raises:
            RecordsUnavailable: The database does not answer.
        """
        return self._feedback.counts(ids)

    def lines(self, limit: int = 100, entry_id: str | None = None) -> list[LedgerLine]:
        """List judgements with what they changed in the ranking of their recall, the last first.

        Raises:
            RecordsUnavailable: The database does not answer.
        """
        outcomes = self._feedback.outcomes(limit, entry_id)
        recalls = self._feedback.recalls_of({each.recall_id for each in outcomes if each.recall_id})
        judged = {each.entry_id for each in outcomes}
        counts = self._feedback.counts(
            judged | {each.entry_id for recall in recalls.values() for each in recall.entries}
        )
        titles = {entry_id: entry.title for entry_id, entry in self._records.many(judged).items()}
        return [
            LedgerLine(
                outcome=each,
                title=titles[each.entry_id],
                counts=counts[each.entry_id],
                change=rank_change(each.entry_id, recalls.get(each.recall_id), counts),
            )
            for each in outcomes
        ]

    def _check_shown(self, entry_id: str, recall_id: str) -> None:
        if not recall_id:
            return
        recall = self._feedback.recall(recall_id)
        if recall is None or all(shown.entry_id != entry_id for shown in recall.entries):
            raise RecallNotFound(recall_id, entry_id)


def rank_change(entry_id: str, recall: Recall | None, counts: Mapping[str, FeedbackCounts]) -> RankChange | None:
    """Say where an entry stood in a recall, and where it would stand with the feedback that there is now.

    Args:
        entry_id: Which entry.
        recall: What was shown, None where the entry was judged by itself.
        counts: Feedback on the entries of the recall as it is now; those without are taken as they were.
    """
    if recall is None:
        return None
    factors = {each.entry_id: each.feedback for each in recall.entries} | {
        each: feedback_factor(count) for each, count in counts.items()
    }
    # The sort is stable: where nothing tells two apart, they stay as they were shown.
    then = sorted(recall.entries, key=lambda each: each.rank)
    now = [each.entry_id for each in sorted(then, key=lambda each: -each.relevance * factors[each.entry_id])]
    ranks = {each.entry_id: each.rank for each in then}
    return RankChange(recall=recall, entry_id=entry_id, rank_then=ranks[entry_id], rank_now=now.index(entry_id) + 1)


def _doubted(entry: Entry, outcome: Outcome) -> Entry:
    if outcome != "wrong" or entry.status is not ReviewStatus.APPROVED:
        return entry
    return entry.model_copy(update={"status": ReviewStatus.IN_REVIEW, "review_by": None})
