"""A link between two services fails: what it carries comes late, is cut off, or never arrives."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

import httpx

from chaos.errors import BadArgument, FaultError, ProxyUnreachable
from chaos.link import Behaviour, Mode
from chaos.sandbox import find_sandbox

_CONTROL_SECONDS: Final = 5.0
_BROKEN_MODES: Final = tuple(mode.value for mode in Mode if mode is not Mode.OPEN)


def break_link(link: str, mode: str, milliseconds: float = 0.0, jitter_milliseconds: float = 0.0) -> dict[str, Any]:
    """Disturb a link, connections open now included.

    Args:
        link: Caller and callee, such as `orders-payments`.
        mode: `delay`, `reset`, `swallow` or `refuse`.
        milliseconds: With `delay`, how much later requests arrive.
        jitter_milliseconds: With `delay`, the largest deviation from that.

    Raises:
        BadArgument: No such link or mode; nothing was touched.
        FaultError: The numbers do not fit the mode; nothing was touched.
        ProxyUnreachable: The proxy does not answer or refuses.
    """
    if mode not in _BROKEN_MODES:
        raise BadArgument("way to break a link", mode, _BROKEN_MODES)
    try:
        wanted = Behaviour(mode=Mode(mode), milliseconds=milliseconds, jitter_milliseconds=jitter_milliseconds)
    except ValueError as error:
        raise FaultError(f"link {link} cannot be broken like that: {error}") from error
    return _behave(link, wanted)


def mend_link(link: str) -> dict[str, Any]:
    """Let a link carry everything again.

    Raises:
        BadArgument: No such link.
        ProxyUnreachable: The proxy does not answer or refuses.
    """
    return _behave(link, Behaviour())


def link_state(link: str) -> dict[str, Any]:
    """Say what a link does, and how many connections it accepted and disturbed since the start.

    Raises:
        BadArgument: No such link.
        ProxyUnreachable: The proxy does not answer.
    """
    state = find_sandbox().state()
    name = state.link(link).name
    links = _ask("GET", f"{state.control_url}/links")["links"]
    return next(dict(each) for each in links if each["name"] == name)


def _behave(link: str, behaviour: Behaviour) -> dict[str, Any]:
    state = find_sandbox().state()
    wish: dict[str, Any] = {"mode": behaviour.mode.value}
    if behaviour.mode is Mode.DELAY:
        wish |= {"milliseconds": behaviour.milliseconds, "jitter_milliseconds": behaviour.jitter_milliseconds}
    return _ask("PUT", f"{state.control_url}/links/{quote(state.link(link).name)}", wish)


def _ask(method: str, url: str, wish: dict[str, Any] | None = None) -> dict[str, Any]:
    try:
        with httpx.Client(timeout=_CONTROL_SECONDS, trust_env=False) as client:
            answer = client.request(method, url, json=wish)
            content: dict[str, Any] = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise ProxyUnreachable(f"the link proxy at {url} did not answer ({error}); does the sandbox run?") from error
    if answer.is_error:
        raise ProxyUnreachable(f"the link proxy refused: {content.get('error', answer.status_code)}")
    return content
