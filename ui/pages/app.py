"""Where Streamlit starts: opens the connection, draws the chosen page, and says so when the server is not there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import streamlit as st

from assistant.client import AssistantClient, ServerError
from telemetry import utc_now
from ui.pages.chat import show_chat
from ui.pages.connection import open_connection, server_url, show_problem
from ui.pages.knowledge import show_duplicates, show_knowledge, show_lab, show_outcomes, show_review_board
from ui.pages.scene import Scene

if TYPE_CHECKING:
    from streamlit.navigation.page import Page

# Streamlit leaves much room around a page; on-call engineers read these on a laptop.
STYLE: Final = """
<style>
[data-testid="stMainBlockContainer"] { padding: 2.75rem 2rem 2rem; }
[data-testid="stSidebarHeader"] { height: 3.5rem; }
[data-testid="stMain"] h3 { font-size: 1.4rem; padding: 0.25rem 0; }
[data-testid="stMain"] h4 { font-size: 1.1rem; padding: 0.25rem 0; }
/* Titles are links: they are read whole, and lists of them stay close. */
[data-testid="stMain"] [data-testid="stBaseButton-tertiary"] { padding: 0; min-height: 1.75rem; text-align: left; }
[data-testid="stMain"] [data-testid="stPageLink-NavLink"] * { white-space: normal; overflow-wrap: anywhere; }
/* Columns that stay readable beside an open sidebar: they go below each other before they get too narrow. */
[class*="st-key-wrapping_"] > * > [data-testid="stHorizontalBlock"] { flex-wrap: wrap; }
[class*="st-key-wrapping_"] > * > [data-testid="stHorizontalBlock"] > [data-testid="stColumn"] { min-width: 14rem; }
[class*="st-key-wrapping_lab"] > * > [data-testid="stHorizontalBlock"] > [data-testid="stColumn"] { min-width: 11rem; }
</style>
"""
LOGO: Final = """
<svg xmlns="http://www.w3.org/2000/svg" width="150" height="32" viewBox="0 0 150 32">
  <path fill="#e4572e" d="M14 2c1 6 9 9 9 18a9.500 9.500 0 0 1-19 0c0-5 3-7 4-11 2 2 3 4 3 6 2-4 3-8 3-13z"/>
  <path fill="#f5b041" d="M14 16c1 3 4 4 4 8a4.500 4.500 0 0 1-9 0c0-3 3-4 5-8z"/>
  <text x="32" y="23" font-family="Source Sans Pro, sans-serif" font-size="21" font-weight="700"
    fill="#e4572e">Firedrill</text>
</svg>
"""


# The first one is where the address without a path leads.
DRAWN: Final[dict[str, Callable[[Scene], None]]] = {
    "chat": show_chat,
    "knowledge": show_knowledge,
    "review": show_review_board,
    "duplicates": show_duplicates,
    "lab": show_lab,
    "outcomes": show_outcomes,
}
TITLES: Final = {
    "chat": ("Chat", ":material/forum:"),
    "knowledge": ("Knowledge", ":material/menu_book:"),
    "review": ("Review board", ":material/fact_check:"),
    "duplicates": ("Duplicates", ":material/merge:"),
    "lab": ("Retrieval lab", ":material/science:"),
    "outcomes": ("Outcomes", ":material/thumbs_up_down:"),
}


def main() -> None:
    """Draw one page; runs anew for every interaction."""
    st.set_page_config(page_title="Firedrill", page_icon=":material/local_fire_department:", layout="wide")
    st.html(STYLE)
    st.logo(LOGO, size="large")
    client = AssistantClient(open_connection(server_url()))

    def page_of(name: str) -> Page:
        title, icon = TITLES[name]
        return st.Page(lambda: DRAWN[name](scene), title=title, icon=icon, url_path=name, default=name == "chat")

    pages = {name: page_of(name) for name in DRAWN}
    scene: Scene = Scene(
        client=client,
        chat_page=pages["chat"],
        knowledge_page=pages["knowledge"],
        review_page=pages["review"],
        lab_page=pages["lab"],
        clock=utc_now,
    )
    first, *others = pages.values()
    page = st.navigation({"On call": [first], "Knowledge base": others})
    try:
        # Asked before anything is drawn, so that a missing server leaves no half page behind.
        client.status()
        page.run()
    except ServerError as error:
        show_problem(client, error)


main()
