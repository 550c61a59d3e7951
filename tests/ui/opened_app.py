"""An app that a test has opened, and what it says."""

from __future__ import annotations

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

OpenApp = Callable[..., AppTest]


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
