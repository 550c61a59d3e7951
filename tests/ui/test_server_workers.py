from __future__ import annotations

import threading
import time

import pytest

from ui.server.workers import Workers

PATIENCE_SECONDS = 10


def test_tasks_are_done_in_the_order_in_which_they_come() -> None:
    done: list[int] = []
    workers = Workers(1, "one")
    for number in range(20):
        workers.submit(lambda number=number: done.append(number))  # type: ignore[misc]
    last = threading.Event()
    workers.submit(last.set)
    assert last.wait(PATIENCE_SECONDS)
    workers.stop(PATIENCE_SECONDS)
    assert done == list(range(20))


def test_a_task_that_breaks_is_told_and_takes_nothing_from_the_others(caplog: pytest.LogCaptureFixture) -> None:
    workers = Workers(1, "one")
    later = threading.Event()
    workers.submit(lambda: 1 / 0)  # type: ignore[arg-type, return-value]
    workers.submit(later.set)
    assert later.wait(PATIENCE_SECONDS)
    workers.stop(PATIENCE_SECONDS)
    assert "ZeroDivisionError" in caplog.text


def test_the_end_waits_for_nobody_longer_than_it_was_given() -> None:
    workers = Workers(1, "one")
    begun, released = threading.Event(), threading.Event()
    never = threading.Event()

    def take_long() -> None:
        begun.set()
        released.wait(PATIENCE_SECONDS)

    workers.submit(take_long)
    workers.submit(never.set)
    assert begun.wait(PATIENCE_SECONDS)
    assert workers.waiting == 1
    started = time.monotonic()
    workers.stop(0.05)
    assert time.monotonic() - started < 2
    assert workers.stopping
    released.set()
    for thread in workers._threads:
        thread.join(PATIENCE_SECONDS)
    assert not never.is_set()
