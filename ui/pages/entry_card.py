"""A knowledge base entry as a card beside an incident, and its texts wherever they are shown."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from knowledge_base import Entry, Match
from ui.pages.entry_marks import badges, caution
from ui.pages.match_reasons import show_reasons
from ui.pages.scene import ENTRY_PARAMETER, INCIDENT_PARAMETER, RECALL_PARAMETER, Scene
from ui.pages.verdict import show_verdict
from ui.pages.wording import as_text, percentage


def show_similar(scene: Scene, matches: Sequence[Match], shown_incident_id: str | None, recall_id: str = "") -> None:
    """Draw entries that looked like what is shown, as cards that open and can be judged."""
    if not matches:
        st.caption("Nothing like it is known yet. Every incident becomes an entry, so the next one like it will be.")
    for number, match in enumerate(matches, start=1):
        entry = match.entry
        with st.container(border=True, gap="xsmall"):
            st.markdown(f":violet-badge[K{number}] **{as_text(entry.title)}**")
            st.markdown(f"{badges(entry, scene.today)} :gray[{percentage(match.score)} alike]")
            show_caution(entry)
            if entry.fix:
                st.caption("What fixed it")
                st.text(entry.fix)
            show_verdict(scene, entry.id, recall_id, place=f"chat_{shown_incident_id or 'now'}")
            with st.expander("Symptoms, cause, and why it matched"):
                show_entry_texts(entry, with_fix=False)
                show_reasons(match)
                _draw_links(scene, entry, shown_incident_id, recall_id)


def show_caution(entry: Entry) -> None:
    """Say how to take an entry that nobody has vouched for."""
    said = caution(entry.status)
    if said:
        st.markdown(f":orange[:material/warning: {as_text(said)}]")


def show_entry_texts(entry: Entry, *, with_fix: bool) -> None:
    """Draw the curated texts of an entry; they quote telemetry, so they are never read as markup."""
    texts = [("Symptoms", entry.symptoms), ("Cause", entry.cause or "Not known yet.")]
    if with_fix:
        texts.append(("What fixed it", entry.fix or "Not known yet."))
    for label, text in texts:
        with st.container(gap="xsmall"):
            st.caption(label)
            st.text(text)


def link_to_incident(scene: Scene, entry: Entry) -> None:
    """Draw the way to the incident that an entry was written from."""
    st.page_link(
        scene.chat_page,
        label="Open incident",
        icon=":material/local_fire_department:",
        query_params={INCIDENT_PARAMETER: entry.provenance["incident"]},
    )


def link_to_entry(scene: Scene, entry_id: str, label: str, *, recall_id: str = "", icon: str | None = None) -> None:
    """Draw the way from another page to an entry; the label is Markdown."""
    address = {ENTRY_PARAMETER: entry_id} | ({RECALL_PARAMETER: recall_id} if recall_id else {})
    st.page_link(scene.knowledge_page, label=label, icon=icon, query_params=address)


def _draw_links(scene: Scene, entry: Entry, shown_incident_id: str | None, recall_id: str) -> None:
    with st.container(horizontal=True):
        link_to_entry(scene, entry.id, "Open entry", recall_id=recall_id, icon=":material/menu_book:")
        if entry.provenance.get("incident") not in (None, shown_incident_id):
            link_to_incident(scene, entry)
