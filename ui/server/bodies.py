"""What requests to the API carry; the form of each is checked before anything is done with it."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from assistant.incidents import Correction

LONGEST_QUESTION: Final = 4000
_LONGEST_WINDOW_SECONDS: Final = 6 * 3600


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FeedbackBody(_Body):
    """What a person thinks of a diagnosis."""

    verdict: Literal["up", "down"]
    correction: Correction | None = None
    author: str = Field("", max_length=200)


class QuestionBody(_Body):
    """A question, about an incident or about the system now."""

    text: str = Field(min_length=1, max_length=LONGEST_QUESTION)
    incident_id: str | None = None


class DiagnosisBody(_Body):
    """What to diagnose: a recording on this machine, or the latest telemetry."""

    recording: str | None = None
    last_seconds: float | None = Field(None, gt=0, le=_LONGEST_WINDOW_SECONDS)


class RecordingBody(_Body):
    """What to freeze, and where to."""

    last_seconds: float = Field(gt=0, le=_LONGEST_WINDOW_SECONDS)
    out: str = Field(min_length=1)


class DrillBody(_Body):
    """A drill's result, which only evaluation reads: an id, and whatever else the drill says of itself."""

    model_config = ConfigDict(frozen=True, extra="allow")

    id: str = Field(pattern=r"^[A-Za-z0-9._-]+$", max_length=64)


class RecordingAnswer(_Body):
    """Where the recording lies."""

    path: str
