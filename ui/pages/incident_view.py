"""An incident as plain rows: its line in the list, its timeline, its ranked causes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from assistant.diagnosis.values import Diagnosis, Evidence, Hypothesis
from assistant.incidents import Feedback, Incident, IncidentStatus
from assistant.taxonomy import DESCRIPTIONS, FaultKind
from ui.pages.wording import (
    NOT_YET,
    UNKNOWN,
    as_text,
    clock_time,
    day,
    day_and_time,
    duration,
    percentage,
    short_day_and_time,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One step of a timeline.

    Attributes:
        label: What happened.
        at: The time of day, or that it is not known or not yet so.
        since: How long after the first known step, such as `+12 s`; for the first one its day; empty without a time.
    """

    label: str
    at: str
    since: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One ranked cause, said in words; `probability` is in 0..1."""

    rank: int
    service: str
    kind: str
    meaning: str
    place: str
    probability: float
    probability_text: str
    summary: str
    evidence: tuple[str, ...]
    next_steps: tuple[str, ...]


def list_label(incident: Incident) -> str:
    """Give an incident's line in the list, as Markdown."""
    badge = ":red-badge[open]" if incident.status is IncidentStatus.OPEN else ":green-badge[resolved]"
    return f"{badge} {as_text(incident.title)}"


def list_caption(incident: Incident) -> str:
    """Say, below an incident's line, when it began and whether it is diagnosed."""
    return f"{short_day_and_time(incident.timeline.detected)} · {diagnosis_state(incident)}"


def diagnosis_state(incident: Incident) -> str:
    """Say in a word or two how far the diagnosis is."""
    if incident.diagnosis is None:
        return "not diagnosed yet"
    return "no cause found" if incident.diagnosis.abstained else "diagnosed"


def timeline_rows(incident: Incident) -> tuple[Moment, ...]:
    """Give the timeline's steps; what is unknown stays in its place and says so."""
    times = incident.timeline
    origin = times.started or times.detected
    later = NOT_YET if incident.status is IncidentStatus.OPEN else UNKNOWN
    return (
        Moment(label="Started", at=clock_time(times.started), since=day(times.started) if times.started else ""),
        _moment("Detected", times.detected, origin, UNKNOWN),
        _moment("Acknowledged", times.acknowledged, origin, later),
        _moment("Diagnosed", times.diagnosed, origin, later),
        _moment("Mitigated", times.mitigated, origin, UNKNOWN),
        _moment("Resolved", times.resolved, origin, later),
    )


def cause_rows(diagnosis: Diagnosis) -> tuple[Cause, ...]:
    """Say every hypothesis in words, likeliest first."""
    return tuple(
        Cause(
            rank=rank,
            service=hypothesis.service,
            kind=DESCRIPTIONS[hypothesis.kind].title,
            meaning=DESCRIPTIONS[hypothesis.kind].meaning,
            place=_place(hypothesis),
            probability=hypothesis.probability,
            probability_text=percentage(hypothesis.probability),
            summary=hypothesis.summary,
            evidence=hypothesis.evidence,
            next_steps=DESCRIPTIONS[hypothesis.kind].next_steps,
        )
        for rank, hypothesis in enumerate(diagnosis.hypotheses, start=1)
    )


def evidence_in_order(diagnosis: Diagnosis) -> tuple[Evidence, ...]:
    """Order the evidence as the causes need it: that of the likeliest cause first, then what nobody cites."""
    cited = [evidence_id for hypothesis in diagnosis.hypotheses for evidence_id in hypothesis.evidence]
    place = {evidence_id: rank for rank, evidence_id in reversed(list(enumerate(cited)))}
    return tuple(sorted(diagnosis.evidence, key=lambda evidence: place.get(evidence.id, len(cited))))


def known_services(diagnosis: Diagnosis | None, others: Sequence[str] = ()) -> tuple[str, ...]:
    """Name the services that a correction may point at, in alphabetical order."""
    named = set(others)
    if diagnosis is not None:
        named |= {hypothesis.service for hypothesis in diagnosis.hypotheses}
        named |= {evidence.service for evidence in diagnosis.evidence}
    return tuple(sorted(name for name in named if name))


def kind_title(kind: FaultKind | str | None) -> str:
    """Say a fault kind in a few words; one that we do not know keeps its own name."""
    if kind is None or kind == "":
        return "not sure"
    try:
        return DESCRIPTIONS[FaultKind(kind)].title
    except ValueError:
        return str(kind)


def feedback_line(feedback: Feedback) -> str:
    """Say what a person thought of a diagnosis, as plain text."""
    who = feedback.author or "somebody"
    verdict = "right" if feedback.verdict == "up" else "wrong"
    line = f"{day_and_time(feedback.at)} · {who} says: {verdict}"
    correction = feedback.correction
    if correction is None:
        return line
    named = [correction.service or "", kind_title(correction.kind) if correction.kind else ""]
    really = ", ".join(part for part in named if part)
    return line + (f"; it was {really}" if really else "") + (f". {correction.note}" if correction.note else "")


def fingerprint(incident: Incident) -> tuple[object, ...]:
    """Give what changes when there is something new to show of an incident."""
    times = incident.timeline
    return (
        incident.status,
        incident.title,
        times.acknowledged,
        times.diagnosed,
        times.mitigated,
        times.resolved,
        incident.entry_id,
        len(incident.feedback),
        len(incident.similar),
        incident.truth is not None,
    )


def _moment(label: str, at: datetime | None, origin: datetime, otherwise: str) -> Moment:
    if at is None:
        return Moment(label=label, at=otherwise, since="")
    seconds = (at - origin).total_seconds()
    return Moment(label=label, at=clock_time(at), since=f"+{duration(seconds)}" if seconds else day(at))


def _place(hypothesis: Hypothesis) -> str:
    parts = [
        f"from {hypothesis.link[0]} to {hypothesis.link[1]}" if hypothesis.link else "",
        f"in {hypothesis.operation}" if hypothesis.operation else "",
        f"since version {hypothesis.version}" if hypothesis.version else "",
    ]
    return ", ".join(part for part in parts if part)
