from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, TypeAlias

from sqlalchemy import and_, exists, select
from sqlalchemy.orm import Session

from knowledge_base.records.database import Database
from knowledge_base.records.entry_rows import is_findable
from knowledge_base.records.tables import DuplicateRow, EntryRow, column_text
from knowledge_base.review.values import DuplicatePair

PairState: TypeAlias = Literal["open", "merged", "distinct"]


class DuplicateRecords:
    """Pairs of entries that may tell the same, and what was decided of them.

    Every method raises `RecordsUnavailable` where the database does not answer.
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    def add(self, pairs: Sequence[DuplicatePair]) -> int:
        """Keep pairs, and say how many of them are new; what was decided of a pair stays decided."""
        added = 0
        with self.database.writing() as session:
            for pair in pairs:
                if _row(session, pair.one, pair.other) is None:
                    session.add(_new_row(pair))
                    session.flush()
                    added += 1
        return added

    def pairs(self, state: PairState = "open", limit: int | None = None) -> list[DuplicatePair]:
        """Read pairs, the most alike first.

        A pair of which one entry may not be found any more is not open: there is nothing left to confuse.
        """
        query = select(DuplicateRow).where(DuplicateRow.state == state)
        if state == "open":
            for column in (DuplicateRow.one, DuplicateRow.other):
                query = query.where(exists().where(and_(EntryRow.id == column, is_findable())))
        query = query.order_by(DuplicateRow.similarity.desc(), DuplicateRow.one, DuplicateRow.other).limit(limit)
        with self.database.reading() as session:
            return [_pair(row) for row in session.scalars(query)]

    def of(self, entry_id: str) -> list[DuplicatePair]:
        """Read all pairs that an entry is one of."""
        query = select(DuplicateRow).where((DuplicateRow.one == entry_id) | (DuplicateRow.other == entry_id))
        with self.database.reading() as session:
            return [_pair(row) for row in session.scalars(query.order_by(DuplicateRow.first, DuplicateRow.second))]

    def decide(
        self, one: str, other: str, state: Literal["merged", "distinct"], by: str, at: datetime
    ) -> DuplicatePair:
        """Keep what somebody decided of two entries, in either order, whether anybody had noticed them or not."""
        with self.database.writing() as session:
            row = _row(session, one, other)
            if row is None:
                # Nobody compared them, so the judgement is all that is known of how alike they are.
                alike = 1.0 if state == "merged" else 0.0
                row = _new_row(DuplicatePair(one=one, other=other, similarity=alike, found_at=at))
                session.add(row)
            row.state, row.decided_by, row.decided_at = state, column_text(by), at
            session.flush()
            return _pair(row)


def _row(session: Session, one: str, other: str) -> DuplicateRow | None:
    first, second = sorted((one, other))
    return session.scalar(select(DuplicateRow).where(DuplicateRow.first == first, DuplicateRow.second == second))


def _new_row(pair: DuplicatePair) -> DuplicateRow:
    first, second = sorted((pair.one, pair.other))
    return DuplicateRow(**pair.model_dump(), first=first, second=second)


def _pair(row: DuplicateRow) -> DuplicatePair:
    return DuplicatePair.model_validate({name: getattr(row, name) for name in DuplicatePair.model_fields})
