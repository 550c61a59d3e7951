"""What every part of a page is handed: the client, the doors to the other pages, and what is chosen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

import streamlit as st

from assistant.client import AssistantClient

if TYPE_CHECKING:
    from streamlit.navigation.page import Page

INCIDENT_PARAMETER: Final = "incident"
ENTRY_PARAMETER: Final = "entry"
RECALL_PARAMETER: Final = "recall"
"""In which search or investigation the opened entry was found, so that what became of it can be told."""
VIEW_PARAMETER: Final = "view"
TAB_PARAMETER: Final = "tab"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Collaborators of the pages.

    Attributes:
        client: Asks the server.
        chat_page: Where an incident is opened.
        knowledge_page: Where an entry is found and opened.
        review_page: Where entries wait for somebody to vouch for them.
        lab_page: Where a search is taken apart.
        clock: Gives the present moment, timezone-aware.
    """

    client: AssistantClient
    chat_page: Page
    knowledge_page: Page
    review_page: Page
    lab_page: Page
    clock: Callable[[], datetime]

    @property
    def today(self) -> date:
        """The present day, in UTC as all moments here."""
        return self.clock().date()


def chosen(parameter: str) -> str | None:
    """Read a choice from the address bar, which is where it lives so that a link leads to it."""
    return st.query_params.get(parameter) or None


def choose(parameter: str, value: str | None) -> None:
    """Put a choice in the address bar, or take it out."""
    if value is None:
        st.query_params.pop(parameter, None)
    else:
        st.query_params[parameter] = value


def open_entry(entry_id: str, recall_id: str = "") -> None:
    """Choose an entry to read on this page; `recall_id` names the search that found it."""
    choose(ENTRY_PARAMETER, entry_id)
    choose(RECALL_PARAMETER, recall_id or None)
    choose(VIEW_PARAMETER, None)


def close_entry() -> None:
    """Go back to the list that the entry was chosen from."""
    for parameter in (ENTRY_PARAMETER, RECALL_PARAMETER, VIEW_PARAMETER):
        choose(parameter, None)
