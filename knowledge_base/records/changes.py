from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select

from knowledge_base.entry import Entry, ReviewStatus
from knowledge_base.records.database import Database
from knowledge_base.records.entry_rows import AT_ONCE, entry_of
from knowledge_base.records.feedback import counts_of
from knowledge_base.records.tables import EntryRow
from knowledge_base.review.values import FeedbackCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """One entry that a search has to know anew.

    Attributes:
        id: Which entry.
        number: Number of the change; later changes have larger ones.
        entry: The entry as it is now, None where no search may return it any more.
        counts: What became of it whenever it was recalled.
        fingerprint: Mark of its state, as it was computed when it was written.
    """

    id: str
    number: int
    entry: Entry | None
    counts: FeedbackCounts
    fingerprint: str


def changed_since(database: Database, number: int) -> Iterator[Changed]:
    """Read what changed after a change, oldest first; what changes meanwhile comes as well, in its new place.

    Raises:
        RecordsUnavailable: The database does not answer, or holds an entry that cannot be read.
    """
    columns = (EntryRow.id, EntryRow.change, EntryRow.status, EntryRow.fingerprint, EntryRow.document)
    query = select(*columns).order_by(EntryRow.change).limit(AT_ONCE)
    while True:
        with database.reading() as session:
            rows = session.execute(query.where(EntryRow.change > number)).all()
            counts = counts_of(session, [row.id for row in rows])
        if not rows:
            return
        # Numbers are given in the order of commits, so nothing can turn up behind this one later.
        number = rows[-1].change
        for row in rows:
            gone = row.status == ReviewStatus.DEPRECATED.value
            entry = None if gone else entry_of(row.id, row.document, database.name)
            yield Changed(
                id=row.id,
                number=row.change,
                entry=entry,
                counts=counts[row.id],
                fingerprint=row.fingerprint or "",
            )
