"""Fields whose value lives in the address bar, so that a link leads to the same page with the same choices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import streamlit as st

from ui.pages.scene import choose, chosen

_LONGEST: Final = 500


def text_in_address(parameter: str, label: str, *, placeholder: str = "", icon: str | None = None) -> str:
    """Draw a text field that is kept in the address; gives what it says, trimmed."""
    key = f"address_{parameter}"
    # The address bar decides; the field only shows it.
    st.session_state[key] = chosen(parameter) or ""
    said = st.text_input(
        label,
        key=key,
        max_chars=_LONGEST,
        placeholder=placeholder or None,
        icon=icon,
        on_change=_store,
        args=(parameter, key),
    )
    return (said or "").strip()


def choice_in_address(
    parameter: str, label: str, options: Sequence[str], in_words: Callable[[str], str], *, as_bar: bool = False
) -> str:
    """Draw a choice that is kept in the address; what stands there and is no option counts as the first one.

    Args:
        parameter: Its name in the address.
        label: What is chosen.
        options: What there is to choose from; the first is not written down.
        in_words: Says an option, as Markdown where it is a bar.
        as_bar: Whether all options are seen at once, side by side.
    """
    key = f"address_{parameter}"
    wanted = chosen(parameter)
    st.session_state[key] = wanted if wanted in options else options[0]
    if as_bar:
        picked = st.segmented_control(
            label,
            options,
            key=key,
            required=True,
            format_func=in_words,
            label_visibility="collapsed",
            on_change=_store,
            args=(parameter, key, options[0]),
        )
    else:
        picked = st.selectbox(
            label, options, key=key, format_func=in_words, on_change=_store, args=(parameter, key, options[0])
        )
    return picked or options[0]


def number_in_address(parameter: str) -> int:
    """Read a counting number from the address, 1 where there is none."""
    said = chosen(parameter) or ""
    return int(said) if said.isdecimal() and len(said) <= 6 and int(said) >= 1 else 1


def _store(parameter: str, key: str, default: str = "") -> None:
    said = str(st.session_state[key] or "").strip()
    choose(parameter, said if said and said != default else None)
