from __future__ import annotations

from datetime import timedelta

import pytest
from contract_entries import START
from contract_world import ONSET, after, incidents, payments_diagnosis

from assistant.incidents import Correction, Feedback, Timeline
from assistant.server_status import DetectorBreach, DetectorState, ServerStatus, ServiceSignals, TelemetryState
from assistant.taxonomy import FaultKind
from ui.pages.incident_view import (
    cause_rows,
    diagnosis_state,
    evidence_in_order,
    feedback_line,
    fingerprint,
    kind_title,
    known_services,
    list_label,
    timeline_rows,
)
from ui.pages.status_view import Tone, service_rows, status_strip

UNDIAGNOSED, DIAGNOSED, RESOLVED = incidents()
HEALTHY = ServerStatus(
    version="0.1.0",
    system="shop",
    workspace="w",
    telemetry=TelemetryState(newest=START, age_seconds=2.0),
    detector=DetectorState(last_run=START, baseline_seconds=450.0),
)


def fact(status: ServerStatus, label: str) -> tuple[str, Tone]:
    found = {said.label: said for said in status_strip(status, START + timedelta(seconds=1))}[label]
    return found.value, found.tone


def test_a_timeline_says_what_is_unknown_and_what_is_yet_to_come() -> None:
    said = {moment.label: moment.at for moment in timeline_rows(UNDIAGNOSED)}
    assert said["Started"] == "unknown"
    assert said["Detected"] == "14:20:00"
    assert said["Resolved"] == said["Diagnosed"] == "not yet"
    assert said["Mitigated"] == "unknown"


def test_a_resolved_incident_does_not_promise_what_never_came() -> None:
    never = RESOLVED.model_copy(update={"timeline": Timeline(detected=after(0), resolved=after(60))})
    assert {moment.at for moment in timeline_rows(never) if moment.label != "Detected"} == {"unknown", "14:01:00"}


def test_every_step_says_how_long_after_the_start_it_was() -> None:
    said = {moment.label: moment.since for moment in timeline_rows(RESOLVED)}
    assert said == {
        "Started": "1 Mar 2026",
        "Detected": "+11 s",
        "Acknowledged": "+40 s",
        "Diagnosed": "+16 s",
        "Mitigated": "+3 min 20 s",
        "Resolved": "+3 min 40 s",
    }


def test_causes_come_ranked_with_the_words_of_their_kind() -> None:
    first, *others = cause_rows(payments_diagnosis())
    assert (first.rank, first.service, first.kind, first.probability_text) == (1, "payments", "network link", "81 %")
    assert first.place == "from orders to payments"
    assert first.next_steps
    assert [cause.rank for cause in others] == [2, 3]


def test_evidence_of_the_likeliest_cause_comes_first_and_none_is_lost() -> None:
    assert [evidence.id for evidence in evidence_in_order(payments_diagnosis())] == ["E1", "E2", "E4", "E5", "E3"]


def test_how_far_a_diagnosis_is_tells_abstaining_from_waiting() -> None:
    assert diagnosis_state(UNDIAGNOSED) == "not diagnosed yet"
    assert diagnosis_state(DIAGNOSED) == "diagnosed"
    abstained = payments_diagnosis().model_copy(update={"abstained": True, "hypotheses": ()})
    assert diagnosis_state(DIAGNOSED.model_copy(update={"diagnosis": abstained})) == "no cause found"


def test_a_title_from_telemetry_formats_nothing_in_the_list() -> None:
    hostile = DIAGNOSED.model_copy(update={"title": ":green-badge[resolved] **x**"})
    assert list_label(hostile).startswith(":red-badge[open] \\:green\\-badge\\[resolved\\]")


def test_a_correction_is_said_in_one_line() -> None:
    correction = Correction(service="inventory", kind=FaultKind.DATABASE_CONNECTION, note="Foi o banco.")
    feedback = Feedback(at=ONSET, verdict="down", correction=correction, author="Inês")
    assert feedback_line(feedback) == (
        "1 Mar 2026, 14:08 UTC · Inês says: wrong; it was inventory, database connection. Foi o banco."
    )
    assert feedback_line(Feedback(at=ONSET, verdict="up")).endswith("somebody says: right")


def test_a_fault_kind_of_another_version_keeps_its_name() -> None:
    assert kind_title("moon_phase") == "moon_phase"
    assert kind_title(None) == "not sure"


def test_a_correction_may_point_at_every_service_once() -> None:
    assert known_services(payments_diagnosis(), ["orders", "catalog", ""]) == (
        "catalog", "gateway", "orders", "payments",
    )  # fmt: skip


def test_an_incident_has_news_only_when_something_to_show_changed() -> None:
    assert fingerprint(DIAGNOSED) == fingerprint(DIAGNOSED.model_copy())
    judged = DIAGNOSED.model_copy(update={"feedback": (Feedback(at=ONSET, verdict="up"),)})
    assert fingerprint(judged) != fingerprint(DIAGNOSED)


def test_a_healthy_system_is_said_to_be_so() -> None:
    assert fact(HEALTHY, "Open incidents") == ("none", Tone.GOOD)
    assert fact(HEALTHY, "Telemetry") == ("2 s old", Tone.GOOD)
    assert fact(HEALTHY, "Detector") == ("all within bounds", Tone.GOOD)
    assert fact(HEALTHY, "Answers written by") == ("evidence", Tone.NEUTRAL)


@pytest.mark.parametrize(
    ("telemetry", "said"),
    [
        (TelemetryState(), ("no data", Tone.DOUBTFUL)),
        (TelemetryState(age_seconds=60.0), ("1 min old", Tone.GOOD)),
        (TelemetryState(age_seconds=61.0), ("1 min 1 s old", Tone.DOUBTFUL)),
        (TelemetryState(age_seconds=-0.5), ("0 s old", Tone.GOOD)),
        (TelemetryState(age_seconds=1.0, problem="locked"), ("cannot be read", Tone.BAD)),
    ],
)
def test_stale_missing_and_unreadable_telemetry_are_told_apart(
    telemetry: TelemetryState, said: tuple[str, Tone]
) -> None:
    assert fact(HEALTHY.model_copy(update={"telemetry": telemetry}), "Telemetry") == said


@pytest.mark.parametrize(
    ("detector", "said"),
    [
        (DetectorState(), ("not started", Tone.DOUBTFUL)),
        (DetectorState(last_run=START), ("learning what is normal", Tone.DOUBTFUL)),
        (DetectorState(last_run=START - timedelta(minutes=5), baseline_seconds=9), ("stopped", Tone.BAD)),
        (
            DetectorState(last_run=START, baseline_seconds=9, breaches=(DetectorBreach(service="a"),)),
            ("1 signal out of bounds", Tone.BAD),
        ),
    ],
)
def test_a_detector_that_does_not_look_is_not_called_calm(detector: DetectorState, said: tuple[str, Tone]) -> None:
    assert fact(HEALTHY.model_copy(update={"detector": detector}), "Detector") == said


def test_a_service_without_data_is_neither_well_nor_unwell() -> None:
    silent, failing, breached, well = service_rows(
        [
            ServiceSignals(service="inventory"),
            ServiceSignals(service="orders", error_ratio=0.01),
            ServiceSignals(service="gateway", error_ratio=0.0),
            ServiceSignals(service="catalog", requests_per_second=0.0),
        ],
        frozenset({"gateway"}),
    )
    assert (silent.tone, failing.tone, breached.tone, well.tone) == (
        Tone.NEUTRAL, Tone.DOUBTFUL, Tone.BAD, Tone.GOOD,
    )  # fmt: skip
    assert silent.errors == "no data"
