"""The retrieval lab: one question asked in every way, side by side, and what the reranker made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import streamlit as st

from assistant.client import ServerRefused
from knowledge_base import Comparison, Match, Question, Ranked
from knowledge_base.search.question import Channel
from ui.pages.entry_card import link_to_entry
from ui.pages.entry_marks import badges
from ui.pages.heading import show_heading
from ui.pages.knowledge.asked import show_filters, show_question
from ui.pages.knowledge.signature_text import BadSignature, signature_from
from ui.pages.match_reasons import show_reasons
from ui.pages.scene import Scene
from ui.pages.wording import as_text, duration, milliseconds

SHOWN: Final = 10
_CHANNELS: Final[dict[Channel, tuple[str, str]]] = {
    "dense": ("Meaning", "Cosine similarity of the embeddings."),
    "words": ("Words", "BM25 over texts and identifiers."),
    "signature": ("Signature", "Cosine similarity of the symptom signatures."),
}
_NOT_ASKED: Final[dict[Channel, str]] = {
    "dense": "Not asked: type some words.",
    "words": "Not asked: type some words.",
    "signature": "Not asked: paste a signature above.",
}


def show_lab(scene: Scene) -> None:
    """Draw the question and, once there is one, how each way of comparing ranks the entries."""
    show_heading("Retrieval lab", "Why a search finds what it finds. Nothing that is asked here counts as shown.")
    text = show_question()
    filters = show_filters()
    with st.expander("With a signature of symptoms", icon=":material/fingerprint:"):
        pasted = st.text_area(
            "Signature as JSON: feature name to strength from 0 to 1",
            key="lab_signature",
            placeholder='{"link_errors": 0.97, "latency": 0.8}',
            persist_state="page",
        )
    try:
        signature = signature_from(pasted or "")
    except BadSignature as problem:
        st.error(as_text(str(problem)), icon=":material/data_object:")
        return
    if not text and not signature:
        st.info(
            "Type what an engineer would type, such as “checkout fails, payments refuses connections”, or paste the "
            "signature of an incident: you see which entries each way of comparing puts on top, and why.",
            icon=":material/science:",
        )
        return
    try:
        compared = scene.client.knowledge.compare(Question(text=text, signature=signature, filters=filters), SHOWN)
    except ServerRefused as error:
        st.error(as_text(error.detail), icon=":material/block:")
        return
    _draw_comparison(scene, compared)


def _draw_comparison(scene: Scene, compared: Comparison) -> None:
    if not compared.fused and not compared.matches:
        st.info(
            "Nothing was found at all. Take the filters back, or import something to find.",
            icon=":material/search_off:",
        )
        return
    final = {match.entry.id: rank for rank, match in enumerate(compared.matches, start=1)}
    took = milliseconds(compared.seconds * 1000) if compared.seconds < 1 else duration(compared.seconds)
    st.caption(f"Took {took}. :violet-badge[→ 1] is the place of an entry after reranking, below.")
    with st.container(key="wrapping_lab"):
        *places, fused = st.columns(len(_CHANNELS) + 1, gap="small")
    for place, (channel, (title, meaning)) in zip(places, _CHANNELS.items(), strict=True):
        with place:
            _draw_ranking(title, meaning, compared.channels.get(channel), final, _NOT_ASKED[channel])
    with fused:
        _draw_ranking("Fused", "Reciprocal ranks of these, added up.", compared.fused, final, "")
    _draw_matches(scene, compared.matches, compared.least_score)


def _draw_ranking(
    title: str, meaning: str, ranking: Sequence[Ranked] | None, final: Mapping[str, int], not_asked: str
) -> None:
    st.markdown(f"**{title}**")
    st.caption(meaning)
    if ranking is None:
        st.caption(not_asked)
        return
    if not ranking:
        st.caption("Finds nothing.")
        return
    with st.container(border=True):
        st.markdown("\n".join(ranking_lines(ranking, final)))


def ranking_lines(ranking: Sequence[Ranked], final: Mapping[str, int]) -> tuple[str, ...]:
    """Give a line of a numbered list, as Markdown, for each entry: title, score, and its place in the end."""
    return tuple(
        f"{rank}. {as_text(one.title)} :gray[{one.score:.3g}]"
        + (f" :violet-badge[→ {final[one.entry_id]}]" if one.entry_id in final else "")
        for rank, one in enumerate(ranking, start=1)
    )


def _draw_matches(scene: Scene, matches: Sequence[Match], least_score: float) -> None:
    st.markdown("#### After reranking")
    is_drawn = False
    for rank, match in enumerate(matches, start=1):
        if match.score < least_score and not is_drawn:
            _draw_threshold(least_score, any_above=rank > 1)
            is_drawn = True
        with st.container(border=True, gap="xsmall"):
            link_to_entry(scene, match.entry.id, f":blue[**{rank} · {as_text(match.entry.title)}**]")
            st.markdown(f"{badges(match.entry, scene.today)} **{match.score:.3f}**")
            show_reasons(match)
    if not is_drawn:
        _draw_threshold(least_score, any_above=bool(matches))


def _draw_threshold(least_score: float, *, any_above: bool) -> None:
    above = "what is above counts as alike, what is below is not shown" if any_above else "nothing is similar enough"
    st.markdown(f":red[:material/horizontal_rule: **Threshold {least_score:.3f}**: {above}.]")
