"""What is asked of the knowledge base, as the address bar says it, and the fields that ask it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, get_args

import streamlit as st

from assistant.taxonomy import FaultKind
from knowledge_base import EntryKind, Filters, ReviewStatus
from ui.pages.address import choice_in_address, text_in_address
from ui.pages.incident_view import kind_title
from ui.pages.scene import choose

ANYTHING: Final = ""
OVERDUE: Final = "overdue"
QUESTION_PARAMETER: Final = "q"
PAGE_PARAMETER: Final = "page"
_FILTER_PARAMETERS: Final = ("kind", "service", "environment", "team", "fault", "status")
_FIELD_WIDTH_PIXELS: Final = 130


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What somebody wants to see.

    Attributes:
        text: Words to search for; empty to list everything.
        filters: What an entry has to be.
        status: Only entries of this review status, None for any.
        overdue: Only those whose review is overdue.
    """

    text: str
    filters: Filters
    status: ReviewStatus | None
    overdue: bool

    @property
    def narrowed(self) -> bool:
        """Whether anything but the words narrows it down."""
        return self.filters != Filters() or self.status is not None or self.overdue


def show_question() -> str:
    """Draw the field for the words to search for."""
    return text_in_address(
        QUESTION_PARAMETER,
        "Find entries by what happened",
        placeholder="payments refuses connections, checkout fails",
        icon=":material/search:",
    )


def show_asked() -> Asked:
    """Draw the search field with its filters, and give what they say."""
    text = show_question()
    with st.container(horizontal=True, gap="small"):
        kind, service, environment, team, fault, status = _draw_filters(searching=bool(text))
    known = ReviewStatus(status) if status not in (ANYTHING, OVERDUE) else None
    approved_only = bool(text) and known is ReviewStatus.APPROVED
    return Asked(
        text=text,
        filters=Filters(
            kind=_entry_kind(kind),
            service=service,
            environment=environment,
            team=team,
            fault_kind=fault,
            approved_only=approved_only,
        ),
        status=None if approved_only else known,
        overdue=status == OVERDUE,
    )


def show_filters() -> Filters:
    """Draw the filters of a search on their own."""
    with st.container(horizontal=True, gap="small"):
        kind, service, environment, team, fault, status = _draw_filters(searching=True)
    return Filters(
        kind=_entry_kind(kind),
        service=service,
        environment=environment,
        team=team,
        fault_kind=fault,
        approved_only=status == ReviewStatus.APPROVED,
    )


def ask_for_anything() -> None:
    """Take all filters back; the words stay."""
    for parameter in (*_FILTER_PARAMETERS, PAGE_PARAMETER):
        choose(parameter, None)


def status_title(status: str) -> str:
    """Say a review status, or what stands for one, in words."""
    return {ANYTHING: "any", OVERDUE: "review overdue"}.get(status, status.replace("_", " "))


def _draw_filters(*, searching: bool) -> tuple[str, str, str, str, str, str]:
    # A search never finds what is deprecated, and finds the rest with its status marked.
    statuses = (ReviewStatus.APPROVED.value,) if searching else (*(status.value for status in ReviewStatus), OVERDUE)
    in_words = {ANYTHING: "any", ReviewStatus.APPROVED.value: "approved only"}
    return (
        _choice("kind", "Kind", (ANYTHING, *get_args(EntryKind)), lambda kind: kind or "any"),
        _text("service", "Service"),
        _text("environment", "Environment"),
        _text("team", "Team"),
        _choice("fault", "Kind of fault", (ANYTHING, *FaultKind), lambda kind: kind_title(kind) if kind else "any"),
        _choice("status", "Status", (ANYTHING, *statuses), in_words.__getitem__ if searching else status_title),
    )


def _choice(parameter: str, label: str, options: tuple[str, ...], in_words: Callable[[str], str]) -> str:
    with st.container(width=_FIELD_WIDTH_PIXELS):
        return choice_in_address(parameter, label, tuple(map(str, options)), in_words)


def _text(parameter: str, label: str) -> str:
    with st.container(width=_FIELD_WIDTH_PIXELS):
        return text_in_address(parameter, label, placeholder="any")


def _entry_kind(said: str) -> EntryKind | None:
    return next((kind for kind in get_args(EntryKind) if kind == said), None)
