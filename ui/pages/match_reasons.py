"""Why an entry was found: the words, signals and labels that it shares with what was asked, and its places."""

from __future__ import annotations

from typing import Final

import streamlit as st

from knowledge_base import Match
from ui.pages.wording import as_text, percentage

_CHIPS_SHOWN: Final = 12
_CHANNELS: Final = {"dense": "by meaning", "words": "by words", "signature": "by signature"}


def show_reasons(match: Match) -> None:
    """Draw why a match was found: chips first, for they are read at a glance, then sentences."""
    st.caption("Why it was found")
    chips = reason_chips(match)
    if chips:
        st.markdown("  \n".join(chips))
    # What the chips say already is not said again; a match of an older version has sentences only.
    if match.why and not chips:
        st.markdown("\n".join(f"- {as_text(reason)}" for reason in match.why))
    st.caption(reason_numbers(match))


def reason_chips(match: Match) -> tuple[str, ...]:
    """Give a line of chips, as Markdown, for each sort of thing that is shared."""
    rows = (("words", match.words, "blue"), ("signals", match.signals, "violet"), ("labels", match.labels, "green"))
    return tuple(_row(name, shared, colour) for name, shared, colour in rows if shared)


def reason_numbers(match: Match) -> str:
    """Say how alike it is in each way of comparing, and what feedback made of that, as Markdown."""
    said = [f"{_CHANNELS[channel]} #{rank}" for channel, rank in sorted(match.ranks.items(), key=lambda one: one[1])]
    said.append(f"texts {percentage(max(match.text_similarity, 0.0))} alike")
    if match.signature_similarity is not None:
        said.append(f"signatures {percentage(match.signature_similarity)} alike")
    if match.feedback < 1:
        said.append(f"lowered to {percentage(match.feedback)} of its score, because it misled before")
    return " · ".join(as_text(part) for part in said)


def _row(name: str, shared: tuple[str, ...], colour: str) -> str:
    chips = [f":{colour}-badge[{as_text(one)}]" for one in shared[:_CHIPS_SHOWN]]
    more = f" :gray[and {len(shared) - _CHIPS_SHOWN} more]" if len(shared) > _CHIPS_SHOWN else ""
    return f":gray[{name}] {' '.join(chips)}{more}"
