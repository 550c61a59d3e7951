"""Scoring a diagnosis against what was really broken. The one place where both are seen together."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from assistant.incidents import Incident, names_the_cause
from chaos.experiment import TrueCause


class Score(BaseModel):
    """How a diagnosis compares with the truth.

    Attributes:
        top_service: The service of the likeliest cause; None without a diagnosis or when it abstained.
        top_kind: Its kind.
        top_operation: Its operation, where it named one.
        probability: How sure it was, in 0..1.
        right: Whether service, kind and, where the truth has them, operation and link are all named.
        similar: Drill (or entry) that was retrieved as the most similar; None when nothing was.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    top_service: str | None = None
    top_kind: str | None = None
    top_operation: str | None = None
    probability: float | None = None
    right: bool = False
    similar: str | None = None


def score(truth: TrueCause, incident: Incident | None) -> Score:
    """Compare an incident's diagnosis with the truth; strictly, a half-right cause is not right."""
    if incident is None:
        return Score()
    similar = _most_similar(incident)
    top = incident.diagnosis.top if incident.diagnosis else None
    if top is None:
        return Score(similar=similar)
    right = names_the_cause(top, service=truth.service, kind=truth.kind, operation=truth.operation, link=truth.link)
    return Score(
        top_service=top.service,
        top_kind=str(top.kind),
        top_operation=top.operation,
        probability=top.probability,
        right=right,
        similar=similar,
    )


def _most_similar(incident: Incident) -> str | None:
    if not incident.similar:
        return None
    entry = incident.similar[0].entry
    return entry.provenance.get("drill", entry.id)
