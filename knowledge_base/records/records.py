from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from knowledge_base.entry import Entry, ReviewStatus, Revision
from knowledge_base.records.changes import Changed, changed_since
from knowledge_base.records.database import Database
from knowledge_base.records.entry_rows import (
    AT_ONCE,
    columns_of,
    conditions,
    digest,
    document_of,
    entry_of,
    in_parts,
    is_findable,
    services_of,
    sources_of,
)
from knowledge_base.records.tables import EntryRow, RevisionRow, ServiceRow, SourceRow, column_text, label
from knowledge_base.search.question import Filters

ANYTHING: Final = Filters()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    entry: Entry
    document: str
    fingerprint: str


class Records:
    """The entries and every revision of them.

    Every method raises `RecordsUnavailable` where the database does not answer, or holds what cannot be read.

    Args:
        database: Holds them.
        fingerprint: Gives the hash of all that the index holds of an entry, kept beside the entry when it is written.
            Entries that have none yet, because an older version wrote them, are given theirs at once.
    """

    def __init__(self, database: Database, fingerprint: Callable[[Entry], str]) -> None:
        self.database = database
        self._fingerprint = fingerprint
        self._fill_fingerprints()

    def write(self, entries: Sequence[Entry], *, author: str, note: str = "", at: datetime) -> None:
        """Write entries and the revisions that they are, all or nothing.

        Args:
            entries: New ones, or new states of those of the same id.
            author: Who wrote them, empty when nobody said.
            note: What was done, empty for a plain edit.
            at: When, timezone-aware.

        Raises:
            ValueError: One of them is no valid entry; nothing was written.
        """
        written = [
            _Written(entry=entry, document=document_of(entry), fingerprint=self._fingerprint(entry))
            for entry in entries
        ]
        if not written:
            return
        with self.database.writing() as session:
            numbers = self._add_entries(session, written)
            session.execute(
                insert(RevisionRow),
                [
                    {
                        "entry_id": each.entry.id,
                        "number": number,
                        "author": column_text(author),
                        "note": column_text(note),
                        "at": at,
                        "document": each.document,
                    }
                    for each, number in zip(written, numbers, strict=True)
                ],
            )

    def get(self, entry_id: str) -> Entry | None:
        """Read one entry, None where there is none of that id."""
        return self.many([entry_id]).get(entry_id)

    def many(self, ids: Collection[str]) -> dict[str, Entry]:
        """Read entries by id, in the order asked; an id that is not there is left out."""
        documents: dict[str, str] = {}
        with self.database.reading() as session:
            for part in in_parts(ids):
                rows = session.execute(select(EntryRow.id, EntryRow.document).where(EntryRow.id.in_(part)))
                documents.update((entry_id, document) for entry_id, document in rows)
        return {entry_id: self._entry(entry_id, documents[entry_id]) for entry_id in ids if entry_id in documents}

    def ids(self) -> tuple[str, ...]:
        """Give the id of every entry, sorted."""
        with self.database.reading() as session:
            return tuple(session.scalars(select(EntryRow.id).order_by(EntryRow.id)))

    def entries(
        self,
        filters: Filters = ANYTHING,
        *,
        status: ReviewStatus | None = None,
        overdue_on: date | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[Entry]:
        """Read entries, the last changed first.

        Args:
            filters: What they have to be.
            status: Only those of this review status.
            overdue_on: Only those that somebody had to look at again until this day, the day itself included.
            limit: Most to give, None for all.
            offset: How many to leave out first.
        """
        # Ids first: sorting whole documents to leave most of them out takes seconds at 100,000 entries.
        query = (
            select(EntryRow.id)
            .where(*conditions(filters, status, overdue_on))
            .order_by(EntryRow.updated_at.desc(), EntryRow.id)
            .limit(limit)
            .offset(offset)
        )
        with self.database.reading() as session:
            ids = session.scalars(query).all()
        return list(self.many(ids).values())

    def every(self, filters: Filters = ANYTHING, *, findable_only: bool = False) -> Iterator[Entry]:
        """Read entries one after the other, by id, holding a few of them at a time.

        Args:
            filters: What they have to be.
            findable_only: Leave out those that no search may return.
        """
        asked = [*conditions(filters), *([is_findable()] if findable_only else [])]
        query = select(EntryRow.id, EntryRow.document).where(*asked).order_by(EntryRow.id).limit(AT_ONCE)
        last_id = ""
        while True:
            with self.database.reading() as session:
                rows = session.execute(query.where(EntryRow.id > last_id)).all()
            if not rows:
                return
            last_id = rows[-1].id
            for entry_id, document in rows:
                yield self._entry(entry_id, document)

    def count_by_status(self) -> dict[ReviewStatus, int]:
        """Count the entries of each review status, zeros included."""
        with self.database.reading() as session:
            counted = dict(session.execute(select(EntryRow.status, func.count()).group_by(EntryRow.status)).all())
        return {status: counted.get(status.value, 0) for status in ReviewStatus}

    def revisions(self, entry_id: str) -> tuple[Revision, ...]:
        """Read how an entry came to be, oldest first; empty where there is no such entry."""
        query = select(RevisionRow).where(RevisionRow.entry_id == entry_id).order_by(RevisionRow.number)
        with self.database.reading() as session:
            return tuple(
                Revision(
                    number=row.number,
                    entry=self._entry(entry_id, row.document),
                    author=row.author,
                    note=row.note,
                    at=row.at,
                )
                for row in session.scalars(query)
            )

    def latest_revision(self, entry_id: str) -> int:
        """Give the number of an entry's last revision, 0 where there is no such entry."""
        with self.database.reading() as session:
            return _last_numbers(session, [entry_id]).get(entry_id, 0)

    def findable_fingerprints(self) -> dict[str, str]:
        """Give the fingerprint of every entry that a search may return, by id."""
        with self.database.reading() as session:
            rows = session.execute(select(EntryRow.id, EntryRow.fingerprint).where(is_findable()).order_by(EntryRow.id))
            return {entry_id: fingerprint or "" for entry_id, fingerprint in rows}

    def fingerprint_anew(self) -> None:
        """Compute every fingerprint again, as `fingerprint` may be another function than that of an older version."""
        with self.database.writing() as session:
            session.execute(update(EntryRow).values(fingerprint=None))
            self._fill_fingerprints()

    def change(self) -> int:
        """Give the number of the last change of anything that a search depends on; 0 before the first."""
        return self.database.change()

    def changed_since(self, number: int) -> Iterator[Changed]:
        """Read what changed after a change, oldest first; what changes meanwhile comes as well, in its new place.

        Args:
            number: The last change that is known, 0 for none.
        """
        return changed_since(self.database, number)

    def with_provenance(self, key: str, values: Collection[str]) -> dict[str, str]:
        """Say which entries come from where: the id for each value of a key such as `source` that some entry has.

        Of several entries with the same value, one that a search may return goes before others, then the last changed.
        """
        wanted = {digest(value): value for value in values}
        found: dict[str, str] = {}
        with self.database.reading() as session:
            for part in in_parts(wanted):
                rows = session.execute(
                    select(SourceRow.value_sha256, SourceRow.entry_id)
                    .join(EntryRow, EntryRow.id == SourceRow.entry_id)
                    .where(SourceRow.key == label(key), SourceRow.value_sha256.in_(part))
                    .order_by(is_findable(), EntryRow.change)
                )
                # The last one stays.
                found.update((wanted[value_sha256], entry_id) for value_sha256, entry_id in rows)
        return found

    def _add_entries(self, session: Session, written: Sequence[_Written]) -> list[int]:
        """Write entries without their revisions, and give the number of each one's revision."""
        last: dict[str, int] = {}
        for part in in_parts({each.entry.id for each in written}):
            last |= _last_numbers(session, part)
            session.execute(delete(ServiceRow).where(ServiceRow.entry_id.in_(part)))
            session.execute(delete(SourceRow).where(SourceRow.entry_id.in_(part)))
        known = set(last)
        numbers = []
        for each in written:
            last[each.entry.id] = last.get(each.entry.id, 0) + 1
            numbers.append(last[each.entry.id])
        # One entry may come twice; the later one is how it is now.
        newest = {each.entry.id: each for each in written}
        first_change = self.database.next_changes(session, len(newest))
        rows = [
            columns_of(each.entry)
            | {"id": each.entry.id, "change": change, "fingerprint": each.fingerprint, "document": each.document}
            for change, each in enumerate(newest.values(), first_change)
        ]
        if old := [row for row in rows if row["id"] in known]:
            session.execute(update(EntryRow), old)
        if new := [row for row in rows if row["id"] not in known]:
            session.execute(insert(EntryRow), new)
        entries = [each.entry for each in newest.values()]
        if services := [row for entry in entries for row in services_of(entry)]:
            session.execute(insert(ServiceRow), services)
        if sources := [row for entry in entries for row in sources_of(entry)]:
            session.execute(insert(SourceRow), sources)
        return numbers

    def _fill_fingerprints(self) -> None:
        lacking = select(EntryRow.id, EntryRow.document).where(EntryRow.fingerprint.is_(None)).limit(AT_ONCE)
        with self.database.reading() as session:
            if not session.execute(lacking.limit(1)).all():
                return
        with self.database.writing() as session:
            while rows := session.execute(lacking).all():
                session.execute(
                    update(EntryRow),
                    [
                        {"id": entry_id, "fingerprint": self._fingerprint(self._entry(entry_id, document))}
                        for entry_id, document in rows
                    ],
                )

    def _entry(self, entry_id: str, document: str) -> Entry:
        return entry_of(entry_id, document, self.database.name)


def _last_numbers(session: Session, ids: Collection[str]) -> dict[str, int]:
    query = select(RevisionRow.entry_id, func.max(RevisionRow.number)).where(RevisionRow.entry_id.in_(ids))
    return dict(session.execute(query.group_by(RevisionRow.entry_id)).all())
