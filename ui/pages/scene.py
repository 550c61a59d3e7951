"""What every part of a page is handed: the client, the doors to the other pages, and what is chosen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

import streamlit as st

from assistant.client import AssistantClient

if TYPE_CHECKING:
    from streamlit.navigation.page import Page

INCIDENT_PARAMETER: Final = "incident"
ENTRY_PARAMETER: Final = "entry"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Collaborators of the pages.

    Attributes:
        client: Asks the server.
        chat_page: Where an incident is opened.
        knowledge_page: Where an entry is opened.
        clock: Gives the present moment, timezone-aware.
    """

    client: AssistantClient
    chat_page: Page
    knowledge_page: Page
    clock: Callable[[], datetime]


def chosen(parameter: str) -> str | None:
    """Read a choice from the address bar, which is where it lives so that a link leads to it."""
    return st.query_params.get(parameter) or None


def choose(parameter: str, value: str | None) -> None:
    """Put a choice in the address bar, or take it out."""
    if value is None:
        st.query_params.pop(parameter, None)
    else:
        st.query_params[parameter] = value
