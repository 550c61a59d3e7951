"""What the API turns away before it looks at it: other people's web pages, and more than it can carry.

The API asks nobody who they are, because only this machine reaches it. But a web page that somebody on this machine
looks at is on this machine, too, and must not get to speak: neither under a name of its own that points here (then the
`Host` is foreign, which Starlette's `TrustedHostMiddleware` refuses), nor by sending a form here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BODY_BYTES: Final = 2**20
LARGEST_IMPORT_BYTES: Final = 2**26
"""Files come as Base64, which is a third larger than they are: 48 MiB of them fit."""
_LARGER: Final = {"/imports": LARGEST_IMPORT_BYTES}
_OWN_NAMES: Final = ("127.0.0.1", "localhost")
_HARMLESS_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_SITE: Final = frozenset({"same-origin", "none"})


def protect(app: Starlette, host: str) -> None:
    """Put the protection around an API that listens on a host."""
    # What is added last sees a request first.
    app.add_middleware(BodyLimit)
    app.add_middleware(NoForeignPages)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*_OWN_NAMES, host], www_redirect=False)


class NoForeignPages:
    """Refuses what a browser sends on behalf of another site's page, other than to read; reading it may not either."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] in _HARMLESS_METHODS or _is_own(Headers(scope=scope)):
            await self._app(scope, receive, send)
            return
        await _refuse(403, "a web page of another site may not change anything here")(scope, receive, send)


class BodyLimit:
    """Refuses bodies that are too large, as soon as that shows.

    Args:
        app: What is behind.
        largest_bytes: How large a body may be.
        larger: The paths to which larger ones may be sent, and how large.
    """

    def __init__(
        self, app: ASGIApp, largest_bytes: int = LARGEST_BODY_BYTES, larger: Mapping[str, int] = _LARGER
    ) -> None:
        self._app, self._largest_bytes, self._larger = app, largest_bytes, larger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        largest_bytes = self._larger.get(scope["path"], self._largest_bytes)
        try:
            body = await _read(Headers(scope=scope).get("content-length", ""), receive, largest_bytes)
        except ClientDisconnect:
            return
        if body is None:
            detail = f"the request is larger than {largest_bytes} bytes; send less"
            await _refuse(413, detail)(scope, receive, send)
            return
        given: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def again() -> Message:
            return given.pop() if given else await receive()

        await self._app(scope, again, send)


async def _read(announced: str, receive: Receive, largest_bytes: int) -> bytes | None:
    """Give the whole body, None where it is too large."""
    if announced.isdecimal() and int(announced) > largest_bytes:
        return None
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        if len(body) > largest_bytes:
            return None
        if not message.get("more_body", False):
            return bytes(body)


def _is_own(headers: Headers) -> bool:
    origin = headers.get("origin")
    own_origin = origin is None or origin == f"http://{headers.get('host', '')}"
    return own_origin and headers.get("sec-fetch-site", "none") in _OWN_SITE


def _refuse(status: int, detail: str) -> JSONResponse:
    return JSONResponse({"detail": detail}, status_code=status)
