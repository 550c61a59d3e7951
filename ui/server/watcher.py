"""The loop that looks at the telemetry every few seconds and opens, investigates and resolves incidents."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import Executor
from datetime import timedelta
from typing import Final

from assistant.errors import AssistantError
from assistant.incident_watch import judge
from assistant.incidents import Incident, IncidentStatus
from assistant.investigation import SURE_ENOUGH, WINDOW
from knowledge_base import KnowledgeBaseError
from telemetry import Observation, TelemetryError
from ui.server.workspace import Workspace

_log = logging.getLogger(__name__)

_MOST_ATTEMPTS: Final = 4
# What can fail in one look without ending the watch.
EXPECTED_FAILURES: Final = (TelemetryError, AssistantError, KnowledgeBaseError, OSError)


class Watcher:
    """Runs the detector on its own thread. Nothing tells it that a drill runs.

    Args:
        workspace: What to watch over.
        workers: Where investigations run, so that the watch goes on meanwhile.
    """

    def __init__(self, workspace: Workspace, workers: Executor) -> None:
        self._workspace = workspace
        self._workers = workers
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)
        self._clean_looks = 0
        self._latest: Observation | None = None

    @property
    def latest(self) -> Observation | None:
        """What was last seen; None before the first look."""
        return self._latest

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """End the watch; returns when the loop has ended."""
        self._stopping.set()
        self._thread.join(timeout=10)

    def look(self) -> Observation:
        """Look once, and open, extend or resolve the incident at hand."""
        workspace = self._workspace
        with workspace.detector_lock:
            observation = workspace.detector.observe(workspace.clock())
        self._latest = observation
        current = next(iter(workspace.journal.incidents(status=IncidentStatus.OPEN, limit=1)), None)
        verdict = judge(observation, current, self._clean_looks, system=workspace.system)
        self._clean_looks = verdict.clean_looks
        if verdict.incident is None or not verdict.changed:
            return observation
        if current is None:
            workspace.journal.add_incident(verdict.incident)
            _log.warning("incident %s opened: %s", verdict.incident.id, verdict.incident.symptoms[0].description)
            self._workers.submit(self.investigate, verdict.incident.id)
            return observation
        judged = verdict.incident
        workspace.journal.change_incident(
            current.id,
            # Only what was judged changes; an investigation may have written the rest meanwhile.
            lambda now: now.model_copy(
                update={
                    "symptoms": judged.symptoms,
                    "status": judged.status,
                    "timeline": now.timeline.model_copy(update={"resolved": judged.timeline.resolved}),
                }
            ),
        )
        if judged.status is IncidentStatus.RESOLVED:
            _log.warning("incident %s resolved", judged.id)
        return observation

    def investigate(self, incident_id: str) -> None:
        """Diagnose an incident, and again with more telemetry while the answer is unsure and the incident open."""
        for attempt in range(1, _MOST_ATTEMPTS + 1):
            try:
                incident = self._diagnose(incident_id, attempt)
            except EXPECTED_FAILURES:
                _log.exception("investigation %d of incident %s failed", attempt, incident_id)
                incident = self._workspace.journal.incident(incident_id)
            except Exception:
                # A worker's exception would vanish in its future; a mistake of ours must be seen.
                _log.exception("investigation %d of incident %s broke", attempt, incident_id)
                raise
            top = incident.diagnosis.top if incident.diagnosis else None
            if (top and top.probability >= SURE_ENOUGH) or incident.status is IncidentStatus.RESOLVED:
                return
            if self._stopping.wait(self._workspace.settings.detector.interval_seconds):
                return

    def _diagnose(self, incident_id: str, attempt: int) -> Incident:
        workspace = self._workspace
        incident = workspace.journal.incident(incident_id)
        found = workspace.investigator.diagnose_incident(
            incident, earlier=earlier_incidents(workspace, besides=incident_id), attempt=attempt
        )
        saved = workspace.journal.change_incident(
            incident_id,
            lambda now: now.model_copy(
                update={
                    "diagnosis": found.diagnosis,
                    "recording": found.recording,
                    "entry_id": found.entry_id,
                    "similar": found.similar,
                    "title": found.title,
                    "timeline": now.timeline.model_copy(
                        update={"started": found.timeline.started, "diagnosed": found.timeline.diagnosed}
                    ),
                }
            ),
        )
        workspace.investigator.remember(saved)
        _log.warning("incident %s diagnosed: %s", incident_id, saved.title)
        return saved

    def _run(self) -> None:
        interval = self._workspace.settings.detector.interval_seconds
        while not self._stopping.is_set():
            began = self._workspace.clock()
            try:
                self.look()
            except EXPECTED_FAILURES:
                _log.exception("a look at the telemetry failed; looking again in %g s", interval)
            except Exception:
                # The watch must outlive a mistake in one look, and say so in full.
                _log.exception("a look at the telemetry broke; looking again in %g s", interval)
            spent = (self._workspace.clock() - began).total_seconds()
            self._stopping.wait(max(0.0, interval - spent))


def earlier_incidents(workspace: Workspace, *, besides: str | None = None) -> list[Incident]:
    """List the incidents that may have spoilt a part of the window that is recorded now."""
    since = workspace.clock() - WINDOW - timedelta(minutes=1)
    return [
        incident
        for incident in workspace.journal.incidents()
        if incident.id != besides and (incident.timeline.resolved is None or incident.timeline.resolved >= since)
    ]
