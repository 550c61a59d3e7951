"""What can be asked of the server, one function a route; each only translates between HTTP and the workspace."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from fastapi import APIRouter, HTTPException

from assistant.diagnosis import Diagnosis, diagnose_folder
from assistant.incident_watch import acknowledged, resolved
from assistant.incidents import Feedback, Incident, IncidentStatus, Truth
from assistant.journal import without_plots
from assistant.questions import Question
from assistant.server_status import DetectorBreach, DetectorState, ServerStatus, ServiceSignals, TelemetryState
from ui import __version__
from ui.server.bodies import (
    DiagnosisBody,
    DrillBody,
    FeedbackBody,
    QuestionBody,
    RecordingAnswer,
    RecordingBody,
)
from ui.server.owned import Asked, Limit, Owned, Watching
from ui.server.recalled import all_known_now, as_known_now
from ui.server.workspace import Workspace

router = APIRouter()


@router.get("/health")
def health() -> dict[str, str]:
    """Say that the server is up."""
    return {"status": "ok"}


@router.get("/status")
def status(workspace: Owned, watcher: Watching) -> ServerStatus:
    """Give the server in one glance."""
    seen = watcher.latest
    drills = [json.loads(document) for document in workspace.journal.drills(limit=20)]
    return ServerStatus(
        version=__version__,
        system=workspace.system,
        workspace=str(workspace.settings.workspace.path),
        telemetry=TelemetryState(
            newest=seen.newest if seen else None,
            age_seconds=_age(seen.newest, workspace) if seen else None,
            problem=seen.problem if seen else None,
        ),
        detector=DetectorState(
            last_run=seen.at if seen else None,
            baseline_seconds=seen.baseline_seconds if seen else 0.0,
            breaches=tuple(
                DetectorBreach(service=one.service, signal=one.signal, description=one.description)
                for one in (seen.breaches if seen else ())
            ),
        ),
        open_incidents=len(workspace.journal.incidents(status=IncidentStatus.OPEN)),
        entries=workspace.knowledge.count(),
        model=workspace.model_writer.name if workspace.model_writer else None,
        drills=tuple(drills),
    )


@router.get("/signals")
def signals(watcher: Watching) -> list[ServiceSignals]:
    """Give the golden signals of every service as last read."""
    seen = watcher.latest
    return [
        ServiceSignals(
            service=one.service,
            requests_per_second=one.requests_per_second,
            error_ratio=one.error_ratio,
            latency_p95_ms=one.latency_p95_ms,
        )
        for one in (seen.signals if seen else ())
    ]


@router.get("/incidents")
def list_incidents(workspace: Owned, status: IncidentStatus | None = None, limit: Limit = 50) -> list[Incident]:
    """List incidents, newest first, without the points of their plots."""
    incidents = all_known_now(workspace.journal.incidents(status=status, limit=limit), workspace.knowledge)
    return [one.model_copy(update={"diagnosis": without_plots(one.diagnosis)}) for one in incidents]


@router.get("/incidents/{incident_id}")
def show_incident(workspace: Owned, incident_id: str) -> Incident:
    """Give one incident, whole."""
    return as_known_now(workspace.journal.incident(incident_id), workspace.knowledge)


@router.post("/incidents/{incident_id}/feedback")
def give_feedback(workspace: Owned, watcher: Watching, incident_id: str, body: FeedbackBody) -> Incident:
    """Store what a person thinks of the diagnosis, and teach it to the knowledge base, later if it cannot be now."""
    feedback = Feedback(at=workspace.clock(), verdict=body.verdict, correction=body.correction, author=body.author)
    workspace.journal.change_incident(
        incident_id, lambda now: now.model_copy(update={"feedback": (*now.feedback, feedback)})
    )
    watcher.remember(incident_id)
    return as_known_now(workspace.journal.incident(incident_id), workspace.knowledge)


@router.post("/incidents/{incident_id}/acknowledge")
def acknowledge(workspace: Owned, incident_id: str) -> Incident:
    """Note that somebody looks after it; only the first time counts."""
    at = workspace.clock()
    incident = workspace.journal.change_incident(incident_id, lambda now: acknowledged(now, at))
    return as_known_now(incident, workspace.knowledge)


@router.post("/incidents/{incident_id}/resolve")
def resolve(workspace: Owned, incident_id: str) -> Incident:
    """End an incident by hand."""
    at = workspace.clock()
    incident = workspace.journal.change_incident(
        incident_id, lambda now: now if now.status is IncidentStatus.RESOLVED else resolved(now, at)
    )
    return as_known_now(incident, workspace.knowledge)


@router.post("/incidents/{incident_id}/truth")
def tell_truth(workspace: Owned, incident_id: str, truth: Truth) -> Incident:
    """Attach what a drill really broke, after scoring, and teach it to the knowledge base."""
    workspace.journal.change_incident(incident_id, lambda now: now.model_copy(update={"truth": truth}))
    return as_known_now(workspace.remember(incident_id), workspace.knowledge)


@router.post("/questions", status_code=202)
def ask(desk: Asked, body: QuestionBody) -> Question:
    """Take a question; its answer grows under `/questions/{id}`."""
    if not body.text.strip():
        raise HTTPException(422, "the question is empty; ask something, such as: what is wrong with checkout?")
    return desk.take(body.text, body.incident_id)


@router.get("/questions")
def list_questions(workspace: Owned, incident_id: str | None = None, limit: Limit = 20) -> list[Question]:
    """List the latest questions about an incident, or about the system now, oldest first.

    Only the newest diagnosis among them comes with the points of its plots.
    """
    questions = all_known_now(workspace.journal.questions(incident_id=incident_id, limit=limit), workspace.knowledge)
    newest = next((one.id for one in reversed(questions) if one.diagnosis is not None), None)
    return [
        one if one.id == newest else one.model_copy(update={"diagnosis": without_plots(one.diagnosis)})
        for one in questions
    ]


@router.get("/questions/{question_id}")
def show_question(workspace: Owned, question_id: str) -> Question:
    """Give a question with its answer as far as it is written."""
    return as_known_now(workspace.journal.question(question_id), workspace.knowledge)


@router.post("/diagnoses")
def diagnose(workspace: Owned, body: DiagnosisBody) -> Diagnosis:
    """Diagnose a recording on this machine, or the latest telemetry."""
    if body.recording is not None and body.last_seconds is None:
        with _naming_the_path(body.recording):
            return diagnose_folder(_absolute("recording", body.recording))
    if body.recording is not None or body.last_seconds is None:
        raise HTTPException(422, "give either a recording or last_seconds")
    name = f"now-{workspace.clock():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    window = timedelta(seconds=body.last_seconds)
    return workspace.investigator.diagnose_now(name, earlier=workspace.earlier_incidents(), window=window)


@router.post("/recordings", status_code=201)
def record(workspace: Owned, body: RecordingBody) -> RecordingAnswer:
    """Freeze the latest telemetry into a new folder on this machine."""
    out = _absolute("out", body.out)
    with _naming_the_path(body.out):
        folder = workspace.investigator.record(
            f"by-hand-{workspace.clock():%Y%m%d-%H%M%S}",
            earlier=workspace.earlier_incidents(),
            out=out,
            description="recorded by hand",
            window=timedelta(seconds=body.last_seconds),
        )
    return RecordingAnswer(path=str(folder))


@router.get("/drills")
def list_drills(workspace: Owned, limit: Limit = 50) -> list[dict[str, Any]]:
    """List drill results, newest first."""
    return [json.loads(document) for document in workspace.journal.drills(limit=limit)]


@router.post("/drills", status_code=201)
def add_drill(workspace: Owned, body: DrillBody) -> dict[str, str]:
    """Keep a drill's result."""
    workspace.journal.add_drill(body.id, body.model_dump_json())
    return {"id": body.id}


def _absolute(what: str, path: str) -> Path:
    if not Path(path).is_absolute() or "\0" in path:
        raise HTTPException(422, f"{what} must be an absolute path, got {path!r}")
    return Path(path)


@contextmanager
def _naming_the_path(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:  # A name that is too long, a folder that may not be looked into.
        raise HTTPException(422, f"{path!r} cannot be used: {error.strerror or error}") from error


def _age(newest: datetime | None, workspace: Workspace) -> float | None:
    return None if newest is None else max(0.0, (workspace.clock() - newest).total_seconds())
