"""Filters, changes, notes on revisions, recalls and outcomes, duplicates."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_AT_ONCE = 500
_ENTRY = "knowledge_entries.id"


def upgrade() -> None:
    """Add what is new, and fill it for the entries that are there; fingerprints come when the records are opened."""
    _widen_entries()
    _add_tables()
    _fill()


def _widen_entries() -> None:
    for name in ("environment", "team", "fault_kind"):
        op.add_column("knowledge_entries", sa.Column(name, sa.Text, nullable=False, server_default=""))
    op.add_column("knowledge_entries", sa.Column("review_by", sa.Date))
    op.add_column("knowledge_entries", sa.Column("change", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("knowledge_entries", sa.Column("fingerprint", sa.Text))
    for name in ("environment", "team", "fault_kind", "review_by", "change"):
        op.create_index(f"ix_knowledge_entries_{name}", "knowledge_entries", [name])
    op.drop_index("ix_knowledge_entries_updated_at", "knowledge_entries")
    op.create_index("ix_knowledge_entries_listed", "knowledge_entries", [sa.text("updated_at DESC"), "id"])
    op.drop_column("knowledge_entries", "has_signature")
    op.add_column("knowledge_revisions", sa.Column("note", sa.Text, nullable=False, server_default=""))


def _add_tables() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "knowledge_services",
        sa.Column("entry_id", sa.String(200), sa.ForeignKey(_ENTRY), primary_key=True),
        sa.Column("service", sa.Text, primary_key=True, index=True),
    )
    op.create_table(
        "knowledge_sources",
        sa.Column("entry_id", sa.String(200), sa.ForeignKey(_ENTRY), primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("value_sha256", sa.String(64), nullable=False, index=True),
    )
    op.create_table(
        "knowledge_changes",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("number", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "knowledge_recalls",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("at", moment, nullable=False, index=True),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_table(
        "knowledge_shown",
        sa.Column("recall_id", sa.String(64), sa.ForeignKey("knowledge_recalls.id"), primary_key=True),
        sa.Column("entry_id", sa.String(200), sa.ForeignKey(_ENTRY), primary_key=True, index=True),
    )
    op.create_table(
        "knowledge_outcomes",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("entry_id", sa.String(200), sa.ForeignKey(_ENTRY), nullable=False, index=True),
        sa.Column("recall_id", sa.String(64), nullable=False, index=True),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("stands", sa.Boolean, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("factor_before", sa.Double, nullable=False),
        sa.Column("factor_after", sa.Double, nullable=False),
        sa.Column("status_before", sa.String(20), nullable=False),
        sa.Column("status_after", sa.String(20), nullable=False),
    )
    op.create_table(
        "knowledge_duplicates",
        sa.Column("one", sa.String(200), sa.ForeignKey(_ENTRY), primary_key=True),
        sa.Column("other", sa.String(200), sa.ForeignKey(_ENTRY), primary_key=True, index=True),
        sa.Column("first", sa.String(200), nullable=False),
        sa.Column("second", sa.String(200), nullable=False),
        sa.Column("similarity", sa.Double, nullable=False),
        sa.Column("found_at", moment, nullable=False),
        sa.Column("state", sa.String(20), nullable=False, index=True),
        sa.Column("decided_by", sa.Text, nullable=False),
        sa.Column("decided_at", moment),
        sa.UniqueConstraint("first", "second"),
    )


def _fill() -> None:
    connection = op.get_bind()
    number, last_id = 0, ""
    entries = sa.table("knowledge_entries", sa.column("id"), sa.column("document"))
    query = sa.select(entries.c.id, entries.c.document).order_by(entries.c.id).limit(_AT_ONCE)
    while rows := connection.execute(query.where(entries.c.id > last_id)).all():
        numbered = [(number + place, entry_id, _read(document)) for place, (entry_id, document) in enumerate(rows, 1)]
        _fill_some(connection, numbered)
        number, last_id = number + len(rows), rows[-1].id
    changes = sa.table("knowledge_changes", sa.column("id"), sa.column("number"))
    connection.execute(sa.insert(changes).values(id=1, number=number))


def _fill_some(connection: sa.Connection, numbered: list[tuple[int, str, Mapping[str, Any]]]) -> None:
    update = sa.text(
        "UPDATE knowledge_entries SET environment = :environment, fault_kind = :fault_kind, change = :change "
        "WHERE id = :id"
    )
    connection.execute(
        update,
        [
            {
                "id": entry_id,
                "change": number,
                "environment": _label(document.get("environment")),
                "fault_kind": _label(document.get("fault_kind")),
            }
            for number, entry_id, document in numbered
        ],
    )
    services = sa.table("knowledge_services", sa.column("entry_id"), sa.column("service"))
    sources = sa.table("knowledge_sources", sa.column("entry_id"), sa.column("key"), sa.column("value_sha256"))
    named = [
        {"entry_id": entry_id, "service": service}
        for _, entry_id, document in numbered
        for service in dict.fromkeys(_label(service) for service in document.get("services") or ())
    ]
    come_from = [
        {"entry_id": entry_id, "key": _label(key), "value_sha256": hashlib.sha256(str(value).encode()).hexdigest()}
        for _, entry_id, document in numbered
        for key, value in (document.get("provenance") or {}).items()
    ]
    for table, rows in ((services, named), (sources, come_from)):
        if rows:
            connection.execute(sa.insert(table), rows)


def _read(document: str) -> Mapping[str, Any]:
    try:
        read = json.loads(document)
    except ValueError:
        return {}  # It stays as unreadable as it was; the records name it when it is read.
    return read if isinstance(read, dict) else {}


def _label(text: object) -> str:
    return "" if text is None else str(text).replace("\0", "\N{REPLACEMENT CHARACTER}")[:200]
