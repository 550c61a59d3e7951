"""What became of one entry whenever it was found."""

from __future__ import annotations

import streamlit as st

from knowledge_base import Entry, FeedbackCounts
from ui.pages.knowledge.outcome_words import outcome_line
from ui.pages.scene import Scene


def show_entry_outcomes(scene: Scene, entry: Entry) -> None:
    """Draw how often it was shown, opened, of help and misleading, and what people said."""
    became = scene.client.knowledge.outcomes_of(entry.id)
    show_counts(became.counts)
    said = [outcome for outcome in became.outcomes if outcome.outcome != "opened" or outcome.note]
    if not said:
        st.caption("Nobody has judged it yet. Whoever finds it can say whether it helped or misled.")
    for outcome in said:
        with st.container(border=True, gap="xsmall"):
            st.text(outcome_line(outcome))
            if outcome.note:
                st.text(outcome.note)


def show_counts(counts: FeedbackCounts) -> None:
    """Draw the four numbers."""
    with st.container(horizontal=True, gap="large"):
        for label, number in (
            ("Shown", counts.shown),
            ("Opened", counts.opened),
            ("Helped", counts.helped),
            ("Misled", counts.wrong),
        ):
            with st.container(width=90):
                st.metric(label, number)
