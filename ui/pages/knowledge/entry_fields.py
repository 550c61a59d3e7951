"""An entry as the fields of a form, and back: what a form cannot hold stays as it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from assistant.knowledge_values import WrittenEntry
from assistant.taxonomy import FaultKind
from knowledge_base import Entry, EntryKind, Severity

NOT_KNOWN = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFields:
    """What a form holds: lists with one item a line, and the empty string for what is not known.

    Attributes:
        kind: Incident or runbook.
        title: One line.
        symptoms: What it looks like.
        cause: What it was.
        fix: What helped.
        notes: All else.
        services: Names, one a line, the cause's first.
        operations: Names, one a line.
        signals: Names, one a line.
        fault_kind: Label of the taxonomy.
        severity: How bad it is.
        environment: Where it was seen.
        team: Who looks after it.
    """

    kind: str = "incident"
    title: str = ""
    symptoms: str = ""
    cause: str = ""
    fix: str = ""
    notes: str = ""
    services: str = ""
    operations: str = ""
    signals: str = ""
    fault_kind: str = NOT_KNOWN
    severity: str = NOT_KNOWN
    environment: str = ""
    team: str = ""


def fields_of(entry: Entry) -> EntryFields:
    """Give an entry as a form shows it."""
    return EntryFields(
        kind=entry.kind,
        title=entry.title,
        symptoms=entry.symptoms,
        cause=entry.cause or "",
        fix=entry.fix or "",
        notes=entry.notes,
        services="\n".join(entry.services),
        operations="\n".join(entry.operations),
        signals="\n".join(entry.signals),
        fault_kind=entry.fault_kind or NOT_KNOWN,
        severity=entry.severity or NOT_KNOWN,
        environment=entry.environment,
        team=entry.team,
    )


def problems_of(fields: EntryFields) -> tuple[str, ...]:
    """Say what keeps a form from being an entry."""
    found = []
    if not fields.title.strip():
        found.append("Give it a title: one line by which people recognise it.")
    if not fields.symptoms.strip():
        found.append("Say what it looks like: an entry is found by its symptoms.")
    return tuple(found)


def new_entry(fields: EntryFields, author: str) -> WrittenEntry:
    """Give what somebody wrote into an empty form.

    Raises:
        ValueError: It has problems; see `problems_of`.
    """
    provenance = {"author": author} if author else {}
    return WrittenEntry.model_validate({**_values(fields), "provenance": provenance})


def edited(entry: Entry, fields: EntryFields) -> Entry:
    """Give an entry with what somebody made of it; a field that was left alone stays letter for letter what it was.

    Raises:
        ValueError: It has problems; see `problems_of`.
    """
    shown = fields_of(entry)
    values = {name: value for name, value in _values(fields).items() if getattr(fields, name) != getattr(shown, name)}
    return Entry.model_validate({**entry.model_dump(), **values})


def fault_kinds(present: str = NOT_KNOWN) -> tuple[str, ...]:
    """Give the kinds of fault to choose from: unknown, the taxonomy, and the present one where it is another."""
    known = (NOT_KNOWN, *(kind.value for kind in FaultKind))
    return known if present in known else (*known, present)


def entry_kinds() -> tuple[str, ...]:
    """Give the kinds of entry to choose from."""
    return tuple(get_args(EntryKind))


def severities() -> tuple[str, ...]:
    """Give the severities to choose from, unknown first."""
    return (NOT_KNOWN, *(severity.value for severity in Severity))


def _values(fields: EntryFields) -> Mapping[str, Any]:
    return {
        "kind": fields.kind,
        "title": " ".join(fields.title.split()),
        "symptoms": fields.symptoms,
        "cause": fields.cause if fields.cause.strip() else None,
        "fix": fields.fix if fields.fix.strip() else None,
        "notes": fields.notes,
        "services": _lines(fields.services),
        "operations": _lines(fields.operations),
        "signals": _lines(fields.signals),
        "fault_kind": fields.fault_kind or None,
        "severity": fields.severity or None,
        "environment": fields.environment.strip(),
        "team": fields.team.strip(),
    }


def _lines(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
