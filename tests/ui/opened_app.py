"""An app that a test has opened, and what it says."""

from __future__ import annotations

import re
from collections.abc import Callable

from streamlit.testing.v1 import AppTest

OpenApp = Callable[..., AppTest]


def opened_page(open_app: OpenApp, url: str, page: str, **address: str) -> AppTest:
    """Open one of the pages, with parts of its address such as `entry="inc-1"`."""
    app = open_app(url)
    # AppTest only switches to pages that are files of their own; ours share one connection.
    pages = app._registered_pages
    app._page_hash = next(key for key, known in pages.items() if known.get("url_pathname") == page)
    for name, value in address.items():
        app.query_params[name] = value
    return app.run()


def press(app: AppTest, label: str) -> AppTest:
    """Press the first button that is called so."""
    next(button for button in app.button if button.label == label).click()
    return app.run()


def in_address(app: AppTest, parameter: str) -> str | None:
    """Read what stands in the address."""
    said = app.query_params.get(parameter)
    return said[0] if isinstance(said, list) else said


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


def has_markup_of_others(app: AppTest) -> bool:
    """Say whether a tag or an image that nobody of us wrote is read as such: nothing keeps it from being markup."""
    return re.search(r"(?<!\\)(<[a-z/]|!\[)", markdown_said(app)) is not None


def markdown_said(app: AppTest) -> str:
    """Gather only what is read as Markdown."""
    kinds = ("subheader", "markdown", "caption", "info", "warning", "error", "success")
    words = [str(element.value) for kind in kinds for element in app.get(kind)]
    words += [str(element.label) for kind in ("expander", "button") for element in app.get(kind)]
    words += [option for radio in app.radio for option in radio.options]
    words += [str(element.proto.label) for element in app.get("page_link")]
    return "\n".join(words)
