"""One investigation: freeze the telemetry, diagnose it, recall what looked like it, remember it."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from assistant.diagnosis import Diagnosis, diagnose, diagnose_folder
from assistant.incidents import Incident
from assistant.memory import entry_of, question_of, symptoms_text, title_of
from knowledge_base import Entry, Found, KnowledgeBase
from telemetry import Alert, Recording, Stretch, TelemetrySource, freeze, write_recording

WINDOW: Final = timedelta(minutes=10)
# An alarm comes some time after the trouble began; this long before it nothing is taken as normal.
_BEFORE_ALERT: Final = timedelta(seconds=45)
# What an incident looks like shows in its first minutes.
_MOST_AFTER_ALERT: Final = timedelta(minutes=5)
# The same before earlier incidents whose beginning is not known well.
_BEFORE_INCIDENTS: Final = timedelta(seconds=20)
# An incident is resolved after several clean looks; by then the system has been well for at least this long.
_WELL_WHEN_RESOLVED: Final = timedelta(seconds=20)
_SHORTEST_BASELINE_SECONDS: Final = 10.0
_MOST_SIMILAR: Final = 4
# Under this the causes are still open, and a little more telemetry often settles them.
SURE_ENOUGH: Final = 0.7


@dataclass(frozen=True)
class Investigator:
    """Investigates incidents and the system as it is now.

    Attributes:
        source: Where telemetry is read.
        knowledge: What is known, and where incidents are remembered.
        recordings: Folder that recordings are written to.
        system: Name of the system observed.
        clock: Gives the present moment.
    """

    source: TelemetrySource
    knowledge: KnowledgeBase
    recordings: Path
    system: str
    clock: Callable[[], datetime]

    def record(
        self, name: str, *, earlier: Iterable[Incident], out: Path, description: str, window: timedelta = WINDOW
    ) -> Path:
        """Freeze the telemetry up to now into a new folder, healthy stretches marked as the baseline.

        Raises:
            SourceUnavailable: The telemetry cannot be read.
            RecordingError: The recording cannot be written, or there is one already.
        """
        end = self.clock()
        alert = Alert(at=end, description=description)
        write_recording(self._frozen(name, alert, Stretch(start=end - window, end=end), earlier), out)
        return out

    def diagnose_incident(self, incident: Incident, *, earlier: Iterable[Incident]) -> Incident:
        """Give the incident with a recording and a diagnosis of it, similar entries, and a better title.

        Raises:
            SourceUnavailable: The telemetry cannot be read.
            RecordingError: The recording cannot be written.
            KnowledgeBaseError: What is known cannot be searched.
        """
        first = incident.symptoms[0] if incident.symptoms else None
        detected = incident.timeline.detected
        alert = Alert(
            at=detected,
            service=first.service if first else None,
            description=first.description if first else "",
        )
        # An incident that a server finds after it was down for long lies in the past, and so does what tells of it.
        end = min(self.clock(), detected + _MOST_AFTER_ALERT)
        folder = self._next_folder(incident.id)
        write_recording(self._frozen(folder.name, alert, Stretch(start=end - WINDOW, end=end), earlier), folder)
        return self._with_diagnosis(incident, folder, diagnose_folder(folder))

    def forget_earlier_recordings(self, incident: Incident) -> None:
        """Delete what earlier investigations of an incident recorded, now that a later one has more of it."""
        for folder in self.recordings.glob(f"{incident.id}-*"):
            if folder.name != incident.recording:
                shutil.rmtree(folder, ignore_errors=True)

    def diagnose_now(self, name: str, *, earlier: Iterable[Incident], window: timedelta = WINDOW) -> Diagnosis:
        """Look at the system as it is, without an incident; nothing of it is kept on disk.

        Raises:
            SourceUnavailable: The telemetry cannot be read.
        """
        end = self.clock()
        alert = Alert(at=end, description="somebody asked")
        return diagnose(self._frozen(name, alert, Stretch(start=end - window, end=end), earlier))

    def similar_to(self, diagnosis: Diagnosis, text: str) -> Found:
        """Recall the entries that looked most like a diagnosis."""
        return self.knowledge.recall(question_of(diagnosis, text), limit=_MOST_SIMILAR)

    def _similar_to_incident(self, incident: Incident, diagnosis: Diagnosis) -> Found:
        """Recall what looked like an incident; looking again and finding the same is the same recall."""
        question = question_of(diagnosis, symptoms_text(incident))
        besides = {incident.id, incident.entry_id or incident.id}
        found = self.knowledge.search(question, limit=_MOST_SIMILAR, exclude=besides)
        if [match.entry.id for match in found] == [match.entry.id for match in incident.similar]:
            return Found(recall_id=incident.recall_id, matches=tuple(found))
        return self.knowledge.recall(question, incident=incident.id, limit=_MOST_SIMILAR, exclude=besides)

    def remember(self, incident: Incident) -> Entry:
        """Write the incident into the knowledge base as a draft, or bring its entry up to date."""
        return self.knowledge.remember(entry_of(incident, now=self.clock()))

    def _frozen(self, name: str, alert: Alert, window: Stretch, earlier: Iterable[Incident]) -> Recording:
        return freeze(
            self.source,
            recording_id=name,
            system=self.system,
            window=window,
            baseline=healthy_stretches(window, alert.at - _BEFORE_ALERT, earlier),
            alert=alert,
        )

    def _next_folder(self, incident_id: str) -> Path:
        # A server that was stopped may have left some.
        folders = (self.recordings / f"{incident_id}-{number}" for number in itertools.count(1))
        return next(folder for folder in folders if not folder.exists())

    def _with_diagnosis(self, incident: Incident, folder: Path, diagnosis: Diagnosis) -> Incident:
        started = diagnosis.onset
        timeline = incident.timeline.model_copy(
            update={
                "diagnosed": self._diagnosed_at(incident, diagnosis),
                "started": started if started and started <= incident.timeline.detected else None,
            }
        )
        updated = incident.model_copy(update={"diagnosis": diagnosis, "timeline": timeline, "recording": folder.name})
        # An abstention looks like something, too, and what was known of that may name what the evidence could not.
        is_seen = bool(diagnosis.evidence or incident.symptoms)
        found = self._similar_to_incident(updated, diagnosis) if is_seen else Found(recall_id="", matches=())
        return updated.model_copy(
            update={"similar": found.matches, "recall_id": found.recall_id, "title": title_of(updated)}
        )

    def _diagnosed_at(self, incident: Incident, diagnosis: Diagnosis) -> datetime | None:
        """When this cause was first named: a second look that says the same does not make the first one later."""
        if diagnosis.top is None:
            return None
        earlier = incident.diagnosis.top if incident.diagnosis else None
        if earlier and (earlier.service, earlier.kind) == (diagnosis.top.service, diagnosis.top.kind):
            return incident.timeline.diagnosed
        return max(self.clock(), incident.timeline.detected)


def healthy_stretches(window: Stretch, until: datetime, incidents: Iterable[Incident]) -> tuple[Stretch, ...]:
    """Cut the incidents, and what came right before and after each, out of a window; what remains was normal.

    Args:
        window: What is recorded.
        until: Where the present trouble may have begun; nothing after it is normal.
        incidents: Everything that may overlap the window; one that is open reaches to the end.
    """
    spoilt = sorted(
        (
            (one.timeline.started or one.timeline.detected) - _BEFORE_INCIDENTS,
            # A person may have called it over sooner than that.
            max(one.timeline.resolved - _WELL_WHEN_RESOLVED, one.timeline.detected)
            if one.timeline.resolved
            else window.end,
        )
        for one in incidents
    )
    stretches, at = [], window.start
    for start, end in [*spoilt, (until, window.end)]:
        if (min(start, until) - at).total_seconds() >= _SHORTEST_BASELINE_SECONDS:
            stretches.append(Stretch(start=at, end=min(start, until)))
        at = max(at, end)
    return tuple(stretches)
