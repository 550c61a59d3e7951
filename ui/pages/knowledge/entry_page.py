"""An opened entry: its texts and facts, its history, a form to edit it, and what became of it."""

from __future__ import annotations

from typing import Final

import streamlit as st

from assistant.client import ServerRefused
from knowledge_base import Entry
from ui.pages.address import choice_in_address
from ui.pages.entry_card import link_to_incident, show_caution, show_entry_texts
from ui.pages.entry_marks import addresses_assistant, badges
from ui.pages.knowledge.entry_facts import facts_of, origins_of, strengths_of
from ui.pages.knowledge.entry_form import show_edit
from ui.pages.knowledge.entry_history import show_history
from ui.pages.knowledge.entry_outcomes import show_entry_outcomes
from ui.pages.knowledge.review_actions import show_review_actions
from ui.pages.scene import RECALL_PARAMETER, VIEW_PARAMETER, Scene, chosen, close_entry
from ui.pages.verdict import note_opened, show_verdict
from ui.pages.wording import as_text

_VIEWS: Final = {"text": "Entry", "history": "History", "edit": "Edit", "outcomes": "What became of it"}


def show_opened(scene: Scene, entry_id: str) -> None:
    """Draw an entry in full, or that there is no such thing."""
    st.button("Back to the list", icon=":material/arrow_back:", type="tertiary", on_click=close_entry)
    try:
        entry = scene.client.knowledge.entry(entry_id)
    except ServerRefused as error:
        st.warning("This entry cannot be opened. It may belong to another workspace, or the link is incomplete.")
        st.text(error.detail)
        return
    recall_id = chosen(RECALL_PARAMETER) or ""
    note_opened(scene, entry.id, recall_id)
    st.subheader(as_text(entry.title), anchor=False)
    st.markdown(f"{badges(entry, scene.today)} :gray[{as_text(entry.id)}]")
    show_caution(entry)
    view = choice_in_address(VIEW_PARAMETER, "What to see of it", tuple(_VIEWS), _VIEWS.__getitem__, as_bar=True)
    if view == "history":
        show_history(scene, entry)
    elif view == "edit":
        show_edit(scene, entry)
    elif view == "outcomes":
        show_entry_outcomes(scene, entry)
    else:
        _draw_entry(scene, entry, recall_id)


def _draw_entry(scene: Scene, entry: Entry, recall_id: str) -> None:
    with st.container(key="wrapping_entry"):
        texts, beside = st.columns([3, 2], gap="large")
    with texts:
        _say_marks(entry)
        show_entry_texts(entry, with_fix=True)
        if entry.notes:
            st.caption("Notes")
            st.text(entry.notes)
        st.caption("Did it help?")
        show_verdict(scene, entry.id, recall_id, place="opened")
    with beside:
        with st.container(border=True):
            show_review_actions(scene, entry, place="opened")
        _draw_facts(scene, entry)


def _say_marks(entry: Entry) -> None:
    if addresses_assistant(entry):
        st.warning(
            "This text gives orders to an assistant. Firedrill stores it as text and does not obey it; "
            "read it with that in mind.",
            icon=":material/smart_toy:",
        )


def _draw_facts(scene: Scene, entry: Entry) -> None:
    with st.container(border=True, gap="xsmall"):
        for label, value in facts_of(entry, scene.today):
            name, said = st.columns([2, 3], gap="small")
            name.caption(as_text(label))
            said.text(value)
    if entry.signature:
        with st.expander(f"Signature: {len(entry.signature)} symptoms", icon=":material/fingerprint:"):
            for feature, strength in strengths_of(entry):
                st.progress(strength, text=as_text(feature))
    for origin in origins_of(entry):
        with st.expander(f"Merged from {as_text(origin.title)}", icon=":material/merge:"):
            st.text("\n".join(f"{label}: {value}" for label, value in origin.facts))
    if "incident" in entry.provenance:
        link_to_incident(scene, entry)
