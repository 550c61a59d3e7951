"""What the knowledge base is told of an incident."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from assistant.diagnosis import Diagnosis, Evidence, Hypothesis
from assistant.incidents import Correction, Feedback, Incident, Timeline, Truth
from assistant.memory import entry_of, signature_of, symptoms_text, title_of
from assistant.taxonomy import DESCRIPTIONS, FaultKind
from knowledge_base import ReviewStatus
from telemetry import Alert, Breach, Stretch

AT = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
NOW = AT + timedelta(minutes=5)
WINDOW = Stretch(start=AT - timedelta(minutes=10), end=AT)
BREACH = Breach(
    service="portal",
    signal="errors",
    at=AT,
    value=0.4,
    limit=0.05,
    unit="ratio",
    description="40% of the requests to portal fail, 0% before.",
)


def evidence(id_: str, signal: str, strength: float, service: str = "rooms", summary: str = "It moved.") -> Evidence:
    return Evidence(
        id=id_, signal=signal, service=service, strength=strength, summary=summary, query="q", window=WINDOW
    )


def hypothesis(**changes: Any) -> Hypothesis:
    values: dict[str, Any] = {
        "service": "rooms",
        "kind": FaultKind.BAD_VERSION,
        "operation": "GET /rooms",
        "version": "2.0.0",
        "probability": 0.9,
        "summary": "The new version fails.",
        "evidence": ("E1",),
    }
    return Hypothesis(**(values | changes))


def diagnosis(*hypotheses: Hypothesis, seen: tuple[Evidence, ...] = ()) -> Diagnosis:
    return Diagnosis(
        recording_id="r", system="hotel", alert=Alert(at=AT), window=WINDOW, hypotheses=hypotheses, evidence=seen
    )


def incident(**changes: Any) -> Incident:
    values: dict[str, Any] = {
        "id": "inc-1",
        "system": "hotel",
        "title": "Rooms fail",
        "timeline": Timeline(detected=AT),
        "symptoms": (BREACH,),
    }
    return Incident(**(values | changes))


def test_a_signature_names_signals_and_kinds_and_no_services() -> None:
    seen = (evidence("E1", "own_errors", 0.9), evidence("E2", "errors", 0.8, service="portal"))
    found = signature_of(diagnosis(hypothesis(), seen=seen))
    assert found == {"errors": 0.4, "kind:bad_version": 0.9, "own_errors": 0.9}


def test_the_same_fault_on_another_service_has_the_same_signature() -> None:
    first = diagnosis(hypothesis(), seen=(evidence("E1", "own_errors", 0.9),))
    other = diagnosis(
        hypothesis(service="ledger", operation="POST /entries", version="7"),
        seen=(evidence("E1", "own_errors", 0.9, service="ledger"),),
    )
    assert signature_of(first) == signature_of(other)


@pytest.mark.parametrize(("strength", "kept"), [(0.2, True), (0.19, False)])
def test_weak_signals_are_left_out_of_the_signature(strength: float, kept: bool) -> None:
    found = signature_of(diagnosis(hypothesis(), seen=(evidence("E1", "latency", strength),)))
    assert ("latency" in found) is kept


def test_the_strongest_of_several_of_a_sort_counts() -> None:
    seen = (evidence("E1", "errors", 0.5), evidence("E2", "errors", 0.9))
    assert signature_of(diagnosis(hypothesis(evidence=("E1", "E2")), seen=seen))["errors"] == 0.9


def test_an_abstention_has_only_what_was_seen_in_its_signature() -> None:
    assert signature_of(diagnosis(seen=(evidence("E1", "resource", 0.8),))) == {"resource": 0.4}
    assert signature_of(diagnosis()) == {}


@pytest.mark.parametrize(
    ("top", "title"),
    [
        (hypothesis(), "Bad version: rooms 2.0.0, GET /rooms"),
        (hypothesis(version=None, operation=None, kind=FaultKind.SERVICE_DOWN), "Service down: rooms"),
        (
            hypothesis(kind=FaultKind.NETWORK_LINK, link=("bookings", "ledger"), service="ledger", version=None),
            "Network link bookings → ledger",
        ),
        (
            hypothesis(kind=FaultKind.SLOW_DATABASE, service="予約", version=None, operation=None),
            "Slow database: 予約",
        ),
    ],
)
def test_a_title_names_the_top_cause_and_its_place(top: Hypothesis, title: str) -> None:
    assert title_of(incident(diagnosis=diagnosis(top))) == title


def test_before_a_diagnosis_a_title_says_what_was_noticed() -> None:
    assert title_of(incident()) == "errors on portal"
    assert title_of(incident(diagnosis=diagnosis())) == "errors on portal"
    assert title_of(incident(symptoms=())) == "Something is wrong"


def test_symptoms_are_told_strongest_first_as_one_text() -> None:
    seen = (
        evidence("E1", "errors", 0.5, summary="Half of the requests fail."),
        evidence("E2", "own_errors", 0.9, summary="Todas as falhas começam em rooms"),
        evidence("E3", "latency", 0.1, summary="Nobody would notice"),
    )
    text = symptoms_text(incident(diagnosis=diagnosis(hypothesis(), seen=seen)))
    assert text == "Todas as falhas começam em rooms. Half of the requests fail."


def test_without_evidence_the_symptoms_are_what_the_detector_saw() -> None:
    assert symptoms_text(incident(diagnosis=diagnosis())) == BREACH.description
    assert symptoms_text(incident(symptoms=())) == "Nothing was recorded of what it looked like."


def test_an_entry_is_a_draft_that_leaves_cause_and_fix_open() -> None:
    made = entry_of(
        incident(
            diagnosis=diagnosis(hypothesis(), seen=(evidence("E1", "own_errors", 0.9),)), recording="recordings/1"
        ),
        now=NOW,
        environment="staging",
    )
    assert (made.id, made.kind, made.title, made.status) == ("inc-1", "incident", "Rooms fail", ReviewStatus.DRAFT)
    assert (made.cause, made.fix) == (None, None)
    assert (made.services, made.operations) == (("rooms", "portal"), ("GET /rooms",))
    assert (made.fault_kind, made.signals, made.environment) == ("bad_version", ("errors",), "staging")
    assert made.provenance == {"incident": "inc-1", "system": "hotel", "recording": "recordings/1"}
    assert (made.created_at, made.updated_at) == (AT, NOW)
    assert made.signature["own_errors"] == 0.9


def test_what_a_drill_knows_comes_before_what_was_diagnosed() -> None:
    truth = Truth(
        service="ledger",
        kind=FaultKind.DATABASE_CONNECTION,
        operation="POST /entries",
        cause="The role lost its login right.",
        fix="Give it back.",
        drill="database-refused",
    )
    made = entry_of(incident(diagnosis=diagnosis(hypothesis()), truth=truth), now=NOW)
    assert made.services == ("ledger", "rooms", "portal")
    assert made.operations == ("POST /entries", "GET /rooms")
    assert (made.fault_kind, made.cause, made.fix) == ("database_connection", truth.cause, truth.fix)
    assert made.provenance["drill"] == "database-refused"


def test_what_a_person_said_last_comes_before_what_was_diagnosed_and_after_what_a_drill_knows() -> None:
    feedback = (
        Feedback(at=NOW, verdict="down", correction=Correction(service="portal", kind=FaultKind.SLOW_CODE)),
        Feedback(at=NOW, verdict="down", correction=Correction(service="ledger", note=" não havia ligação ")),
        Feedback(at=NOW, verdict="up"),
    )
    corrected = incident(diagnosis=diagnosis(hypothesis()), feedback=feedback)
    made = entry_of(corrected, now=NOW)
    assert made.services == ("ledger", "rooms", "portal")
    assert (made.fault_kind, made.cause, made.fix) == ("bad_version", "não havia ligação", None)
    truth = Truth(service="bookings", kind=FaultKind.SERVICE_DOWN, cause="It ended.", fix="Start it.", drill="down")
    made = entry_of(corrected.model_copy(update={"truth": truth}), now=NOW)
    assert (made.services[0], made.fault_kind, made.cause) == ("bookings", "service_down", "It ended.")
    made = entry_of(corrected.model_copy(update={"feedback": feedback[:1]}), now=NOW)
    assert (made.services[0], made.fault_kind, made.cause) == ("portal", "slow_code", None)


def test_an_incident_without_a_diagnosis_makes_an_entry_all_the_same() -> None:
    made = entry_of(incident(title="", entry_id="entry-9"), now=NOW)
    assert (made.id, made.title, made.services) == ("entry-9", "errors on portal", ("portal",))
    assert (made.fault_kind, made.operations, made.signature) == (None, (), {})


@pytest.mark.parametrize("kind", FaultKind)
def test_every_kind_of_fault_is_described_with_what_to_do(kind: FaultKind) -> None:
    described = DESCRIPTIONS[kind]
    assert described.title
    assert described.meaning.endswith(".")
    assert described.next_steps
