"""Entries as rows, and rows as entries."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final, TypeVar

from pydantic import ValidationError
from sqlalchemy import ColumnElement, and_, exists, or_

from knowledge_base.entry import Entry, ReviewStatus
from knowledge_base.errors import RecordsUnavailable
from knowledge_base.records.tables import EntryRow, ServiceRow, label
from knowledge_base.search.question import Filters

AT_ONCE: Final = 500
"""How many rows are asked for at a time; SQLite takes no more than some thousand values in a statement."""

_Value = TypeVar("_Value")


def in_parts(values: Collection[_Value], size: int = AT_ONCE) -> Iterator[list[_Value]]:
    """Cut what may be long into lists of at most `size`."""
    listed = list(values)
    for start in range(0, len(listed), size):
        yield listed[start : start + size]


def columns_of(entry: Entry) -> dict[str, Any]:
    """Give the columns that repeat an entry's fields, to select and sort by."""
    return {
        "kind": entry.kind,
        "status": entry.status.value,
        "environment": label(entry.environment),
        "team": label(entry.team),
        "fault_kind": label(entry.fault_kind or ""),
        "review_by": entry.review_by,
        "updated_at": entry.updated_at,
    }


def services_of(entry: Entry) -> list[dict[str, str]]:
    """Give the rows that name an entry's services."""
    return [
        {"entry_id": entry.id, "service": service}
        for service in dict.fromkeys(label(service) for service in entry.services)
    ]


def sources_of(entry: Entry) -> list[dict[str, str]]:
    """Give the rows that tell where an entry comes from."""
    rows = {label(key): digest(value) for key, value in entry.provenance.items()}
    return [{"entry_id": entry.id, "key": key, "value_sha256": value} for key, value in rows.items()]


def digest(value: str) -> str:
    """Give the SHA-256 that stands for a line of provenance of any length."""
    return hashlib.sha256(value.encode()).hexdigest()


def document_of(entry: Entry) -> str:
    """Give an entry as JSON that can be read again.

    Raises:
        ValueError: It is none that could be read again, as `model_copy` lets anything in.
    """
    document = entry.model_dump_json()
    Entry.model_validate_json(document)
    return document


def entry_of(entry_id: str, document: str, database: str) -> Entry:
    """Read an entry; what it does not say, because it is older than a field, is empty.

    Raises:
        RecordsUnavailable: It cannot be read.
    """
    try:
        return Entry.model_validate_json(document)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise RecordsUnavailable(
            database, f"entry {entry_id} cannot be read ({place}: {first['msg']}); was it written by a newer version?"
        ) from error


def is_findable() -> ColumnElement[bool]:
    """Select what a search may return."""
    return EntryRow.status != ReviewStatus.DEPRECATED.value


def conditions(
    filters: Filters, status: ReviewStatus | None = None, due_on: date | None = None
) -> Sequence[ColumnElement[bool]]:
    """Say what the rows of asked entries fulfil, all of it."""
    equal: Mapping[Any, str | None] = {
        EntryRow.kind: filters.kind,
        EntryRow.team: label(filters.team),
        EntryRow.fault_kind: label(filters.fault_kind),
        EntryRow.status: None if status is None else status.value,
    }
    asked: list[ColumnElement[bool]] = [column == value for column, value in equal.items() if value]
    if filters.environment:
        asked.append(or_(EntryRow.environment == label(filters.environment), EntryRow.environment == ""))
    if filters.service:
        names = and_(ServiceRow.entry_id == EntryRow.id, ServiceRow.service == label(filters.service))
        asked.append(exists().where(names))
    if filters.approved_only:
        asked.append(EntryRow.status == ReviewStatus.APPROVED.value)
    if due_on is not None:
        asked += [EntryRow.review_by <= due_on, is_findable()]
    return asked
