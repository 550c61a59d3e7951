"""The page of what is known: find an entry, open it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

from assistant.client import ServerRefused
from knowledge_base import Entry, Match
from ui.pages.entry_card import show_entry, status_badge
from ui.pages.incident_view import kind_title
from ui.pages.scene import ENTRY_PARAMETER, Scene, choose, chosen
from ui.pages.wording import as_text, count, day_and_time, percentage

LISTED: Final = 200
FOUND: Final = 20
_KEY: Final = "entry_choice"


def show_knowledge(scene: Scene) -> None:
    """Draw the search field, the entries, and the opened one."""
    st.subheader("What is known", anchor=False)
    searched = st.text_input(
        "Find entries by what happened",
        placeholder="payments refuses connections, checkout fails",
        icon=":material/search:",
        max_chars=500,
    )
    text = (searched or "").strip()
    if text:
        matches = scene.client.search_entries(text, FOUND)
        entries, captions = [match.entry for match in matches], [_found_caption(match) for match in matches]
    else:
        entries = scene.client.entries(LISTED)
        captions = [_caption(entry) for entry in entries]
    listing, opened = st.columns([2, 3], gap="large")
    with listing:
        _draw_list(entries, captions, searched=bool(text))
    with opened:
        _draw_opened(scene)


def _draw_list(entries: Sequence[Entry], captions: Sequence[str], *, searched: bool) -> None:
    if not entries:
        if searched:
            st.info("Nothing like that is known. Try fewer words, or the name of a service or an operation.")
        else:
            st.info(
                "Nothing is known yet. Every incident becomes an entry by itself; run `firedrill drill run` for "
                "the first ones, or write a runbook with `firedrill kb add`."
            )
        return
    st.caption(count(len(entries), "entry", "entries") + (", best match first" if searched else ""))
    by_id = {entry.id: entry for entry in entries}
    wanted = chosen(ENTRY_PARAMETER)
    st.session_state[_KEY] = wanted if wanted in by_id else None
    st.radio(
        "Entries",
        list(by_id),
        key=_KEY,
        on_change=lambda: choose(ENTRY_PARAMETER, st.session_state[_KEY]),
        format_func=lambda entry_id: f"{status_badge(by_id[entry_id].status)} {as_text(by_id[entry_id].title)}",
        captions=captions,
        label_visibility="collapsed",
    )


def _draw_opened(scene: Scene) -> None:
    wanted = chosen(ENTRY_PARAMETER)
    if wanted is None:
        st.caption("Choose an entry to read its symptoms, its cause and what fixed it.")
        return
    try:
        show_entry(scene, scene.client.entry(wanted))
    except ServerRefused as error:
        st.warning("This entry cannot be opened. Choose another from the list.")
        st.text(error.detail)


def _caption(entry: Entry) -> str:
    services = ", ".join(entry.services) or "no service named"
    return f"{kind_title(entry.fault_kind)} · {as_text(services)} · {day_and_time(entry.updated_at)}"


def _found_caption(match: Match) -> str:
    return f"{percentage(match.score)} alike · {_caption(match.entry)}"
