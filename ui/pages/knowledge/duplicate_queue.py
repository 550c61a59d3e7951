"""The queue of entries that may tell the same: side by side, to be merged or kept apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

from assistant.client import ServerRefused
from knowledge_base import DuplicatePair, Entry
from ui.pages.address import choice_in_address
from ui.pages.entry_card import link_to_entry
from ui.pages.entry_marks import badges
from ui.pages.heading import author, show_heading
from ui.pages.knowledge.pair_view import FieldPair, Side, field_pairs, marked, merge_choices, stays_usually
from ui.pages.scene import Scene, choose
from ui.pages.telling import attempt
from ui.pages.wording import as_text, count, day_and_time, percentage

PAIR_PARAMETER: Final = "pair"
_BETWEEN: Final = "~"
_SIDES: Final[dict[Side, str]] = {"one": "left", "other": "right", "both": "both, one after the other"}


def show_duplicates(scene: Scene) -> None:
    """Draw the pairs that wait, and the chosen one in full."""
    show_heading("Duplicates", "Entries that may tell the same. A merge keeps where both came from.")
    pairs = scene.client.knowledge.duplicates()
    if not pairs:
        st.info(
            "No two entries look like the same. Pairs appear here by themselves when an entry is written or imported "
            "that is much like another.",
            icon=":material/done_all:",
        )
        st.page_link(scene.knowledge_page, label="See what is known", icon=":material/menu_book:")
        return
    by_name = {f"{pair.one}{_BETWEEN}{pair.other}": pair for pair in pairs}
    labels = {name: _label(number, pair) for number, (name, pair) in enumerate(by_name.items(), start=1)}
    waiting = count(len(pairs), "pair waits", "pairs wait")
    name = choice_in_address(PAIR_PARAMETER, f"{waiting} for a decision", tuple(by_name), labels.__getitem__)
    _draw_pair(scene, by_name[name])


def _label(number: int, pair: DuplicatePair) -> str:
    return f"{number} · {percentage(pair.similarity)} alike · {pair.one} / {pair.other}"


def _draw_pair(scene: Scene, pair: DuplicatePair) -> None:
    try:
        one, other = scene.client.knowledge.entry(pair.one), scene.client.knowledge.entry(pair.other)
    except ServerRefused as error:
        st.warning("One of the two cannot be opened any longer.")
        st.text(error.detail)
        _draw_keep_both(scene, pair)
        return
    st.caption(f"Noticed {day_and_time(pair.found_at)} · what only one of them says is :orange-background[marked]")
    rows = field_pairs(one, other)
    differing = [row for row in rows if row.differs]
    stays = stays_usually(one, other)
    with st.form(f"merge_{pair.one}_{pair.other}"):
        _draw_heads(scene, one, other)
        for row in differing:
            _draw_row(pair, row, row.usual(stays))
        if not differing:
            st.caption("They say the same in every field.")
        st.radio(
            "Which one stays; the other is kept as deprecated, and points to it",
            ("one", "other"),
            index=("one", "other").index(stays),
            key=_key(pair, "stays"),
            format_func=lambda side: f"{_SIDES[side]}: {as_text((one if side == 'one' else other).title)}",
        )
        st.form_submit_button(
            "Merge", type="primary", icon=":material/merge:", on_click=_merge, args=(scene, pair, differing)
        )
    _draw_keep_both(scene, pair)
    same = [row for row in rows if not row.differs and row.one]
    if same:
        with st.expander(f"The same in both ({len(same)})", icon=":material/drag_handle:"):
            for row in same:
                st.caption(as_text(row.title))
                st.text(row.one)


def _draw_heads(scene: Scene, one: Entry, other: Entry) -> None:
    for place, entry, side in zip(st.columns(2, gap="large"), (one, other), ("Left", "Right"), strict=True):
        with place:
            st.caption(f"{side}: the {'elder' if side == 'Left' else 'younger'}")
            link_to_entry(scene, entry.id, f":blue[**{as_text(entry.title)}**]")
            st.markdown(badges(entry, scene.today))


def _draw_row(pair: DuplicatePair, row: FieldPair, usual: Side) -> None:
    st.markdown(f"**{as_text(row.title)}**")
    for place, said in zip(st.columns(2, gap="large"), marked(row.one, row.other), strict=True):
        place.markdown(said or ":gray[says nothing]")
    if not row.choices:
        st.caption("A merge keeps what both say.")
        return
    st.radio(
        f"{row.title}: take",
        row.choices,
        index=row.choices.index(usual),
        key=_key(pair, row.field),
        format_func=lambda side: _SIDES[side],
        horizontal=True,
    )


def _draw_keep_both(scene: Scene, pair: DuplicatePair) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "They are two different things", icon=":material/call_split:", on_click=_keep_both, args=(scene, pair)
        )
        st.caption("Both stay as they are, and nobody is asked about them again.")


def _merge(scene: Scene, pair: DuplicatePair, differing: Sequence[FieldPair]) -> None:
    keeps_one = st.session_state[_key(pair, "stays")] == "one"
    sides: dict[str, Side] = {row.field: st.session_state[_key(pair, row.field)] for row in differing if row.choices}
    keep, other = (pair.one, pair.other) if keeps_one else (pair.other, pair.one)
    choices = merge_choices(sides, keeps_one=keeps_one)
    done = attempt(
        lambda: scene.client.knowledge.merge(keep, other, choices, author()),
        lambda now: f"“{now.title}” now says what both said; {other} is deprecated.",
    )
    if done is not None:
        choose(PAIR_PARAMETER, None)


def _keep_both(scene: Scene, pair: DuplicatePair) -> None:
    done = attempt(
        lambda: scene.client.knowledge.keep_both(pair.one, pair.other, author()),
        lambda _: "Both stay; nobody is asked about these two again.",
    )
    if done is not None:
        choose(PAIR_PARAMETER, None)


def _key(pair: DuplicatePair, field: str) -> str:
    return f"pair_{pair.one}_{pair.other}_{field}"
