from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from incident_server import IncidentServer, diagnosed, incident, incident_server, resolved

from assistant.client import ServerError
from assistant.diagnosis import Hypothesis, diagnose
from assistant.taxonomy import FaultKind
from chaos.quiet import QuietResult, run_quiet
from telemetry import Alert, Recording, RecordingHeader, Stretch

AT = datetime(2026, 3, 1, 10, tzinfo=UTC)
CAUSE = Hypothesis(service="gateway", kind=FaultKind.REQUEST_FLOOD, probability=0.6, summary="Many come.")


class Time:
    """A clock that only its own sleep moves."""

    def __init__(self) -> None:
        self.now = AT
        self.slept: list[float] = []

    def clock(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def server() -> Iterator[IncidentServer]:
    with incident_server() as served:
        served.records.diagnosis = diagnosed(AT)
        yield served


def run(server: IncidentServer, seconds: float = 30) -> QuietResult:
    time = Time()
    return run_quiet(server.assistant, seconds, clock=time.clock, sleep=time.sleep)


def recording_of(baseline_seconds: int) -> Recording:
    """Give a recording in which no event happened; without a baseline, nothing was collected at all."""
    known = [Stretch(start=AT, end=AT + timedelta(seconds=baseline_seconds))] if baseline_seconds else []
    window = Stretch(start=AT, end=AT + timedelta(seconds=600))
    header = RecordingHeader(
        schema=1,
        id="quiet",
        system="shop",
        window=window,
        baseline=tuple(known),
        alert=Alert(at=window.end - timedelta(seconds=1)),
        resolution_seconds=5,
    )
    return Recording(header, events=pd.DataFrame({"ts": pd.to_datetime([], utc=True)}) if known else None)


def test_a_quiet_run_in_which_nothing_is_seen_has_no_false_alarm(server: IncidentServer) -> None:
    server.records.add(resolved(incident("inc-before", AT - timedelta(seconds=1), CAUSE)))
    result = run(server)
    assert result == QuietResult(began=AT, minutes=0.5)
    assert result.summary() == {"minutes": 0.5, "false_alarms": 0, "problem": None}


def test_every_incident_is_a_false_alarm_and_so_is_a_named_cause(server: IncidentServer) -> None:
    server.records.add(incident("inc-1", AT))
    server.records.add(resolved(incident("inc-2", AT + timedelta(seconds=29))))
    server.records.diagnosis = diagnosed(AT, CAUSE)
    result = run(server)
    assert set(result.incidents) == {"inc-1", "inc-2"}
    assert result.diagnosed == "request_flood in gateway"
    assert result.false_alarms == 3


def test_the_diagnosis_has_more_than_the_run_to_compare_with(server: IncidentServer) -> None:
    run(server, 30)
    assert [asked["last_seconds"] for asked in server.records.diagnoses_asked] == [600]


def test_a_detector_that_cannot_read_proves_nothing(server: IncidentServer) -> None:
    server.records.telemetry_problem = "the telemetry store is locked"
    result = run(server)
    assert result.false_alarms == 0
    assert result.problem == result.summary()["problem"] == "the telemetry store is locked"


@pytest.mark.parametrize("collected", [0, 10])
def test_a_diagnosis_without_a_baseline_proves_nothing(server: IncidentServer, collected: int) -> None:
    server.records.diagnosis = diagnose(recording_of(collected))
    problem = run(server).problem
    assert problem is not None
    assert problem.startswith("the diagnosis could not look: ")


def test_a_diagnosis_that_compared_and_saw_nothing_is_no_problem(server: IncidentServer) -> None:
    server.records.diagnosis = diagnose(recording_of(300))
    assert server.records.diagnosis.abstained
    assert run(server).problem is None


def test_it_lasts_as_long_as_asked_and_tells_how_far_it_is(server: IncidentServer) -> None:
    time, told = Time(), list[float]()
    run_quiet(server.assistant, 2.5, clock=time.clock, sleep=time.sleep, told=told.append)
    assert time.slept == [1.0, 1.0, 0.5]
    assert told == [0.0, 1.0, 2.0]


def test_a_server_that_is_gone_is_no_quiet_run(server: IncidentServer) -> None:
    server.stop()
    with pytest.raises(ServerError, match="no Firedrill server answers"):
        run(server)
