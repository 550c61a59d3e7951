"""When an incident begins, grows and ends, decided from what the detector sees."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from assistant.incidents import Incident, IncidentStatus, Timeline
from assistant.memory import title_of
from telemetry import Breach, Observation

# One clean look may be luck; the detector looks every few seconds.
CLEAN_LOOKS_TO_RESOLVE: Final = 3
_MOST_SYMPTOMS: Final = 50


@dataclass(frozen=True)
class Verdict:
    """What one observation means for the incident at hand.

    Attributes:
        incident: The incident after this observation; None while all is well.
        changed: Whether anything about it is new.
        clean_looks: How often in a row nothing was out of bounds.
    """

    incident: Incident | None
    changed: bool
    clean_looks: int


def judge(
    observation: Observation,
    current: Incident | None,
    clean_looks: int,
    *,
    system: str,
    new_id: Callable[[datetime], str] | None = None,
) -> Verdict:
    """Open, extend or resolve.

    All breaches that overlap belong to one incident: a fault shows in many services at once. Looks without fresh
    telemetry decide nothing, as no data is neither health nor trouble.
    """
    if observation.breaches:
        if current is None:
            make_id = new_id or incident_id
            return Verdict(_open(observation, system, make_id(observation.at)), changed=True, clean_looks=0)
        extended = _with_symptoms(current, observation.breaches)
        return Verdict(extended, changed=extended != current, clean_looks=0)
    if current is None or observation.problem is not None:
        return Verdict(current, changed=False, clean_looks=clean_looks)
    if clean_looks + 1 < CLEAN_LOOKS_TO_RESOLVE:
        return Verdict(current, changed=False, clean_looks=clean_looks + 1)
    return Verdict(resolved(current, observation.at), changed=True, clean_looks=0)


def resolved(incident: Incident, at: datetime) -> Incident:
    """End an incident; should the clock have been set back, no earlier than it was noticed or mitigated."""
    known = (incident.timeline.detected, incident.timeline.mitigated)
    timeline = incident.timeline.model_copy(update={"resolved": max(at, *(moment for moment in known if moment))})
    return incident.model_copy(update={"status": IncidentStatus.RESOLVED, "timeline": timeline})


def acknowledged(incident: Incident, at: datetime) -> Incident:
    """Note that somebody looks after an incident; only the first time counts."""
    if incident.timeline.acknowledged is not None:
        return incident
    timeline = incident.timeline.model_copy(update={"acknowledged": max(at, incident.timeline.detected)})
    return incident.model_copy(update={"timeline": timeline})


def incident_id(at: datetime) -> str:
    """Make an id that sorts by time and that two incidents of one second do not share."""
    return f"inc-{at:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def _open(observation: Observation, system: str, key: str) -> Incident:
    incident = Incident(
        id=key,
        system=system,
        title="Something is wrong",
        timeline=Timeline(detected=observation.at),
        symptoms=observation.breaches[:_MOST_SYMPTOMS],
    )
    return incident.model_copy(update={"title": title_of(incident)})


def _with_symptoms(incident: Incident, breaches: tuple[Breach, ...]) -> Incident:
    known = {(symptom.service, symptom.signal) for symptom in incident.symptoms}
    new = tuple(breach for breach in breaches if (breach.service, breach.signal) not in known)
    if not new:
        return incident
    return incident.model_copy(update={"symptoms": (incident.symptoms + new)[:_MOST_SYMPTOMS]})
