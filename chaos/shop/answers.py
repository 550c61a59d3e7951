"""What goes over the wire: bodies read with care, and failures turned into answers."""

from __future__ import annotations

import json
import logging

from opentelemetry import trace
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chaos.shop.errors import BadInput, Refused

MAX_BODY_BYTES = 64 * 1024
MAX_TEXT = 200
# PostgreSQL's integer; a larger id cannot exist.
MAX_ID = 2**31 - 1

log = logging.getLogger(__name__)


class FailuresAsAnswers:
    """Middleware that turns what endpoints raise into JSON answers, logged, and recorded on the request's span.

    Starlette's own handling of what nobody expected is outside of every middleware, where the server span and its
    metrics no longer see the status.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and answer it here if that fails."""
        started = False

        async def noting_send(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, noting_send)
        except Refused as refusal:
            if started or scope["type"] != "http":
                raise
            await _refuse(refusal, scope, receive, send)
        except Exception as error:  # a defect in an endpoint: the caller gets an answer, the log all of it
            if started or scope["type"] != "http":
                raise
            span = trace.get_current_span()
            span.record_exception(error)
            log.exception("%s %s failed: %s: %s", scope["method"], scope["path"], type(error).__name__, error)
            answer = JSONResponse({"error": f"internal error: {type(error).__name__}"}, status_code=500)
            await answer(scope, receive, send)


async def refuse_unrouted(_request: Request, error: Exception) -> Response:
    """Answer a request for a path or method that the service does not have."""
    assert isinstance(error, HTTPException)  # noqa: S101 - Starlette calls a handler with what it is registered for
    return JSONResponse({"error": error.detail}, status_code=error.status_code, headers=error.headers)


async def _refuse(refusal: Refused, scope: Scope, receive: Receive, send: Send) -> None:
    if refusal.status >= 500:
        trace.get_current_span().record_exception(refusal)
        log.error("%s %s answers %d: %s", scope["method"], scope["path"], refusal.status, refusal)
    else:
        log.info("%s %s answers %d: %s", scope["method"], scope["path"], refusal.status, refusal)
    body = {"error": refusal.message} | ({"failed": refusal.failed} if refusal.failed else {})
    await JSONResponse(body, status_code=refusal.status)(scope, receive, send)


class Fields:
    """The fields of a JSON object that somebody sent, taken one by one and checked.

    Raises:
        BadInput: A field is missing or is not what it must be.
    """

    def __init__(self, values: object, where: str = "the body") -> None:
        if not isinstance(values, dict):
            raise BadInput(f"{where} must be a JSON object")
        self._values, self._where = values, where

    def has(self, name: str) -> bool:
        """Say whether a field was sent at all."""
        return name in self._values

    def text(self, name: str) -> str:
        """Take a text of 1 to 200 characters, in any language."""
        value = self._values.get(name)
        if not isinstance(value, str) or not 1 <= len(value.strip()) <= MAX_TEXT or not _storable(value):
            raise self._bad(name, f"a text of 1 to {MAX_TEXT} characters")
        return value.strip()

    def whole(self, name: str, smallest: int, largest: int, default: int | None = None) -> int:
        """Take a whole number of a range."""
        value = self._values.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or not smallest <= value <= largest:
            raise self._bad(name, f"a whole number from {smallest} to {largest}")
        return value

    def objects(self, name: str) -> list[Fields]:
        """Take a list of at least one JSON object."""
        value = self._values.get(name)
        if not isinstance(value, list) or not value:
            raise self._bad(name, "a list with at least one entry")
        return [Fields(entry, f"an entry of {name}") for entry in value]

    def _bad(self, name: str, expected: str) -> BadInput:
        return BadInput(f"{name} in {self._where} must be {expected}")


def _storable(text: str) -> bool:
    # PostgreSQL holds every character but NUL; JSON can spell halves of characters, which nothing can hold.
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


async def body_of(request: Request) -> Fields:
    """Read the JSON object in a request's body.

    Raises:
        BadInput: It is too large, not JSON, or not an object.
    """
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > MAX_BODY_BYTES:
            raise BadInput(f"the body must not be larger than {MAX_BODY_BYTES} bytes")
    try:
        return Fields(json.loads(received))
    except (ValueError, RecursionError) as error:
        raise BadInput(f"the body is not JSON: {error}") from error


def path_number(request: Request, name: str = "id") -> int:
    """Read a number from the path of a request.

    Raises:
        BadInput: It is not one.
    """
    return _number(request.path_params[name], name, smallest=1, largest=MAX_ID)


def query_number(request: Request, name: str, default: int, *, largest: int) -> int:
    """Read a number from the query of a request.

    Raises:
        BadInput: It is not one, or out of range.
    """
    value = request.query_params.get(name)
    return default if value is None else _number(value, name, smallest=1, largest=largest)


def query_text(request: Request, name: str) -> str:
    """Read a text that the query of a request must have.

    Raises:
        BadInput: It is missing or empty.
    """
    return Fields(dict(request.query_params), "the query").text(name)


def _number(value: str, name: str, *, smallest: int, largest: int) -> int:
    if not (value.isascii() and value.isdecimal() and len(value) <= 10 and smallest <= int(value) <= largest):
        raise BadInput(f"{name} must be a whole number from {smallest} to {largest}, not {value[:40]!r}")
    return int(value)
