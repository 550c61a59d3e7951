"""Where questions are answered, in the server and not in the page: a reload or a second viewer loses nothing."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

from assistant.answers import AnswerRequest, Operation, answer, names_in, scope_of
from assistant.diagnosis import Diagnosis
from assistant.incidents import Incident, IncidentStatus
from assistant.questions import Question, QuestionState
from knowledge_base import Found
from telemetry import GoldenSignals, Observation
from ui.server.recalled import as_known_now
from ui.server.watcher import EXPECTED_FAILURES, Watcher
from ui.server.workers import Workers
from ui.server.workspace import Workspace

_log = logging.getLogger(__name__)

_MOST_WAITING: Final = 50
_LATELY: Final = timedelta(minutes=2)


@dataclass(frozen=True)
class _Findings:
    """What an answer is written from."""

    diagnosis: Diagnosis | None
    similar: Found
    incident: Incident | None


class TooManyQuestions(Exception):
    """More questions wait than anybody will wait for; the message says what to do."""

    def __init__(self, waiting: int) -> None:
        super().__init__(waiting)
        self.waiting = waiting

    def __str__(self) -> str:
        return f"{self.waiting} questions wait already; ask again when some are answered"


class Desk:
    """Takes questions and works on them in the order in which they come, writing down every step."""

    def __init__(self, workspace: Workspace, watcher: Watcher, workers: Workers) -> None:
        self._workspace, self._watcher, self._workers = workspace, watcher, workers

    def take(self, text: str, incident_id: str | None) -> Question:
        """Accept a question; the answer grows in the journal.

        Raises:
            NotFound: There is no such incident.
            TooManyQuestions: Too many are waiting.
        """
        if incident_id is not None:
            self._workspace.journal.incident(incident_id)
        if (waiting := self._workers.waiting) >= _MOST_WAITING:
            raise TooManyQuestions(waiting)
        now = self._workspace.clock()
        question = Question(
            id=f"q-{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}", text=text, incident_id=incident_id, asked_at=now
        )
        self._workspace.journal.save_question(question)
        self._workers.submit(partial(self._work_on, question))
        return question

    def resume(self) -> None:
        """Take up the questions that an earlier server left unanswered, from their beginning."""
        for left in self._workspace.journal.unfinished_questions():
            fresh = Question(id=left.id, text=left.text, incident_id=left.incident_id, asked_at=left.asked_at)
            self._workspace.journal.save_question(fresh)
            self._workers.submit(partial(self._work_on, fresh))

    def _work_on(self, question: Question) -> None:
        try:
            self._answer(question)
        except Exception as error:
            if self._workers.stopping:
                return  # What it needs is being closed; the next server takes it up again.
            if isinstance(error, EXPECTED_FAILURES):
                _log.warning("question %s failed: %s", question.id, error)
                self._fail(question.id, f"No answer could be made: {str(error).rstrip('.')}.")
                return
            # The asker must not wait for ever because of a mistake of ours.
            self._fail(question.id, "No answer could be made because of a mistake of ours; the server's log has it.")
            raise

    def _answer(self, question: Question) -> None:
        notes = _Notes(self._workspace, question)
        findings = self._find(notes, question)
        similar = findings.similar
        notes.update(diagnosis=findings.diagnosis, similar=similar.matches, recall_id=similar.recall_id)
        request = self._request(question, findings)
        model = self._workspace.model_writer
        notes.step(f"Asking {model.name} to word it" if model else "Writing the answer from the evidence")
        for piece in answer(request, model, self._workspace.writer):
            if piece.kind == "text":
                notes.update(answer=notes.question.answer + piece.text)
            elif piece.kind == "replaced":
                notes.update(answer="", notice=piece.text)
            else:
                notes.update(answered_by=piece.text, citations=piece.citations, state=QuestionState.DONE)

    def _find(self, notes: _Notes, question: Question) -> _Findings:
        incident = self._incident_for(question)
        if incident is not None and incident.diagnosis is not None:
            notes.step(f"Reading what is known of {incident.id}")
            incident = as_known_now(incident, self._workspace.knowledge)
            known = Found(recall_id=incident.recall_id, matches=incident.similar)
            return _Findings(incident.diagnosis, known, incident)
        investigator = self._workspace.investigator
        notes.step("Comparing the last ten minutes of telemetry with what was normal")
        diagnosis = investigator.diagnose_now(question.id, earlier=self._workspace.earlier_incidents())
        if diagnosis.top is None:
            return _Findings(diagnosis, Found(recall_id="", matches=()), incident)
        notes.step("Looking for incidents that looked like this")
        text = " ".join(item.summary for item in diagnosis.evidence)
        return _Findings(diagnosis, investigator.similar_to(diagnosis, text), incident)

    def _incident_for(self, question: Question) -> Incident | None:
        journal = self._workspace.journal
        if question.incident_id is not None:
            return journal.incident(question.incident_id)
        # Asked about the system while an incident is open: that is what the system's state is.
        return next(iter(journal.incidents(status=IncidentStatus.OPEN)), None)

    def _request(self, question: Question, findings: _Findings) -> AnswerRequest:
        observation = self._watcher.latest
        services, operations = names_in(findings.diagnosis) if findings.diagnosis else ((), ())
        heard = tuple(signals.service for signals in observation.signals) if observation else ()
        seen = self._operations() if not operations else ()
        return AnswerRequest(
            question=question.text,
            now=self._workspace.clock(),
            diagnosis=findings.diagnosis,
            similar=findings.similar.matches,
            incident_title=findings.incident.title if findings.incident else None,
            timeline=findings.incident.timeline if findings.incident else None,
            signals=_lines(observation),
            scope=scope_of(question.text, dict.fromkeys((*heard, *services)), dict.fromkeys((*operations, *seen))),
        )

    def _operations(self) -> tuple[Operation, ...]:
        """Operations served lately, so that a healthy one can be asked about by name."""
        now = self._workspace.clock()
        spans = self._workspace.source.spans(now - _LATELY, now, kinds=("SERVER", "CONSUMER"))
        pairs = spans[["service", "name"]].drop_duplicates().itertuples(index=False)
        return tuple(Operation(str(service), str(name)) for service, name in pairs)

    def _fail(self, question_id: str, notice: str) -> None:
        question = self._workspace.journal.question(question_id)
        self._workspace.journal.save_question(
            question.model_copy(update={"state": QuestionState.FAILED, "notice": notice})
        )


class _Notes:
    """The question as it is being worked on; every change is kept at once, for whoever watches."""

    def __init__(self, workspace: Workspace, question: Question) -> None:
        self._journal = workspace.journal
        self.question = question.model_copy(update={"state": QuestionState.WORKING})
        self._journal.save_question(self.question)

    def step(self, text: str) -> None:
        self.update(steps=(*self.question.steps, text))

    def update(self, **changes: object) -> None:
        self.question = self.question.model_copy(update=changes)
        self._journal.save_question(self.question)


def _lines(observation: Observation | None) -> Mapping[str, tuple[str, ...]]:
    if observation is None:
        return {}
    return {signals.service: (_line(signals),) for signals in observation.signals}


def _line(signals: GoldenSignals) -> str:
    if not signals.request_count:
        return "no requests"
    errors = "errors unknown" if signals.error_ratio is None else f"{signals.error_ratio:.1%} errors"
    latency = "" if signals.latency_p95_ms is None else f", p95 {signals.latency_p95_ms:.0f} ms"
    return f"{signals.requests_per_second:.1f} requests/s, {errors}{latency}"
