"""What an answer is made from, what it is made of, and who may write one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from assistant.answers.scope import WHOLE_SYSTEM, Scope
from assistant.diagnosis.values import Diagnosis
from assistant.incidents import Timeline
from assistant.questions import Citation
from knowledge_base import Match


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRequest:
    """Everything that an answer may draw on.

    Attributes:
        question: As it was asked, in any language. Untrusted text.
        now: When it was asked, timezone-aware.
        diagnosis: What was found; None where there was nothing to make one from.
        similar: Entries that look alike, most alike first; they are cited as `K1`, `K2`, ... in this order.
        incident_title: One line, where the question is about an incident.
        timeline: That incident's times.
        signals: Readings of the golden signals now, service to plain lines; empty where none were taken.
        scope: What the question is about.
    """

    question: str
    now: datetime
    diagnosis: Diagnosis | None = None
    similar: tuple[Match, ...] = ()
    incident_title: str | None = None
    timeline: Timeline | None = None
    signals: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    scope: Scope = WHOLE_SYSTEM

    def __post_init__(self) -> None:
        if self.now.tzinfo is None:
            raise ValueError("now must be timezone-aware")


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerPiece:
    """One step of an answer as it grows.

    Attributes:
        kind: `text` adds Markdown to the answer; `replaced` takes back all text so far, if any, since what follows is
            written by our own code; `done` ends it.
        text: The Markdown; the reason in one sentence, for `Question.notice`; or who wrote it, for
            `Question.answered_by`.
        citations: What the whole answer cites; only on `done`.
    """

    kind: Literal["text", "replaced", "done"]
    text: str
    citations: tuple[Citation, ...] = ()


class AnswerWriter(Protocol):
    """Anything that turns a request into an answer."""

    @property
    def name(self) -> str:
        """Who writes: `evidence` for our own code, a model's name otherwise."""
        ...

    def write(self, request: AnswerRequest) -> Iterator[str]:
        """Yield the answer as Markdown, in sections or paragraphs that are joined as they are.

        Raises:
            AnswerUnusable: The answer so far must not be shown, and there will be no other.
        """
        ...
