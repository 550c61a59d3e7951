"""Drills as questions: never its own run, never a later one, and nothing of what is held out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from small_sets import put_recording, put_truth

from assistant.evaluation import Truth, find_sets
from assistant.evaluation.retrieval import Query
from assistant.evaluation.retrieval.drill_set import KIND_HELD_OUT, Drill, questions_about, read_drill_set
from knowledge_base import Entry, Question, ReviewStatus

T0 = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
KINDS = ("network_link", "bad_version", "slow_database")
SERVICES = ("orders", "payments", "catalog")
APART = timedelta(minutes=10)
WINDOW = timedelta(minutes=6)


def drill(number: int, *, kind: str, service: str) -> Drill:
    """Give a drill that was noticed ten minutes after the one before, with a window of six."""
    at = T0 + number * APART
    entry = Entry(
        id=f"drill-{number}",
        kind="incident",
        title="t",
        symptoms="s",
        fault_kind=kind,
        status=ReviewStatus.APPROVED,
        created_at=at,
        updated_at=at,
    )
    truth = Truth(id=entry.id, fault=True, service=service, kind=kind)
    return Drill(entry=entry, question=Question(text="s"), truth=truth, began=at - WINDOW)


@pytest.fixture
def drills() -> list[Drill]:
    rounds = [(kind, service) for _ in range(3) for service in SERVICES for kind in KINDS]
    return [drill(number, kind=kind, service=service) for number, (kind, service) in enumerate(rounds)]


def findable(query: Query, drills: Sequence[Drill]) -> list[Drill]:
    known = [one for one in drills if query.before is not None and one.entry.created_at < query.before]
    return [one for one in known if one.entry.id not in query.absent | query.exclude]


def own(query: Query, drills: Sequence[Drill]) -> Drill:
    name = "-".join(query.id.split("-")[:2])
    return next(one for one in drills if one.entry.id == name)


def test_no_drill_finds_itself_or_a_later_one(drills: list[Drill]) -> None:
    queries = questions_about(drills)
    assert len(queries) > 20
    for query in queries:
        asked = own(query, drills)
        for one in findable(query, drills):
            assert one is not asked
            assert one.entry.created_at < asked.began
        assert set(query.grades) <= {one.entry.id for one in findable(query, drills)}


def test_a_drill_whose_window_reaches_back_over_another_does_not_find_that(drills: list[Drill]) -> None:
    long = drills[20]
    drills[20] = Drill(entry=long.entry, question=long.question, truth=long.truth, began=drills[17].entry.created_at)
    (query,) = [one for one in questions_about(drills) if one.id == "drill-20-elsewhere"]
    assert {one.entry.id for one in findable(query, drills)}.isdisjoint({f"drill-{n}" for n in (17, 18, 19)})


def test_the_same_fault_on_the_same_service_is_not_there_to_be_found(drills: list[Drill]) -> None:
    for query in questions_about(drills):
        asked = own(query, drills)
        for one in findable(query, drills):
            same_kind = one.truth.kind == asked.truth.kind
            assert not (same_kind and one.truth.service == asked.truth.service)
            assert not (same_kind and query.form == KIND_HELD_OUT)
            assert (one.entry.id in query.grades) is same_kind


def test_without_anything_of_its_kind_a_drill_is_unseen(drills: list[Drill]) -> None:
    for query in questions_about(drills):
        kinds = {one.truth.kind for one in findable(query, drills)}
        assert query.seen is (own(query, drills).truth.kind in kinds)


def test_recordings_are_diagnosed_and_remembered_as_drills_teach_them(tmp_path: Path) -> None:
    folder = tmp_path / "drills"
    truths = []
    for name, service in (("d-1", "rooms"), ("d-2", "portal")):
        put_recording(folder, name, broken_service=service)
        truths.append({"id": name, "fault": True, "service": service, "kind": "cpu"})
    put_recording(folder, "d-3")
    put_truth(folder, [*truths, {"id": "d-3", "fault": False}])
    told: list[tuple[int, int]] = []
    trial = read_drill_set(find_sets([folder]), jobs=1, tell=lambda one: told.append((one.done, one.total)))
    assert [(entry.id, entry.fault_kind, entry.services[0]) for entry in trial.entries] == [
        ("drills-d-1", "cpu", "rooms"),
        ("drills-d-2", "cpu", "portal"),
    ]
    assert all(entry.status is ReviewStatus.APPROVED and entry.signature for entry in trial.entries)
    assert told == [(1, 2), (2, 2)]
