"""Long work, shown while it lasts: a bar on a terminal, lines in a log."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeAlias

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

_LOG_EVERY_SECONDS: Final = 5.0

Told: TypeAlias = Callable[[str, int, int | None], None]


@contextmanager
def progress_bar() -> Iterator[Told]:
    """Show how far something is, on standard error, as soon as there is something to show.

    Gives:
        What is to be told: what is being done, how many are done, and of how many, None while nobody knows.
    """
    if not sys.stderr.isatty():
        yield lambda _what, _done, _total: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), _HowMany(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks = {}

        def told(what: str, done: int, total: int | None) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done, total=total)

        yield told


class _HowMany(MofNCompleteColumn):
    """How many of how many are done, and nothing while nobody knows of how many."""

    def render(self, task: Task) -> Text:
        return super().render(task) if task.total is not None else Text()


def progress_log(
    log: logging.Logger, what: str, clock: Callable[[], float] = time.monotonic
) -> Callable[[int, int], None]:
    """Give what is to be told how many of how many are done, and says so in a log every few seconds, and at the end."""
    said_at = clock()

    def told(done: int, total: int) -> None:
        nonlocal said_at
        now = clock()
        if done >= total or now - said_at >= _LOG_EVERY_SECONDS:
            said_at = now
            log.info("%s: %d of %d", what, done, total)

    return told
