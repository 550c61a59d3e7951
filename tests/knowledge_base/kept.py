"""A knowledge base without an index, for tests of what happens to entries."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from knowledge_base.entry import Entry
from knowledge_base.errors import EntryNotFound
from knowledge_base.records.database import Database
from knowledge_base.records.duplicates import DuplicateRecords
from knowledge_base.records.feedback import FeedbackRecords
from knowledge_base.records.records import Records
from knowledge_base.review.desk import ReviewDesk
from knowledge_base.review.duplicate_queue import DuplicateQueue
from knowledge_base.review.ledger import OutcomeLedger
from knowledge_base.review.transitions import ReviewRules

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def title_of(entry: Entry) -> str:
    """Stand in for a fingerprint that can be read."""
    return f"of {entry.title}"


@contextmanager
def opened(url: str | Path) -> Iterator[Records]:
    database = Database(url)
    try:
        yield Records(database, title_of)
    finally:
        database.close()


class Kept:
    """Entries, their review, duplicates and ledger on one database; a minute passes at every look at the clock."""

    def __init__(self, records: Records, rules: ReviewRules | None = None) -> None:
        self.records, self.now, self.noted = records, NOON, 0
        self.rules = rules or ReviewRules()
        self.feedback = FeedbackRecords(records.database)
        self.duplicates = DuplicateRecords(records.database)
        self.desk = ReviewDesk(self, records, rules=self.rules, clock=self.clock)
        self.queue = DuplicateQueue(
            self, records, self.duplicates, rules=self.rules, clock=self.clock, least_similarity=0.9
        )
        self.ledger = OutcomeLedger(self, records, self.feedback, clock=self.clock, new_id=self.new_id)

    def clock(self) -> datetime:
        self.now += timedelta(minutes=1)
        return self.now

    def new_id(self) -> str:
        self.noted += 1
        return f"recall-{self.noted}"

    def get(self, entry_id: str) -> Entry:
        found = self.records.get(entry_id)
        if found is None:
            raise EntryNotFound(entry_id, self.records.ids())
        return found

    def write(self, entry: Entry, *, author: str = "", note: str = "") -> Entry:
        kept = entry.model_copy(update={"updated_at": self.clock()})
        self.records.write([kept], author=author, note=note, at=kept.updated_at)
        return kept

    def status(self, entry_id: str) -> str:
        return self.get(entry_id).status.value

    def notes(self, entry_id: str) -> list[str]:
        return [revision.note for revision in self.records.revisions(entry_id)]
