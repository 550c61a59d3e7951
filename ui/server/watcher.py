"""The loop that looks at the telemetry every few seconds and opens, investigates and resolves incidents."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from assistant.errors import AssistantError
from assistant.incident_watch import judge
from assistant.incidents import Incident, IncidentStatus
from assistant.investigation import SURE_ENOUGH
from knowledge_base import KnowledgeBaseError
from telemetry import Observation, TelemetryError
from ui.server.workers import Workers
from ui.server.workspace import Workspace

_log = logging.getLogger(__name__)

# How long to wait after so many investigations that named no cause surely; the last goes on while it is open.
_PAUSES_SECONDS: Final = (0, 0, 0, 15, 45, 120, 300)
_STOP_SECONDS: Final = 2.0
# What can fail in one look without ending the watch.
EXPECTED_FAILURES: Final = (TelemetryError, AssistantError, KnowledgeBaseError, OSError)


@dataclass(frozen=True, slots=True)
class _Completed:
    """The investigations of one incident that came to an end, with or without a cause."""

    count: int
    at: datetime

    @property
    def next_due(self) -> datetime:
        return self.at + timedelta(seconds=_PAUSES_SECONDS[min(self.count, len(_PAUSES_SECONDS)) - 1])


class Watcher:
    """Runs the detector on its own thread. Nothing tells it that a drill runs.

    Args:
        workspace: What to watch over.
        workers: Where investigations run, so that the watch goes on meanwhile.
    """

    def __init__(self, workspace: Workspace, workers: Workers) -> None:
        self._workspace = workspace
        self._workers = workers
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)
        self._detecting = threading.Lock()  # The detector keeps its baseline in memory.
        self._pursuing = threading.Lock()
        self._completed: dict[str, _Completed] = {}
        self._under_way: set[str] = set()
        self._unremembered: set[str] = set()
        self._clean_looks = 0
        self._latest: Observation | None = None

    @property
    def latest(self) -> Observation | None:
        """What was last seen; None before the first look. Where nobody watches, this looks."""
        if self._latest is None and not self._thread.is_alive():
            self._observe()
        return self._latest

    def start(self) -> None:
        """Begin to watch.

        Raises:
            JournalError: What an earlier server could not remember cannot be read.
        """
        incidents = self._workspace.journal.incidents()
        with self._pursuing:
            self._unremembered |= {one.id for one in incidents if one.diagnosis and one.entry_id is None}
        self._thread.start()

    def stop(self) -> None:
        """End the watch; a look that is under way is waited for, though not for long."""
        self._stopping.set()
        self._thread.join(_STOP_SECONDS)

    def look(self) -> Observation:
        """Look once, and open, extend, investigate or resolve the incident at hand."""
        workspace = self._workspace
        observation = self._observe()
        current = next(iter(workspace.journal.incidents(status=IncidentStatus.OPEN)), None)
        verdict = judge(observation, current, self._clean_looks, system=workspace.system)
        self._clean_looks = verdict.clean_looks
        incident = verdict.incident
        if incident is not None and verdict.changed:
            incident = self._open(incident) if current is None else self._change(incident)
        # Where nothing can be read now, an investigation would read nothing either.
        if incident is not None and (observation.breaches or observation.problem is None):
            self._pursue(incident)
        self._remember_again()
        return observation

    def investigate(self, incident_id: str) -> None:
        """Diagnose an incident, write down what was found, and remember it."""
        workspace = self._workspace
        try:
            found = workspace.investigator.diagnose_incident(
                workspace.journal.incident(incident_id), earlier=workspace.earlier_incidents(besides=incident_id)
            )
            saved = workspace.journal.change_incident(incident_id, lambda now: _with_findings(now, found))
            workspace.investigator.forget_earlier_recordings(saved)
        except EXPECTED_FAILURES as error:
            _log.warning("an investigation of incident %s failed: %s", incident_id, error)
        except Exception:
            # A mistake of ours would come again at every look.
            self._count(incident_id)
            raise
        else:
            self._count(incident_id)
            _log.warning("incident %s diagnosed: %s", incident_id, saved.title)
            self.remember(incident_id)
        finally:
            with self._pursuing:
                self._under_way.discard(incident_id)

    def remember(self, incident_id: str) -> None:
        """Bring the knowledge base up to date with an incident; where it cannot be done now, later looks try again."""
        try:
            self._workspace.remember(incident_id)
        except EXPECTED_FAILURES as error:
            _log.warning("incident %s could not be remembered; trying again: %s", incident_id, error)
            with self._pursuing:
                self._unremembered.add(incident_id)

    def _remember_again(self) -> None:
        with self._pursuing:
            again, self._unremembered = self._unremembered, set()
        if again:
            self._workers.submit(lambda: self._remember_all(again))

    def _remember_all(self, incident_ids: set[str]) -> None:
        for incident_id in sorted(incident_ids):
            self.remember(incident_id)

    def _count(self, incident_id: str) -> None:
        with self._pursuing:
            before = self._completed.get(incident_id)
            self._completed[incident_id] = _Completed(before.count + 1 if before else 1, self._workspace.clock())

    def _observe(self) -> Observation:
        with self._detecting:
            self._latest = self._workspace.detector.observe(self._workspace.clock())
            return self._latest

    def _open(self, incident: Incident) -> Incident:
        self._workspace.journal.add_incident(incident)
        _log.warning("incident %s opened: %s", incident.id, incident.symptoms[0].description)
        return incident

    def _change(self, judged: Incident) -> Incident:
        changed = self._workspace.journal.change_incident(judged.id, lambda now: _as_judged(now, judged))
        if changed.status is IncidentStatus.RESOLVED:
            _log.warning("incident %s resolved", changed.id)
        return changed

    def _pursue(self, incident: Incident) -> None:
        """Have an incident investigated, and again with more telemetry while the answer is unsure."""
        with self._pursuing:
            if incident.status is IncidentStatus.RESOLVED:
                self._completed.pop(incident.id, None)
                return
            top = incident.diagnosis.top if incident.diagnosis else None
            is_settled = top is not None and top.probability >= SURE_ENOUGH
            completed = self._completed.get(incident.id)
            is_early = completed is not None and self._workspace.clock() < completed.next_due
            if is_settled or is_early or incident.id in self._under_way:
                return
            self._under_way.add(incident.id)
        self._workers.submit(lambda: self.investigate(incident.id))

    def _run(self) -> None:
        interval = self._workspace.settings.detector.interval_seconds
        while not self._stopping.is_set():
            began = self._workspace.clock()
            try:
                self.look()
            except EXPECTED_FAILURES as error:
                _log.warning("a look at the telemetry failed; looking again in %g s: %s", interval, error)
            except Exception:
                # The watch must outlive a mistake in one look, and say so in full.
                _log.exception("a look at the telemetry broke; looking again in %g s", interval)
            spent = (self._workspace.clock() - began).total_seconds()
            self._stopping.wait(min(max(0.0, interval - spent), interval))


def _as_judged(now: Incident, judged: Incident) -> Incident:
    """Take over what was judged; an investigation or a person may have written the rest meanwhile."""
    if now.status is IncidentStatus.RESOLVED:
        return now
    timeline = now.timeline.model_copy(update={"resolved": judged.timeline.resolved})
    return now.model_copy(update={"symptoms": judged.symptoms, "status": judged.status, "timeline": timeline})


def _with_findings(now: Incident, found: Incident) -> Incident:
    """Take over what an investigation found; the detector or a person may have written the rest meanwhile.

    An abstention takes no cause back: telemetry that has gone since says nothing against it.
    """
    if _names_a_cause(now) and not _names_a_cause(found):
        return now
    timeline = now.timeline.model_copy(
        update={"started": found.timeline.started, "diagnosed": found.timeline.diagnosed}
    )
    return now.model_copy(
        update={
            "diagnosis": found.diagnosis,
            "recording": found.recording,
            "similar": found.similar,
            "recall_id": found.recall_id,
            "title": found.title,
            "timeline": timeline,
        }
    )


def _names_a_cause(incident: Incident) -> bool:
    return incident.diagnosis is not None and incident.diagnosis.top is not None
