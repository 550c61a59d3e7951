"""Entries in a relational database: the truth, from which the retrieval index can always be made anew."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError
from sqlalchemy import (
    URL,
    DateTime,
    Dialect,
    ForeignKey,
    Select,
    String,
    Text,
    TypeDecorator,
    create_engine,
    event,
    func,
    make_url,
    select,
)
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from knowledge_base.entry import Entry, ReviewStatus, Revision
from knowledge_base.errors import RecordsUnavailable

RECORDS_FILE = "entries.sqlite"
_READ_AT_ONCE = 500


class _UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC, timezone-aware in Python whatever the database makes of it (SQLite drops the zone)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class _Base(DeclarativeBase):
    pass


class _EntryRow(_Base):
    """An entry as it is now; columns beside `document` are copies, to select and sort by."""

    __tablename__ = "knowledge_entries"

    id: Mapped[str] = mapped_column(String(200), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), index=True)
    status: Mapped[str] = mapped_column(String(20), index=True)
    has_signature: Mapped[bool]
    updated_at: Mapped[datetime] = mapped_column(_UtcDateTime, index=True)
    document: Mapped[str] = mapped_column(Text)


class _RevisionRow(_Base):
    """An entry as it was written once; rows are added and never changed."""

    __tablename__ = "knowledge_revisions"

    entry_id: Mapped[str] = mapped_column(ForeignKey("knowledge_entries.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    author: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(_UtcDateTime)
    document: Mapped[str] = mapped_column(Text)


class Records:
    """The entries and every revision of them, in SQLite or PostgreSQL.

    Every method raises `RecordsUnavailable` where the database does not answer, or holds what cannot be read.

    Args:
        url: SQLAlchemy URL of the database, or the path of an SQLite file; tables are made where they are missing.

    Raises:
        RecordsUnavailable: The database cannot be opened.
    """

    def __init__(self, url: str | Path) -> None:
        try:
            # A path is no URL: question marks and percent signs in it mean themselves.
            location = URL.create("sqlite", database=str(url)) if isinstance(url, Path) else make_url(url)
        except ArgumentError as error:
            # The text may hold a password, so it is not repeated.
            raise RecordsUnavailable("the configured database", "its URL cannot be read as SQLAlchemy's") from error
        self.name = location.render_as_string(hide_password=True)
        try:
            self._engine = create_engine(location)
        except (SQLAlchemyError, ImportError) as error:
            raise RecordsUnavailable(self.name, f"cannot be opened: {error}") from error
        if location.get_backend_name() == "sqlite":
            event.listen(self._engine, "connect", _settle_sqlite)
        try:
            with self._translated():
                _Base.metadata.create_all(self._engine)
        except RecordsUnavailable:
            self.close()
            raise

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    def put(self, entry: Entry, *, author: str, at: datetime) -> None:
        """Write an entry and the revision that it is, both or neither."""
        document = entry.model_dump_json()
        with self._session() as session, session.begin():
            row = session.get(_EntryRow, entry.id)
            if row is None:
                row = _EntryRow(id=entry.id)
                session.add(row)
            row.kind, row.status = entry.kind, entry.status.value
            row.has_signature = bool(entry.signature)
            row.updated_at, row.document = entry.updated_at, document
            last = session.scalar(select(func.max(_RevisionRow.number)).where(_RevisionRow.entry_id == entry.id))
            session.flush()
            session.add(
                _RevisionRow(entry_id=entry.id, number=(last or 0) + 1, author=author, at=at, document=document)
            )

    def get(self, entry_id: str) -> Entry | None:
        """Read one entry, None where there is none of that id."""
        return self.many([entry_id]).get(entry_id)

    def many(self, ids: Sequence[str]) -> dict[str, Entry]:
        """Read entries by id; an id that is not there is left out."""
        found: dict[str, Entry] = {}
        with self._session() as session:
            for start in range(0, len(ids), _READ_AT_ONCE):
                chosen = _EntryRow.id.in_(ids[start : start + _READ_AT_ONCE])
                for entry_id, document in session.execute(select(_EntryRow.id, _EntryRow.document).where(chosen)):
                    found[entry_id] = self._entry(entry_id, document)
        return found

    def entries(
        self,
        *,
        kind: Literal["incident", "runbook"] | None = None,
        status: ReviewStatus | None = None,
        limit: int | None = None,
    ) -> list[Entry]:
        """Read entries, the last changed first."""
        query = select(_EntryRow.id, _EntryRow.document).order_by(_EntryRow.updated_at.desc(), _EntryRow.id)
        if kind is not None:
            query = query.where(_EntryRow.kind == kind)
        if status is not None:
            query = query.where(_EntryRow.status == status.value)
        return list(self._read(query.limit(limit)))

    def findable(self) -> Iterator[Entry]:
        """Read every entry that a search may return, one after the other, by id."""
        yield from self._read(select(_EntryRow.id, _EntryRow.document).where(_is_findable()).order_by(_EntryRow.id))

    def with_signature(self, *, limit: int) -> list[Entry]:
        """Read entries that a search may return and that have a signature, the last changed first."""
        query = select(_EntryRow.id, _EntryRow.document).where(_is_findable(), _EntryRow.has_signature)
        return list(self._read(query.order_by(_EntryRow.updated_at.desc(), _EntryRow.id).limit(limit)))

    def ids(self) -> tuple[str, ...]:
        """Give the id of every entry, sorted."""
        with self._session() as session:
            return tuple(session.scalars(select(_EntryRow.id).order_by(_EntryRow.id)))

    def revisions(self, entry_id: str) -> tuple[Revision, ...]:
        """Read how an entry came to be, oldest first; empty where there is no such entry."""
        query = select(_RevisionRow).where(_RevisionRow.entry_id == entry_id).order_by(_RevisionRow.number)
        with self._session() as session:
            return tuple(
                Revision(number=row.number, entry=self._entry(entry_id, row.document), author=row.author, at=row.at)
                for row in session.scalars(query)
            )

    def _read(self, query: Select[str, str]) -> Iterator[Entry]:
        with self._session() as session:
            for entry_id, document in session.execute(query.execution_options(yield_per=_READ_AT_ONCE)):
                yield self._entry(entry_id, document)

    def _entry(self, entry_id: str, document: str) -> Entry:
        try:
            return Entry.model_validate_json(document)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            raise RecordsUnavailable(
                self.name,
                f"entry {entry_id} cannot be read ({place}: {first['msg']}); was it written by a newer version?",
            ) from error

    @contextmanager
    def _session(self) -> Iterator[Session]:
        with self._translated(), Session(self._engine) as session:
            yield session

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            # The statement and its values are left out: entries can hold what should not reach a log.
            said = getattr(error, "orig", None) or error
            raise RecordsUnavailable(self.name, f"{said} ({type(error).__name__})") from error


def _is_findable() -> Any:
    return _EntryRow.status != ReviewStatus.DEPRECATED.value


def _settle_sqlite(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    # Readers go on while somebody writes, and what was committed survives a power cut.
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()
