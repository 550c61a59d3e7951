"""The top of the pages about what is known: what the page is for, and who is looking at it."""

from __future__ import annotations

from typing import Final

import streamlit as st

from ui.pages.telling import show_what_was_told

_AUTHOR_KEY: Final = "author"


def show_heading(title: str, purpose: str) -> None:
    """Draw the title, the field for the reader's name, and what became of what was asked for last."""
    said, name = st.columns([3, 1], vertical_alignment="bottom")
    with said.container(gap="xsmall"):
        st.subheader(title, anchor=False)
        st.caption(purpose)
    name.text_input(
        "Your name",
        key=_AUTHOR_KEY,
        max_chars=100,
        placeholder="for the record",
        autocomplete="name",
        persist_state="session",
    )
    show_what_was_told()


def author() -> str:
    """Give the name that the reader gave on any of the pages, empty where none was given."""
    return str(st.session_state.get(_AUTHOR_KEY) or "").strip()
