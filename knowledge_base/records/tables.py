"""The tables as they are now; `migrations` brings an older database here."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Final

from sqlalchemy import BigInteger, DateTime, Dialect, ForeignKey, Index, String, Text, TypeDecorator, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

LABEL_LENGTH: Final = 200


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC, timezone-aware in Python whatever the database makes of it (SQLite drops the zone)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Take a moment of any zone to UTC."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Give a moment its zone again."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def column_text(text: str) -> str:
    """Give text as a column can hold it: PostgreSQL takes no NUL, which documents hold escaped."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def label(text: str) -> str:
    """Give text as an indexed column holds it; PostgreSQL's indexes refuse what is longer than a third of a page."""
    return column_text(text)[:LABEL_LENGTH]


class Base(DeclarativeBase):
    """All tables of the knowledge base."""


class EntryRow(Base):
    """An entry as it is now; columns beside `document` are copies, to select and sort by.

    Attributes:
        change: Number of the last change of what a search depends on, unique among all entries.
        fingerprint: Of what the index holds of it; None until it was computed.
    """

    __tablename__ = "knowledge_entries"

    id: Mapped[str] = mapped_column(String(200), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), index=True)
    status: Mapped[str] = mapped_column(String(20), index=True)
    environment: Mapped[str] = mapped_column(Text, index=True, server_default="")
    team: Mapped[str] = mapped_column(Text, index=True, server_default="")
    fault_kind: Mapped[str] = mapped_column(Text, index=True, server_default="")
    review_by: Mapped[date | None] = mapped_column(index=True)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    change: Mapped[int] = mapped_column(BigInteger, index=True, server_default="0")
    fingerprint: Mapped[str | None] = mapped_column(Text)
    document: Mapped[str] = mapped_column(Text)


# In the order of lists: entries of one import share their moment, and would all be sorted for one page.
Index("ix_knowledge_entries_listed", EntryRow.updated_at.desc(), EntryRow.id)


class RevisionRow(Base):
    """An entry as it was written once; rows are added and never changed."""

    __tablename__ = "knowledge_revisions"

    entry_id: Mapped[str] = mapped_column(ForeignKey("knowledge_entries.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    author: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text, server_default="")
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    document: Mapped[str] = mapped_column(Text)


class ServiceRow(Base):
    """A service that an entry names."""

    __tablename__ = "knowledge_services"

    entry_id: Mapped[str] = mapped_column(ForeignKey("knowledge_entries.id"), primary_key=True)
    service: Mapped[str] = mapped_column(Text, primary_key=True, index=True)


class SourceRow(Base):
    """One line of an entry's provenance; the value, of any length, as its SHA-256."""

    __tablename__ = "knowledge_sources"

    entry_id: Mapped[str] = mapped_column(ForeignKey("knowledge_entries.id"), primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    value_sha256: Mapped[str] = mapped_column(String(64), index=True)


class ChangeRow(Base):
    """The only row of its table: how many changes there were. Writers lock it, so numbers grow as they commit."""

    __tablename__ = "knowledge_changes"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(BigInteger)


class RecallRow(Base):
    """A question that was answered."""

    __tablename__ = "knowledge_recalls"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    document: Mapped[str] = mapped_column(Text)


class ShownRow(Base):
    """An entry that a recall showed."""

    __tablename__ = "knowledge_shown"

    recall_id: Mapped[str] = mapped_column(ForeignKey("knowledge_recalls.id"), primary_key=True)
    entry_id: Mapped[str] = mapped_column(ForeignKey("knowledge_entries.id"), primary_key=True, index=True)


class OutcomeRow(Base):
    """What somebody made of an entry.

    Attributes:
        stands: Whether it counts; false once somebody said otherwise of the same entry in the same recall.
    """

    __tablename__ = "knowledge_outcomes"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    entry_id: Mapped[str] = mapped_column(ForeignKey("knowledge_entries.id"), index=True)
    recall_id: Mapped[str] = mapped_column(String(64), index=True)
    outcome: Mapped[str] = mapped_column(String(20))
    stands: Mapped[bool]
    author: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    factor_before: Mapped[float]
    factor_after: Mapped[float]
    status_before: Mapped[str] = mapped_column(String(20))
    status_after: Mapped[str] = mapped_column(String(20))


class DuplicateRow(Base):
    """Two entries that may tell the same, the one whose id sorts first in `first`, so that a pair has one row."""

    __tablename__ = "knowledge_duplicates"
    __table_args__ = (UniqueConstraint("first", "second"),)

    one: Mapped[str] = mapped_column(ForeignKey("knowledge_entries.id"), primary_key=True)
    other: Mapped[str] = mapped_column(ForeignKey("knowledge_entries.id"), primary_key=True, index=True)
    first: Mapped[str] = mapped_column(String(200))
    second: Mapped[str] = mapped_column(String(200))
    similarity: Mapped[float]
    found_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(20), index=True)
    decided_by: Mapped[str] = mapped_column(Text)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
