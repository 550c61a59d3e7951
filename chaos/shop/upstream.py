"""Calling another service of the shop, and saying plainly what it was when that fails."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import httpx

from chaos.shop.errors import BadInput, CardDeclined, NotFound, OutOfStock, Refused, UpstreamFailed

# An answer of these kinds is about the request, not about the service, and is handed on as it is.
_HANDED_ON: Mapping[int, type[Refused]] = {kind.status: kind for kind in (BadInput, CardDeclined, NotFound, OutOfStock)}
# Shorter than the 30 s after which a service closes an idle connection, so that none is closed while it is taken.
KEEPALIVE_SECONDS = 10.0

log = logging.getLogger(__name__)


class Upstream:
    """One service that this one calls.

    Attributes:
        name: Its name in the shop.
    """

    def __init__(self, name: str, base_url: str, timeout_seconds: float) -> None:
        self.name = name
        self._timeout_seconds = timeout_seconds
        self._client = httpx.AsyncClient(
            base_url=base_url,
            timeout=timeout_seconds,
            limits=httpx.Limits(max_connections=64, max_keepalive_connections=32, keepalive_expiry=KEEPALIVE_SECONDS),
            trust_env=False,
        )

    async def call(
        self, method: str, path: str, *, params: Mapping[str, str] | None = None, body: Mapping[str, Any] | None = None
    ) -> Any:
        """Send one request and give back the decoded answer.

        Raises:
            UpstreamFailed: It could not be reached (503), took too long (504), or failed or broke off (502).
            Refused: It answered that the request itself is at fault.
        """
        try:
            response = await self._client.request(
                method, path, params=params, json=body, extensions={"peer": self.name}
            )
        except httpx.TimeoutException as error:
            problem = f"did not answer {method} {path} within {self._timeout_seconds:g} s"
            raise self._failed(problem, 504) from error
        except httpx.ConnectError as error:
            raise self._failed(f"could not be reached for {method} {path}: {error}", 503) from error
        except httpx.TransportError as error:
            problem = f"broke off {method} {path}: {type(error).__name__}: {error}"
            raise self._failed(problem, 502) from error
        return self._understand(response, f"{method} {path}")

    async def close(self) -> None:
        """Close its connections."""
        await self._client.aclose()

    def _understand(self, response: httpx.Response, asked: str) -> Any:
        try:
            answer = response.json()
        except ValueError as error:
            problem = f"answered {asked} with {response.status_code} and something that is not JSON"
            raise self._failed(problem, 502) from error
        if response.is_success:
            return answer
        said = answer.get("error", "") if isinstance(answer, dict) else ""
        if response.status_code in _HANDED_ON:
            raise _HANDED_ON[response.status_code](said)
        raise self._failed(f"answered {asked} with {response.status_code}: {said}", 502)

    def _failed(self, problem: str, status: int) -> UpstreamFailed:
        log.warning("call to %s failed: it %s", self.name, problem)
        return UpstreamFailed(self.name, problem, status)
