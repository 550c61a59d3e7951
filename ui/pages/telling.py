"""Doing what a person asked for, and saying on the next drawing how that went."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

import streamlit as st

from assistant.client import ServerError, ServerRefused
from ui.pages.wording import as_text

_KEY: Final = "told"
_Done = TypeVar("_Done")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is to be said: whether it went well, and how; the text may quote what somebody wrote."""

    well: bool
    text: str


def attempt(act: Callable[[], _Done], said: Callable[[_Done], str]) -> _Done | None:
    """Do something on the server; a refusal is said in the server's own words.

    Args:
        act: Asks the server.
        said: What to say of what it gave.

    Returns:
        What the server gave, None where it said no or could not be asked.
    """
    try:
        done = act()
    except ServerRefused as error:
        tell(error.detail, well=False)
    except ServerError as error:
        tell(str(error), well=False)
    else:
        tell(said(done))
        return done
    return None


def tell(text: str, *, well: bool = True) -> None:
    """Note what the page says once, on top, when it is drawn next."""
    st.session_state[_KEY] = Told(well=well, text=text)


def show_what_was_told() -> None:
    """Say what became of what was asked for last."""
    told: Told | None = st.session_state.pop(_KEY, None)
    if told is None:
        return
    if told.well:
        st.success(as_text(told.text), icon=":material/check:")
    else:
        st.error(as_text(told.text), icon=":material/block:")
