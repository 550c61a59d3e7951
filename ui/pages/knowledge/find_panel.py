"""Finding an entry: a search that says why, or a list of everything that there is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

from knowledge_base import Entry, Found, Match, ReviewStatus
from ui.pages.address import number_in_address
from ui.pages.entry_card import show_caution
from ui.pages.entry_marks import badges, summary
from ui.pages.knowledge.asked import (
    PAGE_PARAMETER,
    QUESTION_PARAMETER,
    Asked,
    ask_for_anything,
    show_asked,
    status_title,
)
from ui.pages.match_reasons import show_reasons
from ui.pages.scene import TAB_PARAMETER, Scene, choose, open_entry
from ui.pages.verdict import show_verdict
from ui.pages.wording import as_text, count, day_and_time, percentage

FOUND_AT_MOST: Final = 10
LISTED_AT_ONCE: Final = 25
_FOUND_KEY: Final = "found"


def show_find(scene: Scene) -> None:
    """Draw the search with its filters, and what it gives."""
    asked = show_asked()
    if asked.text:
        _draw_found(scene, asked, _found(scene, asked))
    else:
        _draw_list(scene, asked)


def _found(scene: Scene, asked: Asked) -> Found:
    """Search once for every question: each search is noted as shown, and redrawing a page shows nothing new."""
    known: tuple[Asked, Found] | None = st.session_state.get(_FOUND_KEY)
    if known is not None and known[0] == asked:
        return known[1]
    found = scene.client.knowledge.search(asked.text, FOUND_AT_MOST, asked.filters)
    st.session_state[_FOUND_KEY] = (asked, found)
    return found


def _search_again() -> None:
    st.session_state.pop(_FOUND_KEY, None)


def _draw_found(scene: Scene, asked: Asked, found: Found) -> None:
    if not found.matches:
        _say_nothing_is_similar(scene, asked)
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{count(len(found.matches), 'entry', 'entries')} found, best match first")
        st.button("Search again", type="tertiary", icon=":material/refresh:", on_click=_search_again)
        st.page_link(
            scene.lab_page,
            label="See how it was ranked",
            icon=":material/science:",
            query_params={QUESTION_PARAMETER: asked.text},
        )
    for rank, match in enumerate(found.matches, start=1):
        _draw_match(scene, rank, match, found.recall_id)


def _draw_match(scene: Scene, rank: int, match: Match, recall_id: str) -> None:
    entry = match.entry
    with st.container(border=True, gap="xsmall"):
        _entry_button(entry, f"{rank} · {as_text(entry.title)}", recall_id)
        st.markdown(f"{badges(entry, scene.today)} :gray[{percentage(match.score)} alike · {summary(entry)}]")
        show_caution(entry)
        show_reasons(match)
        if entry.fix:
            st.caption("What fixed it")
            st.text(entry.fix)
        show_verdict(scene, entry.id, recall_id, place="found")


def _say_nothing_is_similar(scene: Scene, asked: Asked) -> None:
    st.info(
        "Nothing similar is known. Try fewer words, or the name of a service or an operation"
        + ("; or take the filters back." if asked.narrowed else "."),
        icon=":material/search_off:",
    )
    with st.container(horizontal=True):
        if asked.narrowed:
            st.button("Take the filters back", icon=":material/filter_alt_off:", on_click=ask_for_anything)
        st.button("Write a new entry", icon=":material/add:", on_click=choose, args=(TAB_PARAMETER, "new"))
        st.page_link(
            scene.lab_page,
            label="See what came closest",
            icon=":material/science:",
            query_params={QUESTION_PARAMETER: asked.text},
        )


def _draw_list(scene: Scene, asked: Asked) -> None:
    client, page = scene.client.knowledge, number_in_address(PAGE_PARAMETER)
    counts = client.counts()
    if not any(counts.values()):
        _say_nothing_is_known()
        return
    # One more than is shown tells whether there is a next page.
    listed = client.entries(
        asked.filters,
        status=asked.status,
        overdue=asked.overdue,
        limit=LISTED_AT_ONCE + 1,
        offset=(page - 1) * LISTED_AT_ONCE,
    )
    st.caption(f"{_counts(counts)} · the last changed first")
    for entry in listed[:LISTED_AT_ONCE]:
        _draw_line(scene, entry)
    if not listed:
        st.info("No entry is like that. Take a filter back, or search by what happened.", icon=":material/filter_alt:")
        st.button("Take the filters back", icon=":material/filter_alt_off:", on_click=ask_for_anything)
    _draw_pages(page, listed)


def _draw_line(scene: Scene, entry: Entry) -> None:
    with st.container(border=True, gap=None):
        _entry_button(entry, as_text(entry.title), "")
        changed = f":gray[{summary(entry)} · changed {day_and_time(entry.updated_at)}]"
        st.markdown(f"{badges(entry, scene.today)} {changed}")


def _draw_pages(page: int, listed: Sequence[Entry]) -> None:
    if page == 1 and len(listed) <= LISTED_AT_ONCE:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        earlier = str(page - 1) if page > 2 else None
        st.button("Earlier", disabled=page == 1, on_click=choose, args=(PAGE_PARAMETER, earlier))
        st.caption(f"Page {page}")
        more = len(listed) > LISTED_AT_ONCE
        st.button("More", disabled=not more, on_click=choose, args=(PAGE_PARAMETER, str(page + 1)))


def _entry_button(entry: Entry, label: str, recall_id: str) -> None:
    # A link to the page that one is on leaves the address bar as it was; a button that chooses does not.
    key = f"open_{recall_id}_{entry.id}"
    st.button(f":blue[**{label}**]", key=key, type="tertiary", on_click=open_entry, args=(entry.id, recall_id))


def _say_nothing_is_known() -> None:
    st.info(
        "Nothing is known yet. Drills and resolved incidents become entries by themselves: run `firedrill drill run` "
        "for the first ones. Or bring in what you have: runbooks and post-mortems as Markdown, HTML or JSON Lines.",
        icon=":material/menu_book:",
    )
    with st.container(horizontal=True):
        st.button(
            "Import files", type="primary", icon=":material/upload:", on_click=choose, args=(TAB_PARAMETER, "import")
        )
        st.button("Write a new entry", icon=":material/add:", on_click=choose, args=(TAB_PARAMETER, "new"))


def _counts(counts: dict[ReviewStatus, int]) -> str:
    total = count(sum(counts.values()), "entry", "entries")
    said = [f"{number} {status_title(status)}" for status, number in counts.items() if number]
    return f"{total}: {', '.join(said)}"
