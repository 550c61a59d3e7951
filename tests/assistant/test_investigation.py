from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

# Made-up traffic is shared with the tests of the detector, and lies beside them.
sys.path.append(str(Path(__file__).parents[1] / "telemetry"))

from synthetic_traffic import T0, at, fails, traffic

from assistant.diagnosis import diagnose_folder
from assistant.incidents import Incident, IncidentStatus, Timeline
from assistant.investigation import Investigator, healthy_stretches
from assistant.taxonomy import FaultKind
from knowledge_base import HashingEmbedder, KnowledgeBase
from telemetry import Breach, RecordedSource, RecordingError, ReplayClock, SourceUnavailable, StoredTelemetry, Stretch

FAULT_AT = 400.0
WINDOW = Stretch(start=at(0), end=at(600))


def incident(key: str, detected: float, resolved: float | None = None, **changed: Any) -> Incident:
    timeline = Timeline(detected=at(detected), resolved=None if resolved is None else at(resolved), **changed)
    status = IncidentStatus.OPEN if resolved is None else IncidentStatus.RESOLVED
    return Incident(id=key, system="shop", title="t", timeline=timeline, status=status)


def seconds(stretches: tuple[Stretch, ...]) -> list[tuple[float, float]]:
    return [((one.start - T0).total_seconds(), (one.end - T0).total_seconds()) for one in stretches]


def test_without_incidents_everything_before_the_trouble_was_normal() -> None:
    assert seconds(healthy_stretches(WINDOW, at(500), ())) == [(0, 500)]


def test_an_incident_and_what_came_right_before_it_are_cut_out() -> None:
    cut = healthy_stretches(WINDOW, at(500), [incident("a", 200, 300, started=at(190))])
    assert seconds(cut) == [(0, 170), (280, 500)]


def test_incidents_that_overlap_are_cut_out_together_in_any_order() -> None:
    cut = healthy_stretches(WINDOW, at(500), [incident("b", 250, 400), incident("a", 100, 300)])
    assert seconds(cut) == [(0, 80), (380, 500)]


def test_one_that_is_still_open_leaves_nothing_after_it() -> None:
    assert seconds(healthy_stretches(WINDOW, at(500), [incident("a", 300)])) == [(0, 280)]


def test_one_that_a_person_ended_at_once_was_still_trouble_when_it_was_noticed() -> None:
    assert seconds(healthy_stretches(WINDOW, at(500), [incident("a", 200, 201)])) == [(0, 180), (200, 500)]


def test_what_is_over_before_the_window_or_begins_after_the_trouble_changes_nothing() -> None:
    others = [incident("old", -500, -400), incident("later", 550, 580)]
    assert seconds(healthy_stretches(WINDOW, at(500), others)) == [(0, 500)]


def test_a_moment_between_two_incidents_is_no_baseline() -> None:
    cut = healthy_stretches(WINDOW, at(500), [incident("a", 100, 200), incident("b", 209, 300)])
    assert seconds(cut) == [(0, 80), (280, 500)]


@pytest.mark.parametrize("until", [-100, 0, 9.9])
def test_trouble_from_the_beginning_leaves_no_baseline(until: float) -> None:
    assert healthy_stretches(WINDOW, at(until), ()) == ()


@pytest.fixture(scope="module")
def spans() -> pd.DataFrame:
    return traffic(900, pauses=False, faults=(fails("catalog", "GET /products", 0.7, FAULT_AT),))


@pytest.fixture
def clock() -> ReplayClock:
    return ReplayClock(at(FAULT_AT + 30))


@pytest.fixture
def make_investigator(tmp_path: Path, spans: pd.DataFrame, clock: ReplayClock) -> Iterator[Callable[[], Investigator]]:
    events = pd.DataFrame(
        [{"ts": at(FAULT_AT - 1), "service": "catalog", "event_type": "deploy", "version": "1.5.0", "metadata": "{}"}]
    )
    with KnowledgeBase.open(tmp_path / "knowledge", embedder=HashingEmbedder(), clock=clock) as knowledge:
        yield lambda: Investigator(
            source=RecordedSource(spans=spans, events=events, clock=clock),
            knowledge=knowledge,
            recordings=tmp_path / "recordings",
            system="shop",
            clock=clock,
        )


def noticed(key: str = "inc-1") -> Incident:
    seen = Breach(
        service="catalog",
        signal="errors",
        at=at(FAULT_AT + 10),
        value=0.3,
        limit=0.1,
        unit="ratio",
        description="catalog failed",
    )
    return incident(key, FAULT_AT + 10).model_copy(update={"symptoms": (seen,)})


def test_an_incident_is_diagnosed_from_what_was_frozen(
    make_investigator: Callable[[], Investigator], tmp_path: Path
) -> None:
    found = make_investigator().diagnose_incident(noticed(), earlier=())
    assert found.diagnosis is not None
    assert found.diagnosis.top is not None
    assert (found.diagnosis.top.service, found.diagnosis.top.kind) == ("catalog", FaultKind.BAD_VERSION)
    assert found.recording == "inc-1-1"
    again = diagnose_folder(tmp_path / "recordings" / "inc-1-1")
    assert again.hypotheses == found.diagnosis.hypotheses
    assert found.title == "Bad version: catalog 1.5.0, GET /products"
    assert found.timeline.started is not None
    assert abs((found.timeline.started - at(FAULT_AT)).total_seconds()) < 10


def test_looking_now_finds_the_same_as_a_recording_read_back(
    make_investigator: Callable[[], Investigator], clock: ReplayClock, tmp_path: Path
) -> None:
    clock.advance(90)
    investigator = make_investigator()
    now = investigator.diagnose_now("now-1", earlier=())
    folder = investigator.record("now-1", earlier=(), out=tmp_path / "r", description="somebody asked")
    read_back = diagnose_folder(folder)
    assert now.model_copy(update={"seconds": 0}) == read_back.model_copy(update={"seconds": 0})


def test_a_second_look_that_says_the_same_does_not_make_the_first_one_later(
    make_investigator: Callable[[], Investigator], clock: ReplayClock
) -> None:
    investigator = make_investigator()
    first = investigator.diagnose_incident(noticed(), earlier=())
    clock.advance(5)
    second = investigator.diagnose_incident(first, earlier=())
    assert second.timeline.diagnosed == first.timeline.diagnosed == clock() - timedelta(seconds=5)
    assert second.recording == "inc-1-2"


def test_an_incident_of_the_past_is_looked_for_in_the_past(
    make_investigator: Callable[[], Investigator], clock: ReplayClock
) -> None:
    clock.advance(24 * 3600)
    found = make_investigator().diagnose_incident(noticed(), earlier=())
    assert found.diagnosis is not None
    assert found.diagnosis.window.end == at(FAULT_AT + 10) + timedelta(minutes=5)
    assert found.diagnosis.top is not None


def test_what_is_remembered_is_recalled_by_the_next_and_not_by_itself(
    make_investigator: Callable[[], Investigator],
) -> None:
    investigator = make_investigator()
    first = investigator.diagnose_incident(noticed("inc-1"), earlier=())
    investigator.remember(first)
    assert investigator.diagnose_incident(first, earlier=()).similar == ()
    second = investigator.diagnose_incident(noticed("inc-2"), earlier=())
    assert [match.entry.id for match in second.similar] == ["inc-1"]


def test_an_abstention_recalls_what_looked_like_it(
    make_investigator: Callable[[], Investigator], clock: ReplayClock
) -> None:
    investigator = make_investigator()
    investigator.remember(noticed("inc-1"))
    # Long after there is no telemetry that a cause could be named from.
    long_ago = noticed("inc-2")
    symptom = long_ago.symptoms[0].model_copy(update={"at": at(5000)})
    later = long_ago.model_copy(update={"symptoms": (symptom,), "timeline": Timeline(detected=at(5000))})
    clock.advance(5000)
    found = investigator.diagnose_incident(later, earlier=())
    assert found.diagnosis is not None
    assert found.diagnosis.abstained
    assert [match.entry.id for match in found.similar] == ["inc-1"]
    nothing_seen = later.model_copy(update={"symptoms": ()})
    assert investigator.diagnose_incident(nothing_seen, earlier=()).similar == ()


def test_only_the_recording_that_an_incident_names_is_left(
    make_investigator: Callable[[], Investigator], tmp_path: Path
) -> None:
    investigator = make_investigator()
    investigator.diagnose_incident(noticed("inc-10"), earlier=())
    investigator.diagnose_incident(noticed(), earlier=())
    latest = investigator.diagnose_incident(noticed(), earlier=())
    investigator.forget_earlier_recordings(latest)
    assert sorted(path.name for path in (tmp_path / "recordings").iterdir()) == ["inc-1-2", "inc-10-1"]


def test_nothing_is_overwritten_and_nothing_half_written(
    make_investigator: Callable[[], Investigator], tmp_path: Path
) -> None:
    investigator = make_investigator()
    (tmp_path / "taken").mkdir()
    with pytest.raises(RecordingError, match="exists already"):
        investigator.record("r", earlier=(), out=tmp_path / "taken", description="")
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordingError, match="cannot be written"):
        investigator.record("r", earlier=(), out=tmp_path / "file" / "r", description="")
    assert list((tmp_path / "taken").iterdir()) == []


def test_without_telemetry_nothing_is_said_and_nothing_written(
    make_investigator: Callable[[], Investigator], tmp_path: Path
) -> None:
    known = make_investigator()
    blind = Investigator(
        source=StoredTelemetry(tmp_path / "none.db"),
        knowledge=known.knowledge,
        recordings=known.recordings,
        system="shop",
        clock=known.clock,
    )
    with pytest.raises(SourceUnavailable, match="there is no telemetry store"):
        blind.diagnose_now("now-1", earlier=())
    with pytest.raises(SourceUnavailable):
        blind.diagnose_incident(noticed(), earlier=())
    assert not known.recordings.exists()


def test_the_clock_is_asked_for_the_present(make_investigator: Callable[[], Investigator], clock: ReplayClock) -> None:
    moment: datetime = clock()
    assert make_investigator().diagnose_now("now-1", earlier=()).window.end == moment
