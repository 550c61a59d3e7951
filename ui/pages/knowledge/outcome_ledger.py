"""The outcome ledger: what people made of what they found, and which rankings that changed."""

from __future__ import annotations

from typing import Final

import streamlit as st

from knowledge_base import LedgerLine, RankChange
from ui.pages.entry_card import link_to_entry
from ui.pages.heading import show_heading
from ui.pages.knowledge.ledger_view import change_in_words, count_rows, ranking_rows, verdict_badge
from ui.pages.knowledge.outcome_words import outcome_line
from ui.pages.scene import Scene
from ui.pages.wording import as_text, count

SHOWN: Final = 100
_ENTRY_WIDTH_PIXELS: Final = 170


def show_outcomes(scene: Scene) -> None:
    """Draw the judgements, newest first, beside the numbers of each entry."""
    show_heading(
        "Outcomes", "Which feedback changed which ranking. An entry that misled sinks; help brings it back up."
    )
    lines = scene.client.knowledge.outcomes(SHOWN)
    if not lines:
        st.info(
            "Nobody has judged anything yet. Search for what happened, or open an incident, and say of what is found "
            "whether it helped or misled.",
            icon=":material/thumbs_up_down:",
        )
        st.page_link(scene.knowledge_page, label="Search", icon=":material/search:")
        return
    judged = [line for line in lines if line.outcome.outcome != "opened"]
    with st.container(key="wrapping_outcomes"):
        judgements, numbers = st.columns(2, gap="large")
    with judgements:
        st.caption(f"{count(len(judged), 'judgement', 'judgements')}, the latest first")
        for line in judged:
            _draw_line(scene, line)
        if not judged:
            st.caption("Entries were opened, and nobody has said yet whether they helped.")
    with numbers:
        st.caption("How often each of them was shown, opened, of help and misleading")
        st.dataframe(
            count_rows(lines),
            hide_index=True,
            column_config={"entry": st.column_config.TextColumn(width=_ENTRY_WIDTH_PIXELS)},
            alt="Numbers of each entry",
        )


def _draw_line(scene: Scene, line: LedgerLine) -> None:
    with st.container(border=True, gap="xsmall"):
        st.markdown(f"{verdict_badge(line.outcome)} **{as_text(change_in_words(line.change))}**")
        link_to_entry(scene, line.outcome.entry_id, f":blue[{as_text(line.title)}]")
        st.caption(as_text(outcome_line(line.outcome)))
        if line.outcome.note:
            st.text(line.outcome.note)
        if line.change is not None:
            _draw_ranking(line.change)


def _draw_ranking(change: RankChange) -> None:
    with st.expander("The search, and its ranking then", type="compact"):
        st.text(change.recall.asked or "(no words: it was found by its signature)")
        st.dataframe(ranking_rows(change), hide_index=True, alt="The ranking of this search")
