"""No more requests at once than the shop can carry: the others are told so at once."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

RETRY_AFTER_SECONDS = 1
# One line for each request refused would be a second flood.
SECONDS_BETWEEN_WARNINGS = 1.0
NEVER_REFUSED = frozenset({"/health", "/ready"})

log = logging.getLogger(__name__)


class Admission:
    """Middleware that refuses with 503 what comes while `most_in_flight` requests are being answered."""

    def __init__(self, app: ASGIApp, most_in_flight: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._app, self._most_in_flight, self._clock = app, most_in_flight, clock
        self._in_flight = 0
        self._refused = 0
        self._warned_at = float("-inf")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http" or scope["path"] in NEVER_REFUSED:
            await self._app(scope, receive, send)
            return
        if self._in_flight >= self._most_in_flight:
            self._note_refusal()
            answer = JSONResponse(
                {"error": "too many requests at once; try again soon", "failed": "gateway"},
                status_code=503,
                headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
            )
            await answer(scope, receive, send)
            return
        self._in_flight += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._in_flight -= 1

    def _note_refusal(self) -> None:
        self._refused += 1
        now = self._clock()
        if now - self._warned_at >= SECONDS_BETWEEN_WARNINGS:
            log.warning("refused %d requests: %d are in flight already", self._refused, self._in_flight)
            self._refused, self._warned_at = 0, now
