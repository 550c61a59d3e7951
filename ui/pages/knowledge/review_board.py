"""The review board: drafts, what is in review, and what is approved, side by side; what is overdue first."""

from __future__ import annotations

from typing import Final

import streamlit as st

from knowledge_base import Entry, ReviewStatus
from ui.pages.entry_card import link_to_entry
from ui.pages.entry_marks import badges, summary
from ui.pages.heading import show_heading
from ui.pages.knowledge.board import Column, board_column
from ui.pages.knowledge.review_actions import show_review_actions
from ui.pages.scene import TAB_PARAMETER, Scene
from ui.pages.wording import as_text, calendar_day, day

SHOWN: Final = 12
_TITLES: Final = {
    ReviewStatus.DRAFT: "Drafts",
    ReviewStatus.IN_REVIEW: "In review",
    ReviewStatus.APPROVED: "Approved",
}
_EMPTY: Final = {
    ReviewStatus.DRAFT: "No drafts. Drills and resolved incidents write them; you can write or import some, too.",
    ReviewStatus.IN_REVIEW: "Nothing waits for a reviewer. Submit a draft once its cause and its fix are right.",
    ReviewStatus.APPROVED: "Nothing is approved yet. What you approve is recalled as known from then on.",
}


def show_review_board(scene: Scene) -> None:
    """Draw the three columns, and what was deprecated below."""
    show_heading("Review board", "A draft becomes known when somebody vouches for it. What is overdue comes first.")
    counts = scene.client.knowledge.counts()
    if not any(counts.values()):
        st.info(
            "There is nothing to review yet. Run `firedrill drill run` for the first drafts, or import what you have.",
            icon=":material/menu_book:",
        )
        st.page_link(
            scene.knowledge_page, label="Import files", icon=":material/upload:", query_params={TAB_PARAMETER: "import"}
        )
        return
    with st.container(key="wrapping_board"):
        for place, status in zip(st.columns(len(_TITLES), gap="medium"), _TITLES, strict=True):
            with place:
                _draw_column(scene, _column(scene, status, counts.get(status, 0)))
    _draw_deprecated(scene, counts.get(ReviewStatus.DEPRECATED, 0))


def _column(scene: Scene, status: ReviewStatus, total: int) -> Column:
    client = scene.client.knowledge
    overdue = client.entries(status=status, overdue=True, limit=SHOWN)
    return board_column(status, total, overdue, client.entries(status=status, limit=SHOWN), scene.today, SHOWN)


def _draw_column(scene: Scene, column: Column) -> None:
    overdue = f" :red-badge[{column.overdue}{'+' if column.overdue >= SHOWN else ''} overdue]" if column.overdue else ""
    st.markdown(f"#### {_TITLES[column.status]} :gray-badge[{column.total}]{overdue}")
    if not column.shown:
        st.caption(_EMPTY[column.status])
    for entry in column.shown:
        _draw_card(scene, entry)
    if column.hidden:
        st.page_link(
            scene.knowledge_page,
            label=f"{column.hidden} more",
            icon=":material/list:",
            query_params={"status": column.status.value},
        )


def _draw_card(scene: Scene, entry: Entry) -> None:
    with st.container(border=True, gap="xsmall"):
        link_to_entry(scene, entry.id, f":blue[**{as_text(entry.title)}**]")
        # The column says the status; the card says the rest.
        st.markdown(badges(entry, scene.today, with_status=False))
        st.caption(summary(entry))
        st.caption(_when(entry))
        show_review_actions(scene, entry, place="board")


def _when(entry: Entry) -> str:
    changed = f"changed {day(entry.updated_at)}"
    return changed if entry.review_by is None else f"{changed} · review by {calendar_day(entry.review_by)}"


def _draw_deprecated(scene: Scene, total: int) -> None:
    if not total:
        return
    with st.expander(f"Deprecated ({total}): kept, and never found", icon=":material/archive:"):
        for entry in scene.client.knowledge.entries(status=ReviewStatus.DEPRECATED, limit=SHOWN):
            _draw_card(scene, entry)
