"""A knowledge base entry: as a card beside an incident, and in full."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

from knowledge_base import Entry, Match, ReviewStatus
from ui.pages.incident_view import kind_title
from ui.pages.scene import ENTRY_PARAMETER, INCIDENT_PARAMETER, Scene
from ui.pages.wording import as_text, day_and_time, percentage

_BADGES: Final = {
    ReviewStatus.DRAFT: ":orange-badge[unreviewed draft]",
    ReviewStatus.IN_REVIEW: ":blue-badge[in review]",
    ReviewStatus.APPROVED: ":green-badge[approved]",
    ReviewStatus.DEPRECATED: ":gray-badge[deprecated]",
}


def status_badge(status: ReviewStatus) -> str:
    """Mark how far people have vouched for an entry, as Markdown."""
    return _BADGES[status]


def show_similar(scene: Scene, matches: Sequence[Match], shown_incident_id: str | None) -> None:
    """Draw entries that looked like what is shown, as cards that open."""
    if not matches:
        st.caption("Nothing like it is known yet. Every incident becomes an entry, so the next one like it will be.")
    for number, match in enumerate(matches, start=1):
        entry = match.entry
        with st.container(border=True, gap="xsmall"):
            st.markdown(f":violet-badge[K{number}] **{as_text(entry.title)}**")
            st.markdown(f"{status_badge(entry.status)} :gray[{percentage(match.score)} alike]")
            if entry.fix:
                st.caption("What fixed it")
                st.text(entry.fix)
            with st.expander("Symptoms, cause, and why it matched"):
                show_entry_texts(entry, with_fix=False)
                _draw_reasons(match)
                _draw_links(scene, entry, shown_incident_id)


def show_entry(scene: Scene, entry: Entry) -> None:
    """Draw an entry in full."""
    st.subheader(as_text(entry.title), anchor=False)
    st.markdown(f"{status_badge(entry.status)} :gray-badge[{entry.kind}] :gray[{as_text(entry.id)}]")
    show_entry_texts(entry, with_fix=True)
    with st.container(border=True, gap="xsmall"):
        facts = (
            ("Kind of fault", kind_title(entry.fault_kind)),
            ("Services", ", ".join(entry.services)),
            ("Operations", ", ".join(entry.operations)),
            ("Signals that moved", ", ".join(entry.signals)),
            ("Environment", entry.environment),
            ("First written", day_and_time(entry.created_at)),
            ("Last changed", day_and_time(entry.updated_at)),
            *((f"From: {key}", value) for key, value in sorted(entry.provenance.items())),
        )
        for label, value in facts:
            name, said = st.columns([1, 3], gap="small")
            name.caption(as_text(label))
            said.text(value or "not given")
    if "incident" in entry.provenance:
        _link_to_incident(scene, entry)


def show_entry_texts(entry: Entry, *, with_fix: bool) -> None:
    """Draw the curated texts of an entry; they quote telemetry, so they are never read as markup."""
    texts = [("Symptoms", entry.symptoms), ("Cause", entry.cause or "Not known yet.")]
    if with_fix:
        texts.append(("What fixed it", entry.fix or "Not known yet."))
    for label, text in texts:
        with st.container(gap="xsmall"):
            st.caption(label)
            st.text(text)


def _draw_reasons(match: Match) -> None:
    st.caption("Why it matched")
    reasons = match.why or ("its text reads alike",)
    st.markdown("\n".join(f"- {as_text(reason)}" for reason in reasons))


def _draw_links(scene: Scene, entry: Entry, shown_incident_id: str | None) -> None:
    with st.container(horizontal=True):
        st.page_link(
            scene.knowledge_page,
            label="Open entry",
            icon=":material/menu_book:",
            query_params={ENTRY_PARAMETER: entry.id},
        )
        if entry.provenance.get("incident") not in (None, shown_incident_id):
            _link_to_incident(scene, entry)


def _link_to_incident(scene: Scene, entry: Entry) -> None:
    st.page_link(
        scene.chat_page,
        label="Open incident",
        icon=":material/local_fire_department:",
        query_params={INCIDENT_PARAMETER: entry.provenance["incident"]},
    )
