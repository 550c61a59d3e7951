"""A question somebody asked, and the answer as it grows; kept by the server so that no reload loses it."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from assistant.diagnosis.values import Diagnosis
from knowledge_base import Match


class QuestionState(StrEnum):
    """How far the work on a question has come."""

    WAITING = "waiting"
    WORKING = "working"
    DONE = "done"
    FAILED = "failed"


class Citation(BaseModel):
    """Something the answer points at: `E3` for evidence of the diagnosis, `K1` for a knowledge base entry."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    kind: Literal["evidence", "entry"]
    label: str
    entry_id: str | None = None


class Question(BaseModel):
    """One question and its answer.

    Attributes:
        id: Unique, `q-...`.
        text: As it was asked, in any language. Untrusted text.
        incident_id: The incident it is about; None for the system as it is now.
        asked_at: When.
        state: How far the work has come.
        steps: What has been done so far, in plain words, oldest first.
        answer: Markdown written by us, growing while `working`; text from telemetry is quoted as code in it.
        answered_by: `evidence` when our own code wrote it, the model's name otherwise.
        notice: Why a model's answer was not used, or why there is no answer; None when there is nothing to say.
        citations: Everything the answer cites.
        diagnosis: The diagnosis the answer speaks of, None where there was none to make.
        similar: Entries the answer may cite, most alike first: `K1`, `K2`, ...
        recall_id: Under which that recall was noted, for feedback on it; empty where nothing was recalled.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    text: str
    incident_id: str | None = None
    asked_at: AwareDatetime
    state: QuestionState = QuestionState.WAITING
    steps: tuple[str, ...] = ()
    answer: str = ""
    answered_by: str = "evidence"
    notice: str | None = None
    citations: tuple[Citation, ...] = ()
    diagnosis: Diagnosis | None = None
    similar: tuple[Match, ...] = ()
    recall_id: str = ""
