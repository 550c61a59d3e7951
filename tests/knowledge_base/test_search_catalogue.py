from collections.abc import Sequence
from typing import Any

import pytest
from incidents import DATABASE_ON_ORDERS, DRILLS, FLOOD_ON_GATEWAY, entry
from search_world import EMBEDDER, World, ids_allowed

from knowledge_base import Entry, FeedbackCounts, Filters, ReviewStatus
from knowledge_base.search.catalogue import Catalogue

ANYTHING = Filters()
FLOOD = EMBEDDER.embed_query("a flood of requests saturates the gateway")


@pytest.fixture
def world() -> World:
    made = World()
    made.write(*DRILLS)
    return made


def refreshed(catalogue: Catalogue) -> Catalogue:
    catalogue.refresh()
    return catalogue


def found(catalogue: Catalogue, filters: Filters = ANYTHING, exclude: Sequence[str] = ()) -> set[str]:
    return ids_allowed(catalogue, catalogue.allowed(filters, exclude))


def nearest(catalogue: Catalogue, limit: int = 1, filters: Filters = ANYTHING) -> list[str]:
    rows = catalogue.nearest(FLOOD, limit, catalogue.allowed(filters, ()))
    return [catalogue.ids[row] for row in rows]


def test_what_another_server_wrote_changed_and_withdrew_is_taken_up(world: World) -> None:
    catalogue = refreshed(world.catalogue())
    assert found(catalogue) == {each.id for each in DRILLS}
    world.write(entry("inc-new", title="the queue overflows"))
    world.write(FLOOD_ON_GATEWAY.model_copy(update={"status": ReviewStatus.DEPRECATED}))
    world.write(DATABASE_ON_ORDERS.model_copy(update={"title": "certificate expired"}))
    refreshed(catalogue)
    assert found(catalogue) == {each.id for each in DRILLS} - {FLOOD_ON_GATEWAY.id} | {"inc-new"}
    assert catalogue.row(FLOOD_ON_GATEWAY.id) is None
    assert len(catalogue) == len(DRILLS)
    row = catalogue.row(DATABASE_ON_ORDERS.id)
    assert row is not None
    assert "certif" in catalogue.words.shared(catalogue.words.numbers(["certif"]), row)


def test_feedback_alone_changes_the_factor_and_nothing_else(world: World) -> None:
    catalogue = refreshed(world.catalogue())
    rows, asked = len(catalogue.ids), world.asked_of_index
    world.judge(FLOOD_ON_GATEWAY.id, FeedbackCounts(shown=3, wrong=3))
    refreshed(catalogue)
    row = catalogue.row(FLOOD_ON_GATEWAY.id)
    assert row is not None
    assert catalogue.feedback(catalogue.has_signature.nonzero()[0])[row] == pytest.approx(4 / 7)
    assert (len(catalogue.ids), world.asked_of_index) == (rows, asked)


def test_what_changes_while_changes_are_read_is_there_once_and_as_it_is_now(world: World) -> None:
    again = DATABASE_ON_ORDERS.model_copy(update={"title": "certificate expired"})
    world.while_read = lambda: world.write(again)
    catalogue = refreshed(world.catalogue())
    assert sorted(catalogue.ids) == sorted(each.id for each in DRILLS)
    row = catalogue.row(again.id)
    assert row is not None
    assert catalogue.words.shared(catalogue.words.numbers(["certif"]), row) == ["certif"]


def test_what_is_withdrawn_while_changes_are_read_is_not_found(world: World) -> None:
    gone = DATABASE_ON_ORDERS.model_copy(update={"status": ReviewStatus.DEPRECATED})
    world.while_read = lambda: world.write(gone)
    catalogue = refreshed(world.catalogue())
    assert found(catalogue) == {each.id for each in DRILLS} - {gone.id}
    assert found(refreshed(catalogue)) == {each.id for each in DRILLS} - {gone.id}


LABELLED = (
    entry("run-orders", kind="runbook", services=("orders", "payments"), team="shop", status=ReviewStatus.APPROVED),
    entry("inc-prod", services=("orders",), environment="production", team="shop", fault_kind="bad_version"),
    entry("inc-test", services=("payments",), environment="test", status=ReviewStatus.IN_REVIEW),
)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, {"run-orders", "inc-prod", "inc-test"}),
        ({"kind": "runbook"}, {"run-orders"}),
        ({"service": "payments"}, {"run-orders", "inc-test"}),
        ({"service": "pay"}, set()),
        ({"environment": "production"}, {"run-orders", "inc-prod"}),
        ({"team": "shop", "kind": "incident"}, {"inc-prod"}),
        ({"fault_kind": "bad_version"}, {"inc-prod"}),
        ({"approved_only": True}, {"run-orders"}),
        ({"approved_only": True, "environment": "test"}, {"run-orders"}),
    ],
)
def test_filters_leave_out_all_that_is_not_asked_for(asked: dict[str, Any], expected: set[str]) -> None:
    world = World()
    world.write(*LABELLED)
    assert found(refreshed(world.catalogue()), Filters(**asked)) == expected


def test_a_label_that_was_changed_counts_as_it_is_now() -> None:
    world = World()
    world.write(*LABELLED)
    catalogue = refreshed(world.catalogue())
    world.write(LABELLED[0].model_copy(update={"services": ("gateway",), "status": ReviewStatus.DRAFT}))
    refreshed(catalogue)
    assert found(catalogue, Filters(service="orders")) == {"inc-prod"}
    assert found(catalogue, Filters(service="gateway")) == {"run-orders"}
    assert found(catalogue, Filters(approved_only=True)) == set()


def test_what_is_excluded_is_not_allowed_and_an_unknown_id_does_no_harm(world: World) -> None:
    catalogue = refreshed(world.catalogue())
    left = found(catalogue, exclude=[FLOOD_ON_GATEWAY.id, "inc-nobody"])
    assert left == {each.id for each in DRILLS} - {FLOOD_ON_GATEWAY.id}


def test_vectors_that_come_after_the_records_are_taken_up_when_they_are_there() -> None:
    world = World()
    world.write(*DRILLS, index=False)
    catalogue = refreshed(world.catalogue())
    assert nearest(catalogue) == []
    assert found(catalogue) == {each.id for each in DRILLS}
    world.index(FLOOD_ON_GATEWAY.id)
    assert nearest(refreshed(catalogue), limit=5) == [FLOOD_ON_GATEWAY.id]


def test_the_vector_of_an_earlier_state_is_not_taken_for_the_present_one(world: World) -> None:
    changed = FLOOD_ON_GATEWAY.model_copy(update={"title": "something else altogether", "symptoms": "Nothing alike."})
    world.write(changed, index=False)
    catalogue = refreshed(world.catalogue())
    assert FLOOD_ON_GATEWAY.id not in nearest(catalogue, limit=10)
    world.index(changed.id)
    assert changed.id in nearest(refreshed(catalogue), limit=10)


def test_what_waits_for_its_vectors_is_not_asked_for_as_a_whole_at_every_search() -> None:
    world = World()
    world.write(*(entry(f"inc-{number}") for number in range(2500)), index=False)
    catalogue = refreshed(world.catalogue())
    before = world.asked_of_index
    refreshed(catalogue)
    assert world.asked_of_index - before == 1000
    for number in range(2500):
        world.index(f"inc-{number}")
    assert len(nearest(refreshed(catalogue), limit=3000)) == 2500


def test_beyond_what_memory_should_hold_the_index_is_asked(world: World) -> None:
    catalogue = refreshed(world.catalogue(exact_up_to=2))
    assert nearest(catalogue) == [FLOOD_ON_GATEWAY.id]
    assert nearest(catalogue, limit=4, filters=Filters(service="orders"))
    assert FLOOD_ON_GATEWAY.id not in nearest(catalogue, limit=4, filters=Filters(service="orders"))
    row = catalogue.row(FLOOD_ON_GATEWAY.id)
    assert row is not None
    assert catalogue.similarities(FLOOD, [row])[row] > 0.5
    assert catalogue.neighbours([row], 5, least=0.0) == {}
    world.write(entry("inc-new", title=FLOOD_ON_GATEWAY.title, symptoms=FLOOD_ON_GATEWAY.symptoms))
    assert "inc-new" in nearest(refreshed(catalogue), limit=3)


def test_after_many_changes_nothing_of_what_was_before_is_left() -> None:
    world, entries = World(), [entry(f"inc-{number}") for number in range(10)]
    catalogue = world.catalogue()
    for turn in range(250):
        world.write(*(each.model_copy(update={"symptoms": f"turn {turn}"}) for each in entries))
        refreshed(catalogue)
    assert len(catalogue) == 10
    assert len(catalogue.ids) <= 2100
    assert found(catalogue) == {each.id for each in entries}
    assert len(nearest(catalogue, limit=100)) == 10


def test_drills_that_left_the_same_signature_again_and_again_can_be_searched() -> None:
    world = World()
    kinds = {"a": {"errors": 1.0, "logs": 0.2}, "b": {"latency": 1.0, "cpu": 0.4}, "c": {"traffic": 1.0, "disk": 0.3}}
    made: list[Entry] = [
        entry(f"inc-{kind}-{number}", fault_kind=kind, signature=signature)
        for kind, signature in kinds.items()
        for number in range(7)
    ]
    world.write(*made)
    catalogue = refreshed(world.catalogue())
    assert catalogue.alike_by_kind({"errors": 1.0}) is None
    assert catalogue.has_signature.all()
