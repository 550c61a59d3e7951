"""A column of the review board as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from knowledge_base import Entry, ReviewStatus
from ui.pages.entry_marks import is_overdue


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column.

    Attributes:
        status: Review status of all that is in it.
        total: How many there are, shown or not.
        overdue: How many of those that are known here are overdue.
        shown: The first ones, overdue ones before all others.
    """

    status: ReviewStatus
    total: int
    overdue: int
    shown: tuple[Entry, ...]

    @property
    def hidden(self) -> int:
        """How many are left out."""
        return max(0, self.total - len(self.shown))


def board_column(
    status: ReviewStatus,
    total: int,
    overdue: Sequence[Entry],
    latest: Sequence[Entry],
    today: date,
    at_most: int,
) -> Column:
    """Put what is overdue first, the longest overdue on top, and the rest as it came.

    Args:
        status: Of the column.
        total: How many entries have that status.
        overdue: Overdue entries of it.
        latest: Entries of it, overdue or not.
        today: The present day.
        at_most: How many to show.
    """
    known = {entry.id: entry for entry in (*overdue, *latest)}
    late = sorted((entry for entry in known.values() if is_overdue(entry, today)), key=_due)
    rest = [entry for entry in known.values() if not is_overdue(entry, today)]
    return Column(status=status, total=total, overdue=len(late), shown=tuple((*late, *rest)[:at_most]))


def _due(entry: Entry) -> date:
    return entry.review_by or date.max
