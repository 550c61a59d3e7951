"""An incident: its timeline, what noticed it, what it was diagnosed as, and what people said about that."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from assistant.diagnosis.values import Diagnosis, Hypothesis
from assistant.taxonomy import FaultKind
from knowledge_base import Match
from telemetry import Breach


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class IncidentStatus(StrEnum):
    """Where an incident stands."""

    OPEN = "open"
    RESOLVED = "resolved"


class Timeline(_Value):
    """When things happened, all UTC; each may be unknown, none may run backwards in the order given here.

    `diagnosed` may come after `mitigated`: people are sometimes faster than we are.
    """

    started: AwareDatetime | None = None
    detected: AwareDatetime
    acknowledged: AwareDatetime | None = None
    diagnosed: AwareDatetime | None = None
    mitigated: AwareDatetime | None = None
    resolved: AwareDatetime | None = None

    @model_validator(mode="after")
    def _runs_forward(self) -> Timeline:
        order: tuple[tuple[str, str], ...] = (
            ("started", "detected"),
            ("detected", "acknowledged"),
            ("detected", "diagnosed"),
            ("started", "mitigated"),
            ("detected", "resolved"),
            ("mitigated", "resolved"),
        )
        for earlier, later in order:
            first, second = getattr(self, earlier), getattr(self, later)
            if first is not None and second is not None and second < first:
                raise ValueError(f"{later} ({second.isoformat()}) lies before {earlier} ({first.isoformat()})")
        return self


class Correction(_Value):
    """What a person says it really was."""

    service: str | None = Field(None, max_length=200)
    kind: FaultKind | None = None
    note: str = Field("", max_length=4000)


class Feedback(_Value):
    """A verdict of a person on a diagnosis."""

    at: AwareDatetime
    verdict: Literal["up", "down"]
    correction: Correction | None = None
    author: str = ""


class Truth(_Value):
    """What a drill really broke; attached after the diagnosis was scored, never before."""

    service: str
    kind: FaultKind
    operation: str | None = None
    link: tuple[str, str] | None = None
    cause: str
    fix: str
    drill: str


class Incident(_Value):
    """One stretch in which the system was not well.

    Attributes:
        id: Unique, `inc-...`.
        system: Name of the system observed.
        title: One line; names the top cause once there is one.
        status: Open or resolved.
        timeline: When what happened.
        symptoms: What the detector saw, oldest first.
        recording: Folder of the frozen telemetry, relative to the workspace; None before it is frozen.
        diagnosis: The latest diagnosis; None before.
        similar: Known entries that looked like it, most alike first.
        recall_id: Under which that recall was noted, for feedback on it; empty where nothing was recalled.
        entry_id: The knowledge base entry made of it.
        feedback: What people said, oldest first.
        truth: For drills, after scoring.
    """

    id: str
    system: str
    title: str
    status: IncidentStatus = IncidentStatus.OPEN
    timeline: Timeline
    symptoms: tuple[Breach, ...] = ()
    recording: str | None = None
    diagnosis: Diagnosis | None = None
    similar: tuple[Match, ...] = ()
    recall_id: str = ""
    entry_id: str | None = None
    feedback: tuple[Feedback, ...] = ()
    truth: Truth | None = None


def names_the_cause(
    hypothesis: Hypothesis | None,
    *,
    service: str,
    kind: FaultKind,
    operation: str | None,
    link: tuple[str, str] | None,
) -> bool:
    """Say whether a hypothesis names what was really broken.

    Args:
        hypothesis: What was suspected; None names nothing.
        service: The service that was broken.
        kind: How it was broken.
        operation: The operation that was broken; None where any may be named, or none.
        link: `(caller, callee)` that was broken; None where any may be named, or none.
    """
    if hypothesis is None or (hypothesis.service, hypothesis.kind) != (service, kind):
        return False
    return operation in (None, hypothesis.operation) and link in (None, hypothesis.link)
