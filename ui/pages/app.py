"""Where Streamlit starts: opens the connection, draws the chosen page, and says so when the server is not there."""

from __future__ import annotations

from typing import Final

import streamlit as st

from assistant.client import AssistantClient, ServerError
from telemetry import utc_now
from ui.pages.chat import show_chat
from ui.pages.connection import open_connection, server_url, show_problem
from ui.pages.knowledge import show_knowledge
from ui.pages.scene import Scene

# Streamlit leaves much room around a page; on-call engineers read these on a laptop.
STYLE: Final = """
<style>
[data-testid="stMainBlockContainer"] { padding: 2.75rem 2rem 2rem; }
[data-testid="stSidebarHeader"] { height: 3.5rem; }
[data-testid="stMain"] h3 { font-size: 1.4rem; padding: 0.25rem 0; }
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


def main() -> None:
    """Draw one page; runs anew for every interaction."""
    st.set_page_config(page_title="Firedrill", page_icon=":material/local_fire_department:", layout="wide")
    st.html(STYLE)
    st.logo(LOGO, size="large")
    client = AssistantClient(open_connection(server_url()))

    def chat() -> None:
        show_chat(scene)

    def knowledge() -> None:
        show_knowledge(scene)

    chat_page = st.Page(chat, title="Chat", icon=":material/forum:", url_path="chat", default=True)
    knowledge_page = st.Page(knowledge, title="Knowledge", icon=":material/menu_book:", url_path="knowledge")
    scene = Scene(client=client, chat_page=chat_page, knowledge_page=knowledge_page, clock=utc_now)
    page = st.navigation([chat_page, knowledge_page])
    try:
        # Asked before anything is drawn, so that a missing server leaves no half page behind.
        client.status()
        page.run()
    except ServerError as error:
        show_problem(client, error)


main()
