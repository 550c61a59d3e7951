from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from incidents import WRITTEN_AT, entry
from kept import Kept, opened

from knowledge_base.entry import ReviewStatus
from knowledge_base.records.records import Records


@pytest.fixture
def one(database_url: str | Path) -> Iterator[Records]:
    with opened(database_url) as records:
        yield records


@pytest.fixture
def other(one: Records, database_url: str | Path) -> Iterator[Records]:
    """Another replica on the same database."""
    with opened(database_url) as records:
        yield records


def changed(records: Records, since: int) -> list[tuple[str, str | None]]:
    return [(each.id, each.entry and each.entry.title) for each in records.changed_since(since)]


def test_nothing_has_changed_at_first(one: Records) -> None:
    assert one.change() == 0
    assert changed(one, 0) == []


def test_what_one_replica_writes_the_other_sees_as_a_change(one: Records, other: Records) -> None:
    one.write([entry("a"), entry("b")], author="", at=WRITTEN_AT)
    seen = other.change()
    assert changed(other, 0) == [("a", "Incident a"), ("b", "Incident b")]
    other.write([entry("a", title="Anew")], author="", at=WRITTEN_AT)
    assert one.change() > seen
    assert changed(one, seen) == [("a", "Anew")]
    assert changed(one, one.change()) == []


def test_the_last_change_that_is_read_is_the_last_that_there_is(one: Records) -> None:
    one.write([entry("a"), entry("b")], author="", at=WRITTEN_AT)
    one.write([entry("a")], author="", at=WRITTEN_AT)
    assert [each.number for each in one.changed_since(0)][-1] == one.change()


def test_what_is_deprecated_comes_as_gone(one: Records) -> None:
    one.write([entry("a")], author="", at=WRITTEN_AT)
    seen = one.change()
    one.write([entry("a", status=ReviewStatus.DEPRECATED)], author="", at=WRITTEN_AT)
    assert changed(one, seen) == [("a", None)]


def test_a_judgement_is_a_change_and_a_recall_is_none(one: Records, other: Records) -> None:
    kept = Kept(one)
    kept.write(entry("a"))
    seen = other.change()
    recall = kept.ledger.note_recall("what", [])
    assert other.change() == seen
    kept.ledger.judge("a", "wrong")
    (change,) = other.changed_since(seen)
    assert (change.id, change.counts.wrong) == ("a", 1)
    assert recall.id == "recall-1"


def test_what_changes_while_changes_are_read_comes_in_its_new_place(one: Records, other: Records) -> None:
    one.write([entry(f"inc-{number:04}") for number in range(600)], author="", at=WRITTEN_AT)
    reading = one.changed_since(0)
    first = next(reading)
    other.write([entry("inc-0599", title="Meanwhile")], author="", at=WRITTEN_AT)
    rest = list(reading)
    assert first.id == "inc-0000"
    assert rest[-1].entry is not None
    assert (rest[-1].id, rest[-1].entry.title) == ("inc-0599", "Meanwhile")
    assert len(rest) == 599


def test_writers_of_two_replicas_lose_nothing_and_share_no_number(one: Records, other: Records) -> None:
    each_writes = 25

    def write(records: Records, name: str) -> None:
        for number in range(each_writes):
            with records.database.writing():
                # Reading and writing back what all of them count in loses no step.
                before = records.get("counter")
                count = int(before.title) if before else 0
                counted = entry("counter", title=str(count + 1))
                records.write([counted, entry(f"{name}-{number}")], author=name, at=WRITTEN_AT)

    writers = [
        threading.Thread(target=write, args=(records, f"{place}{thread}"))
        for place, records in (("one", one), ("other", other))
        for thread in range(2)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    counter = one.get("counter")
    assert counter is not None
    assert counter.title == str(4 * each_writes)
    assert [each.number for each in one.revisions("counter")] == list(range(1, 4 * each_writes + 1))
    numbers = [each.number for each in other.changed_since(0)]
    assert numbers == sorted(set(numbers))
    assert len(numbers) == 4 * each_writes + 1


def test_a_reader_of_changes_never_overtakes_a_writer(one: Records, other: Records) -> None:
    done = threading.Event()
    seen: set[str] = set()

    def follow() -> None:
        last = 0
        while not (done.is_set() and other.change() == last):
            for each in other.changed_since(last):
                seen.add(each.id)
                last = each.number

    def write(name: str) -> None:
        for number in range(20):
            one.write([entry(f"{name}-{number}")], author="", at=WRITTEN_AT)

    follower = threading.Thread(target=follow)
    writers = [threading.Thread(target=write, args=(name,)) for name in ("a", "b", "c")]
    for thread in (follower, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    follower.join()
    assert seen == set(one.ids())
    assert len(seen) == 60
