from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

import pytest
from replayed_shop import END, FIRST_FAULT, Shop, opened_shop
from synthetic_traffic import at

from assistant.diagnosis import Diagnosis
from assistant.incident_watch import resolved
from assistant.incidents import Incident, IncidentStatus, Timeline
from assistant.investigation import Investigator
from assistant.taxonomy import FaultKind
from knowledge_base import KnowledgeBaseError
from telemetry import Alert, SourceUnavailable, Stretch, read_header
from ui.server.watcher import _with_findings
from ui.server.workers import Task, Workers
from ui.settings import DetectorLoopSettings


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop after the whole replay; only read from."""
    with opened_shop(tmp_path_factory.mktemp("watched")) as opened:
        opened.watch_until(END)
        yield opened


def test_each_fault_is_one_incident_and_both_end(shop: Shop) -> None:
    first, second = shop.incidents()
    assert (first.status, second.status) == (IncidentStatus.RESOLVED, IncidentStatus.RESOLVED)
    assert 0 < (first.timeline.detected - at(FIRST_FAULT[0])).total_seconds() < 30
    assert first.timeline.resolved is not None
    assert first.timeline.resolved > at(FIRST_FAULT[1])


def test_each_is_diagnosed_from_its_recording_and_remembered(shop: Shop) -> None:
    for incident, service in zip(shop.incidents(), ("catalog", "inventory"), strict=True):
        assert incident.diagnosis is not None
        assert incident.diagnosis.top is not None
        assert (incident.diagnosis.top.service, incident.diagnosis.top.kind) == (service, FaultKind.BAD_VERSION)
        assert incident.recording is not None
        header = read_header(shop.workspace.settings.workspace.path / "recordings" / incident.recording)
        assert header.alert.at == incident.timeline.detected
        assert incident.entry_id == incident.id
        assert shop.workspace.knowledge.get(incident.id).services[0] == service


def test_the_second_recalls_the_first_and_the_first_recalls_nothing(shop: Shop) -> None:
    first, second = shop.incidents()
    assert first.similar == ()
    assert [match.entry.id for match in second.similar] == [first.id]


def test_the_first_is_not_part_of_what_the_second_takes_as_normal(shop: Shop) -> None:
    first, second = shop.incidents()
    assert first.timeline.resolved is not None
    assert second.diagnosis is not None
    for stretch in second.diagnosis.baseline:
        assert stretch.end <= first.timeline.detected or stretch.start > at(FIRST_FAULT[1])


def test_only_the_recording_that_an_incident_names_is_kept(shop: Shop) -> None:
    folders = sorted(path.name for path in (shop.workspace.settings.workspace.path / "recordings").iterdir())
    assert folders == sorted(str(incident.recording) for incident in shop.incidents())


class Never(Workers):
    """Takes tasks and never begins, as a server that is stopped at once."""

    def __init__(self) -> None:
        super().__init__(0, "never")
        self.taken: list[Task] = []

    def submit(self, task: Task) -> None:
        self.taken.append(task)


def test_an_incident_that_a_server_left_undiagnosed_is_taken_up_by_the_next(tmp_path: Path) -> None:
    with opened_shop(tmp_path) as before:
        Shop(before.workspace, before.clock, Never()).watch_until(FIRST_FAULT[0] + 20)
        (incident,) = before.incidents()
        assert incident.diagnosis is None
    with opened_shop(tmp_path, second=FIRST_FAULT[0] + 30) as after:
        after.watch_until(FIRST_FAULT[0] + 40)
        (found,) = after.incidents()
    assert found.id == incident.id
    assert found.diagnosis is not None
    assert found.diagnosis.top is not None
    assert found.diagnosis.top.service == "catalog"


def test_an_incident_found_long_after_it_happened_is_diagnosed_from_its_own_time(tmp_path: Path) -> None:
    with opened_shop(tmp_path) as before:
        Shop(before.workspace, before.clock, Never()).watch_until(FIRST_FAULT[0] + 20)
    with opened_shop(tmp_path, second=END - 100) as after:
        after.watch_until(END - 90)
        (found,) = after.incidents()
    assert found.diagnosis is not None
    assert found.diagnosis.top is not None
    assert found.diagnosis.top.service == "catalog"


def test_an_incident_is_investigated_by_one_worker_at_a_time(tmp_path: Path) -> None:
    with opened_shop(tmp_path) as opened:
        workers = Never()
        shop = Shop(opened.workspace, opened.clock, workers)
        shop.watch_until(FIRST_FAULT[0] + 50)
        assert len(workers.taken) == 1


def test_an_investigation_that_fails_is_tried_again_at_every_look_until_it_can_be_done(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with opened_shop(tmp_path) as shop:
        # A file where the folder of recordings should be: nothing can be recorded.
        (tmp_path / "recordings").write_text("in the way")
        shop.watch_until(FIRST_FAULT[0] + 50)
        (incident,) = shop.incidents()
        assert incident.diagnosis is None
        assert sum("failed" in line for line in caplog.messages if "investigation" in line) > 4
        (tmp_path / "recordings").unlink()
        shop.watch_until(FIRST_FAULT[0] + 55)
        (incident,) = shop.incidents()
        assert incident.diagnosis is not None
        assert incident.timeline.diagnosed == shop.clock()


def abstaining(incident: Incident, shop: Shop) -> Incident:
    """Give what an investigation that names no cause would."""
    at_hand = Stretch(start=shop.clock() - timedelta(minutes=10), end=shop.clock())
    alert = Alert(at=incident.timeline.detected)
    nothing = Diagnosis(recording_id="r", system="shop", alert=alert, window=at_hand, abstention_reason="too little")
    timeline = incident.timeline.model_copy(update={"diagnosed": None})
    return incident.model_copy(update={"diagnosis": nothing, "recording": "none", "title": "?", "timeline": timeline})


class Undecided(Investigator):
    """Names no cause, ever."""

    def diagnose_incident(self, incident: Incident, *, earlier: object) -> Incident:
        return abstaining(incident, Shop(None, self.clock))  # type: ignore[arg-type]


def test_without_a_cause_it_is_investigated_ever_more_rarely_and_never_given_up(tmp_path: Path) -> None:
    with opened_shop(tmp_path) as opened:
        opened.workspace.journal.add_incident(opened_incident(opened))
        known = opened.workspace.investigator
        undecided = Undecided(known.source, known.knowledge, known.recordings, known.system, known.clock)
        shop = Shop(replace(opened.workspace, investigator=undecided), opened.clock)
        began, tried = shop.clock(), []
        investigate = shop.watcher.investigate
        shop.watcher.investigate = lambda key: (  # type: ignore[method-assign]
            tried.append((shop.clock() - began).total_seconds()),
            investigate(key),
        )[1]
        while (shop.clock() - began).total_seconds() < 900:
            (incident,) = shop.incidents()
            shop.watcher._pursue(incident)
            shop.clock.advance(5)
    assert tried == [0, 5, 10, 15, 30, 75, 195, 495, 795]


def opened_incident(shop: Shop) -> Incident:
    return Incident(id="inc-1", system="shop", title="t", timeline=Timeline(detected=shop.clock()))


def test_an_abstention_takes_no_cause_back(tmp_path: Path) -> None:
    with opened_shop(tmp_path) as shop:
        shop.watch_until(FIRST_FAULT[0] + 30)
        (named,) = shop.incidents()
        assert named.timeline.diagnosed is not None
        assert _with_findings(named, abstaining(named, shop)) == named
        assert _with_findings(abstaining(named, shop), named) == named


def test_an_entry_is_linked_only_once_it_is_there_and_tried_again_until_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened_shop(tmp_path) as shop:

        def unable(_entry: object) -> NoReturn:
            raise KnowledgeBaseError("no room for it")

        with monkeypatch.context() as patched:
            patched.setattr(shop.workspace.knowledge, "remember", unable)
            shop.watch_until(FIRST_FAULT[0] + 30)
            (incident,) = shop.incidents()
            assert (incident.diagnosis is None, incident.entry_id) == (False, None)
            shop.watch_until(FIRST_FAULT[1] + 60)
            (incident,) = shop.incidents()
            assert (incident.status, incident.entry_id) == (IncidentStatus.RESOLVED, None)
        shop.watcher.look()
        (incident,) = shop.incidents()
        assert incident.entry_id is not None
        assert shop.workspace.knowledge.get(incident.entry_id).services[0] == "catalog"


def test_what_a_person_resolved_meanwhile_stays_resolved(tmp_path: Path) -> None:
    with opened_shop(tmp_path) as shop:
        shop.watch_until(FIRST_FAULT[0] + 20)
        (incident,) = shop.incidents()
        journal = shop.workspace.journal
        at_hand = journal.incident(incident.id)
        journal.change_incident(incident.id, lambda now: resolved(now, shop.clock()))
        grown = at_hand.model_copy(update={"symptoms": at_hand.symptoms[:1]})
        changed = shop.watcher._change(grown)
        assert changed.status is IncidentStatus.RESOLVED


def test_without_telemetry_nothing_is_opened_and_nothing_is_resolved(tmp_path: Path) -> None:
    with opened_shop(tmp_path) as shop:
        shop.watch_until(FIRST_FAULT[0] + 20)
        shop.clock.advance(END)
        for _ in range(5):
            shop.clock.advance(5)
            assert shop.watcher.look().problem is not None
        (incident,) = shop.incidents()
        assert incident.status is IncidentStatus.OPEN


def test_the_watch_outlives_a_look_that_breaks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened_shop(tmp_path) as opened:
        often = DetectorLoopSettings.model_construct(interval_seconds=0.01)
        settings = opened.workspace.settings.model_copy(update={"detector": often})
        shop = Shop(replace(opened.workspace, settings=settings), opened.clock)
        looks = iter([SourceUnavailable("the store", "is away"), ZeroDivisionError()])
        seen: list[str] = []
        observe = shop.workspace.detector.observe

        def sometimes(now: object) -> object:
            if (error := next(looks, None)) is not None:
                raise error
            seen.append("looked")
            shop.watcher._stopping.set()
            return observe(shop.clock())

        monkeypatch.setattr(shop.workspace.detector, "observe", sometimes)
        shop.watcher.start()
        shop.watcher._thread.join(10)
        assert seen == ["looked"]


def test_recordings_of_an_earlier_server_are_not_in_the_way(tmp_path: Path) -> None:
    with opened_shop(tmp_path) as shop:
        Shop(shop.workspace, shop.clock, Never()).watch_until(FIRST_FAULT[0] + 20)
        (incident,) = shop.incidents()
        left = tmp_path / "recordings" / f"{incident.id}-1"
        left.mkdir(parents=True)
        shop.watcher.look()
        (found,) = shop.incidents()
        assert found.recording == f"{incident.id}-2"
        assert not left.exists()
