"""A served world and the app that looks at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import streamlit as st
from contract_server import World, contract_server
from streamlit.testing.v1 import AppTest

from ui.pages.launch import APP, SERVER_URL_VARIABLE

OpenApp = Callable[..., AppTest]


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


def everything_said(app: AppTest) -> str:
    """Gather all words that an app shows, whatever shows them."""
    kinds = (
        "title", "header", "subheader", "markdown", "caption", "text", "code",
        "info", "warning", "error", "success", "expander", "status", "button", "metric",
    )  # fmt: skip
    words: list[str] = []
    for kind in kinds:
        for element in app.get(kind):
            words += [str(getattr(element, name, "") or "") for name in ("label", "value")]
    for radio in app.radio:
        words += [str(option) for option in radio.options]
    return "\n".join(words)
