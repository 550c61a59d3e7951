"""Taking everything out that is known, as one file."""

from __future__ import annotations

from functools import partial
from typing import Final

import streamlit as st

from assistant.knowledge_client import ExportForm
from knowledge_base import Filters
from ui.pages.connection import patient_client
from ui.pages.knowledge.asked import show_filters
from ui.pages.scene import Scene

_FORMATS: Final[dict[ExportForm, tuple[str, str, str]]] = {
    "zip": (
        "Markdown files in a zip",
        "firedrill-knowledge.zip",
        "One file an entry, with all its facts on top: to read, to edit, to keep in Git.",
    ),
    "jsonl": (
        "JSON Lines",
        "firedrill-knowledge.jsonl",
        "One line an entry: for programs, and for moving to another workspace.",
    ),
}
_MIME: Final = {"zip": "application/zip", "jsonl": "application/x-ndjson"}


def show_export(scene: Scene) -> None:
    """Draw what there is to take out, and the two ways to."""
    total = sum(scene.client.knowledge.counts().values())
    if not total:
        st.info("Nothing is known yet, so there is nothing to take out.", icon=":material/menu_book:")
        return
    st.caption("All of it, deprecated entries too; both forms can be imported again with nothing lost.")
    filters = show_filters()
    for form, (title, file_name, use) in _FORMATS.items():
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            with st.container(gap=None):
                st.markdown(f"**{title}**")
                st.caption(use)
            st.download_button(
                "Download",
                partial(_content, scene, form, filters),
                file_name,
                _MIME[form],
                key=f"export_{form}",
                on_click="ignore",
                icon=":material/download:",
            )


def _content(scene: Scene, form: ExportForm, filters: Filters) -> bytes:
    """Fetch the file when it is asked for; it is made anew each time, so it is never an old one."""
    with patient_client(scene.client.url) as client:
        return b"".join(client.knowledge.export(form, filters))
