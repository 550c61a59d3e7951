"""Asking the server one thing over HTTP, and what can go wrong on the way.

AssistantError
└── ServerError             the server could not be asked, or said no
    ├── ServerUnreachable   nobody answered
    ├── ServerRefused       it answered with an error of its own
    ├── ServerUnclear       it answered something that this version cannot read
    └── AnswerTooLate       what was asked for was still being worked on when patience ran out
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final, TypeVar
from urllib.parse import quote

import httpx
from pydantic import TypeAdapter, ValidationError

from assistant.errors import AssistantError

_HTTP_OK_FROM: Final = 200
_HTTP_OK_UNTIL: Final = 300
_Answer = TypeVar("_Answer")


class ServerError(AssistantError):
    """Base of what can go wrong between this client and the server; the message says what to do next."""


class ServerUnreachable(ServerError):
    """Nobody answered at the server's address, or not in time."""

    def __init__(self, url: str, problem: str) -> None:
        super().__init__(url, problem)
        self.url, self.problem = url, problem

    def __str__(self) -> str:
        return (
            f"no Firedrill server answers at {self.url} ({self.problem}); "
            "start it with `firedrill up` or `firedrill serve`"
        )


class ServerRefused(ServerError):
    """The server answered with an error status and its reason."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(status, detail)
        self.status, self.detail = status, detail

    def __str__(self) -> str:
        return f"the server refused ({self.status}): {self.detail}"


class ServerUnclear(ServerError):
    """Something answered, and not as this version's server would."""

    def __init__(self, url: str, problem: str) -> None:
        super().__init__(url, problem)
        self.url, self.problem = url, problem

    def __str__(self) -> str:
        return (
            f"{self.url} answered something this version cannot read ({self.problem}); "
            "see that the address is a Firedrill server's, and of the same version"
        )


class AnswerTooLate(ServerError):
    """What was asked for is not done within the time given; the server goes on working on it."""

    def __init__(self, what: str, timeout_seconds: float) -> None:
        super().__init__(what, timeout_seconds)
        self.what, self.timeout_seconds = what, timeout_seconds

    def __str__(self) -> str:
        return (
            f"{self.what} is not done after {self.timeout_seconds:g} s; "
            "the server goes on with it: ask for it again later, or wait longer"
        )


class ServerCalls:
    """Asks a server; the caller owns the HTTP client, with its base URL, its timeout and its lifetime."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    @property
    def url(self) -> str:
        """Where the server is thought to be."""
        return str(self._http.base_url)

    def ask(
        self,
        method: str,
        path: str,
        kind: type[_Answer],
        *,
        params: Mapping[str, str | int | bool] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> _Answer:
        """Ask one thing and give the answer as a value of a kind.

        Raises:
            ServerUnreachable: Nobody answered, or not in time.
            ServerRefused: The server said no.
            ServerUnclear: What answered does not speak as this version does.
        """
        with self._translated():
            response = self._http.request(method, path, params=params, json=body)
        _require_ok(response)
        try:
            return TypeAdapter(kind).validate_json(response.content)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            problem = f"{where}: {first['msg']}" if where else first["msg"]
            raise ServerUnclear(str(response.url), problem) from error

    def text(self, path: str) -> str:
        """Ask for a text.

        Raises:
            ServerUnreachable: Nobody answered, or not in time.
            ServerRefused: The server said no.
        """
        with self._translated():
            response = self._http.get(path)
        _require_ok(response)
        return response.text

    def pieces(self, path: str, *, params: Mapping[str, str | int | bool]) -> Iterator[bytes]:
        """Ask for something large, and give it piece by piece as it comes.

        Raises:
            ServerUnreachable: Nobody answered, or not to the end.
            ServerRefused: The server said no.
        """
        with self._translated(), self._http.stream("GET", path, params=params) as response:
            if not _is_ok(response):
                response.read()
            _require_ok(response)
            yield from response.iter_bytes()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except httpx.TimeoutException as error:
            raise ServerUnreachable(self.url, "it took too long to answer") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ServerUnreachable(self.url, str(error) or type(error).__name__) from error


def segment(identifier: str) -> str:
    """Make an identifier safe as one part of a path: it may come from an address bar."""
    return quote(identifier, safe="") or "-"


def _is_ok(response: httpx.Response) -> bool:
    return _HTTP_OK_FROM <= response.status_code < _HTTP_OK_UNTIL


def _require_ok(response: httpx.Response) -> None:
    if not _is_ok(response):
        raise ServerRefused(response.status_code, _detail(response))


def _detail(response: httpx.Response) -> str:
    """Read the server's reason; FastAPI gives a list of problems when a request's form is wrong."""
    try:
        detail = response.json()["detail"]
    except (ValueError, KeyError, TypeError):
        return response.text.strip()[:500] or response.reason_phrase
    if isinstance(detail, list):
        return "; ".join(_problem(part) for part in detail)
    return str(detail)


def _problem(part: object) -> str:
    if not isinstance(part, Mapping) or "msg" not in part:
        return str(part)
    where = ".".join(str(step) for step in part.get("loc", ()))
    return f"{where}: {part['msg']}" if where else str(part["msg"])
