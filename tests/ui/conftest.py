"""A served world and the app that looks at it."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
import streamlit as st
from contract_server import World, contract_server
from opened_app import OpenApp
from streamlit.testing.v1 import AppTest

from ui.pages.launch import APP, SERVER_URL_VARIABLE


@pytest.fixture(scope="session", autouse=True)
def ctrl_c_counts() -> Iterator[None]:
    """Undo what shells do to commands in their background: they, and all that they start, ignore Ctrl-C."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def server_url(world: World) -> Iterator[str]:
    with contract_server(world) as url:
        yield url


@pytest.fixture
def open_app(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenApp]:
    """Open the app against a server, with parts of its address such as `incident="inc-1"`."""

    def opened(url: str, **address: str) -> AppTest:
        monkeypatch.setenv(SERVER_URL_VARIABLE, url)
        app = AppTest.from_file(str(APP), default_timeout=30)
        for name, value in address.items():
            app.query_params[name] = value
        return app.run()

    yield opened
    st.cache_resource.clear()
