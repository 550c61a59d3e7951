"""The pages' way to the server, and what is shown while there is none."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, ParamSpec

import httpx
import streamlit as st

from assistant.client import AssistantClient, ServerError, ServerRefused, ServerUnclear, ServerUnreachable
from ui.pages.launch import DEFAULT_SERVER_URL, SERVER_URL_VARIABLE
from ui.pages.wording import as_text

TIMEOUT_SECONDS: Final = 15.0
PATIENT_SECONDS: Final = 600.0
RETRY_SECONDS: Final = 2.0
_Arguments = ParamSpec("_Arguments")


def server_url() -> str:
    """Read the server's address from the environment."""
    return os.environ.get(SERVER_URL_VARIABLE, "").strip() or DEFAULT_SERVER_URL


@st.cache_resource(show_spinner=False, on_release=httpx.Client.close)
def open_connection(url: str) -> httpx.Client:
    """Open the one connection pool that all viewers of the pages share."""
    # A proxy for the outside world must not be asked for the server beside us.
    return httpx.Client(base_url=url, timeout=TIMEOUT_SECONDS, trust_env=False)


@contextmanager
def patient_client(url: str) -> Iterator[AssistantClient]:
    """Open a connection for something that the server needs minutes for, such as giving away all that it knows."""
    with httpx.Client(base_url=url, timeout=PATIENT_SECONDS, trust_env=False) as http:
        yield AssistantClient(http)


def redrawing_alone(
    run_every: float,
) -> Callable[[Callable[_Arguments, None]], Callable[_Arguments, None]]:
    """Make a part of a page redraw itself every so many seconds, without the rest of the page.

    When the server stops answering in the meantime, the whole page is redrawn, which then says so. Another problem
    of this part stays in this part.
    """

    def decorate(draw: Callable[_Arguments, None]) -> Callable[_Arguments, None]:
        @functools.wraps(draw)
        def draw_or_start_over(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> None:
            try:
                draw(*args, **kwargs)
            except ServerUnreachable:
                # Drawn with the whole page, this part leaves a gap, and finds out on its own in a moment.
                if _drawn_alone():
                    st.rerun()
            except ServerError as error:
                st.warning(as_text(str(error)), icon=":material/warning:")

        return st.fragment(draw_or_start_over, run_every=run_every)

    return decorate


def show_problem(client: AssistantClient, error: ServerError) -> None:
    """Say what is wrong with the server and what to start; looks again by itself."""
    if isinstance(error, ServerUnreachable):
        st.header("The server does not answer", divider="red")
        st.markdown("The pages show what the Firedrill server knows, and it cannot be reached at this address:")
        st.code(error.url, language=None)
        st.markdown("Start it in a terminal, with everything around it or on its own:")
        st.code("firedrill up\nfiredrill serve", language="bash")
        st.caption(
            f"It may listen elsewhere: the pages take its address from `{SERVER_URL_VARIABLE}`. "
            f"Reason given: {as_text(error.problem)}"
        )
        _look_again(client)
    elif isinstance(error, ServerUnclear):
        st.header("What answers is not this version's server", divider="red")
        st.text(str(error))
        _look_again(client)
    else:
        st.error("The server said no.", icon=":material/block:")
        st.text(error.detail if isinstance(error, ServerRefused) else str(error))


def _look_again(client: AssistantClient) -> None:
    if st.button("Try again now", icon=":material/refresh:"):
        st.rerun()
    st.fragment(_wait_for_server, run_every=RETRY_SECONDS)(client)


def _wait_for_server(client: AssistantClient) -> None:
    try:
        answers = client.healthy()
    except ServerError:
        answers = False
    if answers and _drawn_alone():
        st.rerun()
    st.caption(f":material/sync: Looking again every {RETRY_SECONDS:.0f} seconds; this page comes back by itself.")


def _drawn_alone() -> bool:
    """Say whether a fragment draws itself, rather than being drawn with the whole page."""
    context = st.runtime.scriptrunner.get_script_run_ctx()
    return context is not None and bool(context.fragment_ids_this_run)
