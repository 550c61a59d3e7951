"""One investigation: freeze the telemetry, diagnose it, recall what looked like it, remember it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from assistant.diagnosis import Diagnosis, diagnose_folder
from assistant.incidents import Incident
from assistant.memory import entry_of, signature_of, symptoms_text, title_of
from knowledge_base import Entry, KnowledgeBase, Match
from telemetry import Alert, Recording, Stretch, TelemetrySource, freeze, write_recording

WINDOW: Final = timedelta(minutes=10)
# An alarm comes some time after the trouble began; this long before it nothing is taken as normal.
_BEFORE_ALERT: Final = timedelta(seconds=45)
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
        self,
        name: str,
        *,
        alert: Alert,
        earlier: Iterable[Incident],
        window: timedelta = WINDOW,
        out: Path | None = None,
    ) -> Path:
        """Freeze the telemetry up to now into a folder, healthy stretches marked as the baseline.

        Raises:
            SourceUnavailable: The telemetry cannot be read.
            RecordingError: The recording cannot be written.
        """
        end = self.clock()
        stretch = Stretch(start=end - window, end=end)
        recording: Recording = freeze(
            self.source,
            recording_id=name,
            system=self.system,
            window=stretch,
            baseline=healthy_stretches(stretch, alert.at - _BEFORE_ALERT, earlier),
            alert=alert,
        )
        folder = out or self.recordings / name
        write_recording(recording, folder)
        return folder

    def diagnose_incident(self, incident: Incident, *, earlier: Iterable[Incident], attempt: int) -> Incident:
        """Give the incident with a recording and a diagnosis of it, similar entries, and a better title."""
        first = incident.symptoms[0] if incident.symptoms else None
        alert = Alert(
            at=incident.timeline.detected,
            service=first.service if first else None,
            description=first.description if first else "",
        )
        folder = self.record(f"{incident.id}-{attempt}", alert=alert, earlier=earlier)
        return self._with_diagnosis(incident, folder, diagnose_folder(folder))

    def diagnose_now(self, name: str, *, earlier: Iterable[Incident], window: timedelta = WINDOW) -> Diagnosis:
        """Look at the system as it is, without an incident."""
        alert = Alert(at=self.clock(), description="somebody asked")
        return diagnose_folder(self.record(name, alert=alert, earlier=earlier, window=window))

    def similar_to(self, diagnosis: Diagnosis, text: str, *, besides: Iterable[str] = ()) -> tuple[Match, ...]:
        """Recall the entries that looked most like a diagnosis."""
        top = diagnosis.top
        found = self.knowledge.search(
            text,
            signature=signature_of(diagnosis),
            fault_kind=top.kind if top else None,
            services=(top.service,) if top else (),
            operations=(top.operation,) if top and top.operation else (),
            limit=_MOST_SIMILAR,
            exclude=tuple(besides),
        )
        return tuple(found)

    def remember(self, incident: Incident) -> Entry:
        """Write the incident into the knowledge base as a draft, or bring its entry up to date."""
        return self.knowledge.put(entry_of(incident, now=self.clock()), author="firedrill")

    def _with_diagnosis(self, incident: Incident, folder: Path, diagnosis: Diagnosis) -> Incident:
        started = diagnosis.onset
        timeline = incident.timeline.model_copy(
            update={
                "diagnosed": self._diagnosed_at(incident, diagnosis),
                "started": started if started and started <= incident.timeline.detected else None,
            }
        )
        updated = incident.model_copy(
            update={"diagnosis": diagnosis, "timeline": timeline, "recording": folder.name, "entry_id": incident.id}
        )
        similar = (
            () if diagnosis.abstained else self.similar_to(diagnosis, symptoms_text(updated), besides=(incident.id,))
        )
        return updated.model_copy(update={"similar": similar, "title": title_of(updated)})

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
            one.timeline.resolved - _WELL_WHEN_RESOLVED if one.timeline.resolved else window.end,
        )
        for one in incidents
    )
    stretches, at = [], window.start
    for start, end in [*spoilt, (until, window.end)]:
        if (min(start, until) - at).total_seconds() >= _SHORTEST_BASELINE_SECONDS:
            stretches.append(Stretch(start=at, end=min(start, until)))
        at = max(at, end)
    return tuple(stretches)
