"""The one HTTP client of the server: the command line, the pages and the drills all speak through it.

AssistantError
└── ServerError             the server could not be asked, or said no
    ├── ServerUnreachable   nobody answered
    ├── ServerRefused       it answered with an error of its own
    ├── ServerUnclear       it answered something that this version cannot read
    └── AnswerTooLate       a question was still being worked on when patience ran out
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, TypeAdapter, ValidationError

from assistant.diagnosis.values import Diagnosis
from assistant.errors import AssistantError
from assistant.incidents import Correction, Incident, IncidentStatus, Truth
from assistant.questions import Question, QuestionState
from assistant.server_status import ServerStatus, ServiceSignals
from knowledge_base import Entry, Match

POLL_SECONDS: Final = 0.25
_HTTP_OK_FROM, _HTTP_OK_UNTIL = 200, 300
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
    """A question was not answered within the time given; the server goes on working on it."""

    def __init__(self, question_id: str, timeout_seconds: float) -> None:
        super().__init__(question_id, timeout_seconds)
        self.question_id, self.timeout_seconds = question_id, timeout_seconds

    def __str__(self) -> str:
        return (
            f"question {self.question_id} is not answered after {self.timeout_seconds:g} s; "
            "the server goes on with it: ask for it again later, or wait longer"
        )


class AssistantClient:
    """Asks the server; the caller owns the HTTP client, with its base URL, its timeout and its lifetime.

    Every method raises:
        ServerUnreachable: Nobody answered, or not in time.
        ServerRefused: The server said no; `status` and `detail` say why (404: there is no such thing).
        ServerUnclear: What answered does not speak as this version does.
    """

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    @property
    def url(self) -> str:
        """Where the server is thought to be."""
        return str(self._http.base_url)

    def healthy(self) -> bool:
        """Say whether the server is up and means it."""
        return self._ask("GET", "/health", dict[str, Any]).get("status") == "ok"

    def status(self) -> ServerStatus:
        """Give the server in one glance."""
        return self._ask("GET", "/status", ServerStatus)

    def signals(self) -> list[ServiceSignals]:
        """Give the golden signals of every service now."""
        return self._ask("GET", "/signals", list[ServiceSignals])

    def incidents(self, status: IncidentStatus | None = None, limit: int = 50) -> list[Incident]:
        """List incidents, newest first; their evidence comes without its points to plot."""
        asked: dict[str, str | int] = {"limit": limit}
        if status is not None:
            asked["status"] = status.value
        return self._ask("GET", "/incidents", list[Incident], params=asked)

    def incident(self, incident_id: str) -> Incident:
        """Give one incident, whole."""
        return self._ask("GET", f"/incidents/{_segment(incident_id)}", Incident)

    def give_feedback(
        self,
        incident_id: str,
        verdict: Literal["up", "down"],
        correction: Correction | None = None,
        author: str = "",
    ) -> Incident:
        """Store what a person thinks of an incident's diagnosis."""
        body = {
            "verdict": verdict,
            "correction": correction.model_dump(mode="json") if correction else None,
            "author": author,
        }
        return self._ask("POST", f"/incidents/{_segment(incident_id)}/feedback", Incident, body=body)

    def acknowledge(self, incident_id: str) -> Incident:
        """Say that somebody looks after an incident."""
        return self._ask("POST", f"/incidents/{_segment(incident_id)}/acknowledge", Incident)

    def resolve(self, incident_id: str) -> Incident:
        """Say that an incident is over."""
        return self._ask("POST", f"/incidents/{_segment(incident_id)}/resolve", Incident)

    def tell_truth(self, incident_id: str, truth: Truth) -> Incident:
        """Attach what a drill really broke, after its diagnosis was scored."""
        body = truth.model_dump(mode="json")
        return self._ask("POST", f"/incidents/{_segment(incident_id)}/truth", Incident, body=body)

    def ask(self, text: str, incident_id: str | None = None) -> Question:
        """Put a question, about an incident or about the system now; the server answers in its own time."""
        return self._ask("POST", "/questions", Question, body={"text": text, "incident_id": incident_id})

    def question(self, question_id: str) -> Question:
        """Give a question with its answer as far as it is written."""
        return self._ask("GET", f"/questions/{_segment(question_id)}", Question)

    def questions(self, incident_id: str | None = None, limit: int = 20) -> list[Question]:
        """List the latest questions about an incident, or about the system as it is now, oldest first."""
        asked: dict[str, str | int] = {"limit": limit}
        if incident_id is not None:
            asked["incident_id"] = incident_id
        return self._ask("GET", "/questions", list[Question], params=asked)

    def wait_for_answer(
        self,
        question_id: str,
        timeout_seconds: float,
        on_update: Callable[[Question], None] = lambda _question: None,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> Question:
        """Ask for a question until it is done or failed, telling every change on the way.

        Args:
            question_id: The question.
            timeout_seconds: Patience.
            on_update: Told of the question as first seen and whenever it has changed since.
            sleep: Waits for so many seconds.
            clock: Seconds that only run forward.

        Raises:
            AnswerTooLate: Patience ran out; the server goes on working.
        """
        give_up_at = clock() + timeout_seconds
        seen: Question | None = None
        while True:
            question = self.question(question_id)
            if question != seen:
                on_update(question)
                seen = question
            if question.state in (QuestionState.DONE, QuestionState.FAILED):
                return question
            if clock() >= give_up_at:
                raise AnswerTooLate(question_id, timeout_seconds)
            sleep(POLL_SECONDS)

    def entries(self, limit: int = 100) -> list[Entry]:
        """List what the knowledge base holds."""
        return self._ask("GET", "/entries", list[Entry], params={"limit": limit})

    def entry(self, entry_id: str) -> Entry:
        """Give one entry."""
        return self._ask("GET", f"/entries/{_segment(entry_id)}", Entry)

    def search_entries(self, text: str, limit: int = 10) -> list[Match]:
        """Find the entries most like a text, best first."""
        return self._ask("GET", "/entries/search", list[Match], params={"q": text, "limit": limit})

    def diagnose(self, recording: str | None = None, last_seconds: float | None = None) -> Diagnosis:
        """Diagnose a recording on the server's disk, or the last so many seconds of telemetry."""
        body = {"recording": recording, "last_seconds": last_seconds}
        return self._ask("POST", "/diagnoses", Diagnosis, body=body)

    def record(self, last_seconds: float, out: str) -> str:
        """Freeze the last so many seconds of telemetry into a new folder; gives the folder's path."""
        return self._ask("POST", "/recordings", _Recorded, body={"last_seconds": last_seconds, "out": out}).path

    def drills(self, limit: int = 50) -> list[dict[str, Any]]:
        """List drill results, newest first; documents of the drills, which the server only keeps."""
        return self._ask("GET", "/drills", list[dict[str, Any]], params={"limit": limit})

    def add_drill(self, result: Mapping[str, Any]) -> None:
        """Keep a drill's result; it needs an `id`."""
        self._ask("POST", "/drills", dict[str, str], body=result)

    def _ask(
        self,
        method: str,
        path: str,
        kind: type[_Answer],
        *,
        params: Mapping[str, str | int] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> _Answer:
        try:
            response = self._http.request(method, path, params=params, json=body)
        except httpx.TimeoutException as error:
            raise ServerUnreachable(self.url, "it took too long to answer") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ServerUnreachable(self.url, str(error) or type(error).__name__) from error
        if not _HTTP_OK_FROM <= response.status_code < _HTTP_OK_UNTIL:
            raise ServerRefused(response.status_code, _detail(response))
        try:
            return TypeAdapter(kind).validate_json(response.content)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            problem = f"{where}: {first['msg']}" if where else first["msg"]
            raise ServerUnclear(str(response.url), problem) from error


class _Recorded(BaseModel):
    path: str


def _segment(identifier: str) -> str:
    """Make an identifier safe as one part of a path: it may come from an address bar."""
    return quote(identifier, safe="") or "-"


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
