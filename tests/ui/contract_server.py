"""A small real HTTP server that speaks the server's contract from memory: for testing clients of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import uvicorn
from contract_knowledge import KnowledgeWorld, add_knowledge
from contract_world import grown, incidents, payments_diagnosis
from fastapi import FastAPI, HTTPException
from fastapi.responses import JSONResponse

from assistant.incidents import Correction, Feedback, Incident, IncidentStatus, Truth
from assistant.questions import Question, QuestionState
from knowledge_base import Entry


@dataclass
class World:
    """What the contract server knows; tests look into it and change it."""

    incidents: list[Incident] = field(default_factory=incidents)
    known: KnowledgeWorld = field(default_factory=KnowledgeWorld)
    questions: list[Question] = field(default_factory=list)
    looks: dict[str, int] = field(default_factory=dict)
    breaches: list[dict[str, str]] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    looks_until_done: int = 4
    signals: list[dict[str, Any]] = field(
        default_factory=lambda: [
            {"service": "gateway", "requests_per_second": 12.4, "error_ratio": 0.21, "latency_p95_ms": 1930.0},
            {"service": "catalog", "requests_per_second": 7.9, "error_ratio": 0.0, "latency_p95_ms": 21.0},
            {"service": "orders", "requests_per_second": 3.1, "error_ratio": 0.34, "latency_p95_ms": 1890.0},
            {"service": "payments", "requests_per_second": 0.07, "error_ratio": 0.0, "latency_p95_ms": 12.0},
            {"service": "inventory", "requests_per_second": None, "error_ratio": None, "latency_p95_ms": None},
        ]
    )

    @property
    def entries(self) -> list[Entry]:
        return self.known.entries

    @entries.setter
    def entries(self, entries: list[Entry]) -> None:
        self.known.entries = entries

    def replace(self, incident: Incident) -> Incident:
        self.incidents = [incident if known.id == incident.id else known for known in self.incidents]
        return incident

    def incident(self, incident_id: str) -> Incident:
        for known in self.incidents:
            if known.id == incident_id:
                return known
        raise HTTPException(404, f"there is no incident {incident_id!r}")


def contract_app(world: World) -> FastAPI:
    app = FastAPI()

    @app.middleware("http")
    async def remember(request: Any, call_next: Any) -> Any:
        world.asked.append((request.method, str(request.url.path)))
        return await call_next(request)

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/status")
    def status() -> dict[str, Any]:
        now = datetime.now(UTC)
        return {
            "version": "0.1.0",
            "system": "shop",
            "workspace": "firedrill-workspace",
            "telemetry": {"newest": (now - timedelta(seconds=3)).isoformat(), "age_seconds": 3.2, "problem": None},
            "detector": {"last_run": now.isoformat(), "baseline_seconds": 450.0, "breaches": world.breaches},
            "open_incidents": sum(known.status is IncidentStatus.OPEN for known in world.incidents),
            "entries": len(world.entries),
            "model": None,
            "drills": [],
        }

    @app.get("/signals")
    def signals() -> list[dict[str, Any]]:
        return world.signals

    _add_incidents(app, world)
    _add_questions(app, world)
    add_knowledge(app, world.known)

    @app.post("/diagnoses")
    def diagnose(body: dict[str, Any]) -> Any:
        if body.get("recording") is None and body.get("last_seconds") is None:
            raise HTTPException(422, "give a recording or last_seconds")
        return payments_diagnosis()

    @app.post("/recordings")
    def record(body: dict[str, Any]) -> dict[str, str]:
        return {"path": body["out"]}

    @app.get("/nonsense/{rest}")
    def nonsense(rest: str) -> JSONResponse:
        return JSONResponse({"hello": rest})

    return app


def _add_incidents(app: FastAPI, world: World) -> None:
    @app.get("/incidents")
    def listed(status: IncidentStatus | None = None, limit: int = 50) -> list[Incident]:
        found = [known for known in world.incidents if status in (None, known.status)]
        return [_without_points(known) for known in found[:limit]]

    @app.get("/incidents/{incident_id}")
    def one(incident_id: str) -> Incident:
        return world.incident(incident_id)

    @app.post("/incidents/{incident_id}/feedback")
    def feedback(incident_id: str, body: dict[str, Any]) -> Incident:
        known = world.incident(incident_id)
        correction = Correction.model_validate(body["correction"]) if body.get("correction") else None
        said = Feedback(
            at=datetime.now(UTC), verdict=body["verdict"], correction=correction, author=body.get("author", "")
        )
        return world.replace(known.model_copy(update={"feedback": (*known.feedback, said)}))

    @app.post("/incidents/{incident_id}/acknowledge")
    def acknowledge(incident_id: str) -> Incident:
        return _stamp(world, incident_id, acknowledged=datetime.now(UTC))

    @app.post("/incidents/{incident_id}/resolve")
    def resolve(incident_id: str) -> Incident:
        known = _stamp(world, incident_id, resolved=datetime.now(UTC))
        return world.replace(known.model_copy(update={"status": IncidentStatus.RESOLVED}))

    @app.post("/incidents/{incident_id}/truth")
    def truth(incident_id: str, body: Truth) -> Incident:
        return world.replace(world.incident(incident_id).model_copy(update={"truth": body}))


def _add_questions(app: FastAPI, world: World) -> None:
    @app.post("/questions", status_code=202)
    def ask(body: dict[str, Any]) -> Question:
        if not body["text"].strip():
            raise HTTPException(422, "the question is empty; say what you want to know")
        question = Question(
            id=f"q-{len(world.questions) + 1}",
            text=body["text"],
            incident_id=body.get("incident_id"),
            asked_at=datetime.now(UTC),
        )
        world.questions.append(question)
        return question

    @app.get("/questions/{question_id}")
    def look(question_id: str) -> Question:
        # It grows with every look rather than with the clock, so that tests see every stage.
        for place, question in enumerate(world.questions):
            if question.id == question_id:
                stage = world.looks[question_id] = world.looks.get(question_id, 0) + 1
                pending = question.state in (QuestionState.WAITING, QuestionState.WORKING)
                world.questions[place] = grown(question, stage + 4 - world.looks_until_done) if pending else question
                return world.questions[place]
        raise HTTPException(404, f"there is no question {question_id!r}")

    @app.get("/questions")
    def listed(incident_id: str | None = None, limit: int = 20) -> list[Question]:
        return [question for question in world.questions if question.incident_id == incident_id][-limit:]


def _stamp(world: World, incident_id: str, **moments: datetime) -> Incident:
    known = world.incident(incident_id)
    return world.replace(known.model_copy(update={"timeline": known.timeline.model_copy(update=moments)}))


def _without_points(incident: Incident) -> Incident:
    if incident.diagnosis is None:
        return incident
    bare = tuple(evidence.model_copy(update={"series": ()}) for evidence in incident.diagnosis.evidence)
    return incident.model_copy(update={"diagnosis": incident.diagnosis.model_copy(update={"evidence": bare})})


@contextmanager
def contract_server(world: World, port: int = 0) -> Iterator[str]:
    """Serve a world on this machine, on a free port unless one is named; gives the address."""
    server = uvicorn.Server(uvicorn.Config(contract_app(world), host="127.0.0.1", port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, name="contract-server")
    thread.start()
    try:
        give_up_at = time.monotonic() + 20
        while not server.started:
            if not thread.is_alive() or time.monotonic() > give_up_at:
                raise RuntimeError("the contract server did not start")
            thread.join(0.02)
        served_port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{served_port}"
    finally:
        server.should_exit = True
        thread.join(20)
