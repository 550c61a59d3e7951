"""The one HTTP client of the server: the command line, the pages and the drills all speak through it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

import httpx
from pydantic import BaseModel

from assistant.diagnosis.values import Diagnosis
from assistant.incidents import Correction, Incident, IncidentStatus, Truth
from assistant.knowledge_client import KnowledgeClient
from assistant.questions import Question, QuestionState
from assistant.server_calls import (
    AnswerTooLate,
    ServerCalls,
    ServerError,
    ServerRefused,
    ServerUnclear,
    ServerUnreachable,
    segment,
)
from assistant.server_status import ServerStatus, ServiceSignals

__all__ = [
    "AnswerTooLate",
    "AssistantClient",
    "ServerError",
    "ServerRefused",
    "ServerUnclear",
    "ServerUnreachable",
]

POLL_SECONDS: Final = 0.25


class AssistantClient:
    """Asks the server; the caller owns the HTTP client, with its base URL, its timeout and its lifetime.

    Every method raises:
        ServerUnreachable: Nobody answered, or not in time.
        ServerRefused: The server said no; `status` and `detail` say why (404: there is no such thing).
        ServerUnclear: What answered does not speak as this version does.

    Attributes:
        knowledge: What the knowledge base can be asked.
    """

    def __init__(self, http: httpx.Client) -> None:
        self._calls = ServerCalls(http)
        self.knowledge = KnowledgeClient(self._calls)

    @property
    def url(self) -> str:
        """Where the server is thought to be."""
        return self._calls.url

    def healthy(self) -> bool:
        """Say whether the server is up and means it."""
        return self._calls.ask("GET", "/health", dict[str, Any]).get("status") == "ok"

    def status(self) -> ServerStatus:
        """Give the server in one glance."""
        return self._calls.ask("GET", "/status", ServerStatus)

    def signals(self) -> list[ServiceSignals]:
        """Give the golden signals of every service now."""
        return self._calls.ask("GET", "/signals", list[ServiceSignals])

    def incidents(self, status: IncidentStatus | None = None, limit: int = 50) -> list[Incident]:
        """List incidents, newest first; their evidence comes without its points to plot."""
        asked: dict[str, str | int] = {"limit": limit}
        if status is not None:
            asked["status"] = status.value
        return self._calls.ask("GET", "/incidents", list[Incident], params=asked)

    def incident(self, incident_id: str) -> Incident:
        """Give one incident, whole."""
        return self._calls.ask("GET", f"/incidents/{segment(incident_id)}", Incident)

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
        return self._calls.ask("POST", f"/incidents/{segment(incident_id)}/feedback", Incident, body=body)

    def acknowledge(self, incident_id: str) -> Incident:
        """Say that somebody looks after an incident."""
        return self._calls.ask("POST", f"/incidents/{segment(incident_id)}/acknowledge", Incident)

    def resolve(self, incident_id: str) -> Incident:
        """Say that an incident is over."""
        return self._calls.ask("POST", f"/incidents/{segment(incident_id)}/resolve", Incident)

    def tell_truth(self, incident_id: str, truth: Truth) -> Incident:
        """Attach what a drill really broke, after its diagnosis was scored."""
        body = truth.model_dump(mode="json")
        return self._calls.ask("POST", f"/incidents/{segment(incident_id)}/truth", Incident, body=body)

    def ask(self, text: str, incident_id: str | None = None) -> Question:
        """Put a question, about an incident or about the system now; the server answers in its own time."""
        return self._calls.ask("POST", "/questions", Question, body={"text": text, "incident_id": incident_id})

    def question(self, question_id: str) -> Question:
        """Give a question with its answer as far as it is written."""
        return self._calls.ask("GET", f"/questions/{segment(question_id)}", Question)

    def questions(self, incident_id: str | None = None, limit: int = 20) -> list[Question]:
        """List the latest questions about an incident, or about the system as it is now, oldest first."""
        asked: dict[str, str | int] = {"limit": limit}
        if incident_id is not None:
            asked["incident_id"] = incident_id
        return self._calls.ask("GET", "/questions", list[Question], params=asked)

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
                raise AnswerTooLate(f"question {question_id}", timeout_seconds)
            sleep(POLL_SECONDS)

    def diagnose(self, recording: str | None = None, last_seconds: float | None = None) -> Diagnosis:
        """Diagnose a recording on the server's disk, or the last so many seconds of telemetry."""
        body = {"recording": recording, "last_seconds": last_seconds}
        return self._calls.ask("POST", "/diagnoses", Diagnosis, body=body)

    def record(self, last_seconds: float, out: str) -> str:
        """Freeze the last so many seconds of telemetry into a new folder; gives the folder's path."""
        return self._calls.ask("POST", "/recordings", _Recorded, body={"last_seconds": last_seconds, "out": out}).path

    def drills(self, limit: int = 50) -> list[dict[str, Any]]:
        """List drill results, newest first; documents of the drills, which the server only keeps."""
        return self._calls.ask("GET", "/drills", list[dict[str, Any]], params={"limit": limit})

    def add_drill(self, result: Mapping[str, Any]) -> None:
        """Keep a drill's result; it needs an `id`."""
        self._calls.ask("POST", "/drills", dict[str, str], body=result)


class _Recorded(BaseModel):
    path: str
