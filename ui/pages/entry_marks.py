"""What a reader has to know of an entry before reading it: how far it is vouched for, and what is odd about it."""

from __future__ import annotations

from datetime import date
from typing import Final

from knowledge_base import Entry, ReviewStatus, Severity
from knowledge_base.exchange.marks import Mark, marks_of
from ui.pages.incident_view import kind_title
from ui.pages.wording import as_text, calendar_day

_BADGES: Final = {
    ReviewStatus.DRAFT: ":orange-badge[unreviewed draft]",
    ReviewStatus.IN_REVIEW: ":blue-badge[in review]",
    ReviewStatus.APPROVED: ":green-badge[approved]",
    ReviewStatus.DEPRECATED: ":gray-badge[deprecated]",
}
_SEVERE: Final = (Severity.CRITICAL, Severity.HIGH)


def status_badge(status: ReviewStatus) -> str:
    """Mark how far people have vouched for an entry, as Markdown."""
    return _BADGES[status]


def is_overdue(entry: Entry, today: date) -> bool:
    """Say whether somebody should have looked at an entry again by now; nobody has to at a deprecated one."""
    return entry.status is not ReviewStatus.DEPRECATED and entry.review_by is not None and entry.review_by < today


def badges(entry: Entry, today: date, *, with_status: bool = True) -> str:
    """Give an entry's status and all that is odd about it, as Markdown."""
    found = [status_badge(entry.status)] if with_status else []
    found.append(f":gray-badge[{entry.kind}]")
    if entry.severity is not None:
        found.append(f":{'red' if entry.severity in _SEVERE else 'gray'}-badge[{entry.severity}]")
    if is_overdue(entry, today) and entry.review_by is not None:
        found.append(f":red-badge[:material/event_busy: review overdue since {calendar_day(entry.review_by)}]")
    found += [mark_badge(mark) for mark in marks_of(entry)]
    if entry.merged_from:
        found.append(f":gray-badge[merged from {len(entry.merged_from) + 1}]")
    return " ".join(found)


def addresses_assistant(entry: Entry) -> bool:
    """Say whether an entry's text gives orders to an assistant."""
    return Mark.ADDRESSES_ASSISTANT in marks_of(entry)


def mark_badge(mark: str) -> str:
    """Give a mark that was found on an entry's text, as Markdown."""
    if mark == Mark.ADDRESSES_ASSISTANT:
        return ":red-badge[:material/smart_toy: addresses an assistant]"
    return f":orange-badge[{as_text(mark.replace('_', ' '))}]"


def summary(entry: Entry) -> str:
    """Say in one line what an entry is about, as Markdown."""
    services = ", ".join(entry.services) or "no service named"
    parts = [kind_title(entry.fault_kind) if entry.fault_kind else "kind of fault not known", services]
    parts += [part for part in (entry.environment, entry.team and f"team {entry.team}") if part]
    return " · ".join(as_text(part) for part in parts)


def caution(status: ReviewStatus) -> str:
    """Say how to take an entry that nobody has vouched for; empty for one that is approved."""
    return {
        ReviewStatus.DRAFT: "Unreviewed draft: nobody has checked this yet. Take it as a hint, not as known.",
        ReviewStatus.IN_REVIEW: "In review: nobody has vouched for this yet. Take it as a hint, not as known.",
        ReviewStatus.APPROVED: "",
        ReviewStatus.DEPRECATED: "Deprecated: no search finds this any longer. Do not act on it.",
    }[status]
