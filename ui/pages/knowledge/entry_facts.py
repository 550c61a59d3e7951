"""What is noted about an entry beside its texts, as plain rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from knowledge_base import Entry
from ui.pages.entry_marks import is_overdue
from ui.pages.incident_view import kind_title
from ui.pages.wording import calendar_day, day_and_time

NOT_GIVEN = "not given"


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginRows:
    """An entry that was merged into another: its title, and what is known of where it came from."""

    title: str
    facts: tuple[tuple[str, str], ...]


def facts_of(entry: Entry, today: date) -> tuple[tuple[str, str], ...]:
    """Give label and value of all facts; a value that nobody gave says so. Both are plain text."""
    facts = (
        ("Kind of fault", kind_title(entry.fault_kind) if entry.fault_kind else ""),
        ("Severity", entry.severity or ""),
        ("Services", ", ".join(entry.services)),
        ("Operations", ", ".join(entry.operations)),
        ("Signals that moved", ", ".join(entry.signals)),
        ("Environment", entry.environment),
        ("Team", entry.team),
        ("Review by", review_day(entry, today)),
        ("First written", day_and_time(entry.created_at)),
        ("Last changed", day_and_time(entry.updated_at)),
        *((f"From: {key.replace('_', ' ')}", value) for key, value in sorted(entry.provenance.items())),
    )
    return tuple((label, value or NOT_GIVEN) for label, value in facts)


def review_day(entry: Entry, today: date) -> str:
    """Say until when somebody has to look at an entry again; empty for never."""
    if entry.review_by is None:
        return ""
    return calendar_day(entry.review_by) + (" (overdue)" if is_overdue(entry, today) else "")


def strengths_of(entry: Entry) -> tuple[tuple[str, float], ...]:
    """Give the symptoms of a signature, the strongest first, each in 0..1."""
    return tuple(sorted(entry.signature.items(), key=lambda one: (-one[1], one[0])))


def origins_of(entry: Entry) -> tuple[OriginRows, ...]:
    """Give what was merged into an entry, with where each came from."""
    return tuple(
        OriginRows(
            title=origin.title,
            facts=(
                ("id", origin.id),
                ("first written", day_and_time(origin.created_at)),
                *sorted(origin.provenance.items()),
            ),
        )
        for origin in entry.merged_from
    )
