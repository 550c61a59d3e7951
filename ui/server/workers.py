"""Threads for work that nobody waits for, and that does not hold up the end of the process either."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable

Task = Callable[[], None]

_log = logging.getLogger(__name__)


class Workers:
    """Does tasks in the order in which they come, a few at a time.

    A task that does not end in time is left behind when the process ends. So a task writes down how far it has come,
    and whoever starts next takes it up again.
    """

    def __init__(self, count: int, name: str) -> None:
        self._tasks: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._run, name=f"{name}-{n}", daemon=True) for n in range(count)]
        for thread in self._threads:
            thread.start()

    @property
    def stopping(self) -> bool:
        """Whether the end has been announced; what fails from now on fails because of that."""
        return self._stopping.is_set()

    @property
    def waiting(self) -> int:
        """How many tasks nobody has begun with."""
        return self._tasks.qsize()

    def submit(self, task: Task) -> None:
        """Have a task done; once the end is announced, it is dropped."""
        self._tasks.put(task)

    def stop(self, grace_seconds: float) -> None:
        """Begin nothing more, and wait a while for what is being done."""
        self._stopping.set()
        for _ in self._threads:
            self._tasks.put(None)
        deadline = time.monotonic() + grace_seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _run(self) -> None:
        while (task := self._tasks.get()) is not None:
            if self.stopping:
                continue
            try:
                task()
            except Exception:
                # One task's mistake must be seen, and must not take the thread from the others.
                _log.exception("a task broke")
