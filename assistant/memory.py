"""Turning an incident into what the knowledge base remembers of it."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from assistant.diagnosis.values import Diagnosis
from assistant.incidents import Incident
from assistant.taxonomy import DESCRIPTIONS
from knowledge_base import Entry, Question, ReviewStatus

# Only what stands out is a symptom; weaker signals differ from one incident to the next by chance.
_WEAKEST_SYMPTOM: Final = 0.2
_MOST_SENTENCES: Final = 8


def signature_of(diagnosis: Diagnosis) -> dict[str, float]:
    """Give the numeric symptom signature: how strong each sort of signal was, and which kinds were suspected.

    Features name signals and kinds and never services, so that the same fault on another service looks the same.
    Signals that support the likeliest cause count in full, others by half: what else moved is less telling.

    Returns:
        Feature to strength in 0..1; weak features are left out.
    """
    cited = set(diagnosis.top.evidence) if diagnosis.top else set()
    features: dict[str, float] = {}
    for item in diagnosis.evidence:
        weight = 1.0 if item.id in cited else 0.5
        features[item.signal] = max(features.get(item.signal, 0.0), item.strength * weight)
    for hypothesis in diagnosis.hypotheses:
        name = f"kind:{hypothesis.kind}"
        features[name] = max(features.get(name, 0.0), hypothesis.probability)
    return {name: round(value, 4) for name, value in sorted(features.items()) if value >= _WEAKEST_SYMPTOM}


def question_of(diagnosis: Diagnosis, text: str) -> Question:
    """Ask the knowledge base for what looked like a diagnosis.

    Args:
        diagnosis: What was seen, and what is suspected.
        text: The same in words.
    """
    top = diagnosis.top
    return Question(
        text=text,
        signature=signature_of(diagnosis),
        fault_kind=top.kind if top else None,
        services=(top.service,) if top else (),
        operations=(top.operation,) if top and top.operation else (),
    )


def title_of(incident: Incident) -> str:
    """Name an incident in one line: its top cause once there is one, what was noticed before."""
    top = incident.diagnosis.top if incident.diagnosis else None
    if top is None:
        first = incident.symptoms[0] if incident.symptoms else None
        return f"{first.signal} on {first.service}" if first else "Something is wrong"
    title = DESCRIPTIONS[top.kind].title.capitalize()
    if top.link is not None:
        return f"{title} {top.link[0]} → {top.link[1]}"
    version = f" {top.version}" if top.version else ""
    return f"{title}: {top.service}{version}" + (f", {top.operation}" if top.operation else "")


def symptoms_text(incident: Incident) -> str:
    """Tell what an incident looked like, strongest evidence first; also what is searched with."""
    diagnosis = incident.diagnosis
    sentences = []
    if diagnosis is not None:
        telling = sorted(diagnosis.evidence, key=lambda item: -item.strength)
        sentences = [item.summary for item in telling if item.strength >= _WEAKEST_SYMPTOM][:_MOST_SENTENCES]
    if not sentences:
        sentences = [symptom.description for symptom in incident.symptoms if symptom.description][:_MOST_SENTENCES]
    if not sentences:
        sentences = ["Nothing was recorded of what it looked like"]
    return ". ".join(sentence.rstrip(".") for sentence in sentences) + "."


def entry_of(incident: Incident, *, now: datetime, environment: str = "") -> Entry:
    """Write a draft entry from an incident; cause and fix are left open until somebody, or a drill, knows them.

    What a drill knows comes before what a person said last, and that before what was diagnosed: services, operations,
    the kind of fault and the cause.
    """
    diagnosis = incident.diagnosis
    hypotheses = diagnosis.hypotheses if diagnosis else ()
    top = hypotheses[0] if hypotheses else None
    services = [hypothesis.service for hypothesis in hypotheses[:1]] + [one.service for one in incident.symptoms]
    operations = [hypothesis.operation for hypothesis in hypotheses[:1]]
    truth = incident.truth
    said = next((one.correction for one in reversed(incident.feedback) if one.correction), None)
    kinds = (truth and truth.kind, said and said.kind, top and top.kind)
    causes = (truth and truth.cause, said and said.note.strip())
    if said is not None and said.service:
        services.insert(0, said.service)
    provenance = {"incident": incident.id, "system": incident.system}
    if incident.recording:
        provenance["recording"] = incident.recording
    if truth is not None:
        provenance["drill"] = truth.drill
        services.insert(0, truth.service)
        operations.insert(0, truth.operation)
    return Entry(
        id=incident.entry_id or incident.id,
        kind="incident",
        title=incident.title or title_of(incident),
        symptoms=symptoms_text(incident),
        cause=next(filter(None, causes), None),
        fix=truth.fix if truth else None,
        services=tuple(dict.fromkeys(services)),
        operations=tuple(dict.fromkeys(operation for operation in operations if operation)),
        fault_kind=next((str(kind) for kind in kinds if kind), None),
        signals=tuple(dict.fromkeys(symptom.signal for symptom in incident.symptoms)),
        signature=signature_of(diagnosis) if diagnosis else {},
        environment=environment,
        provenance=provenance,
        status=ReviewStatus.DRAFT,
        created_at=incident.timeline.detected,
        updated_at=now,
    )
