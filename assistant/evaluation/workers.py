"""Many recordings at once, each in a process of its own kind: a hard crash takes one line, not the run."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Final

from assistant.evaluation.lines import Line
from assistant.evaluation.stored import StoredRecording
from assistant.evaluation.variants import Variant

# One recording has one core, so that the seconds can be compared; Arrow heeds the first of these as well.
_ONE_THREAD: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_DIED: Final = "the process that diagnosed it died; it may have run out of memory"


@dataclass(frozen=True, slots=True)
class Task:
    """A recording, and the way to run the engine on it."""

    recording: StoredRecording
    variant: Variant


Work = Callable[[Task], Line]


def cpus_available() -> int:
    """Count the processors that this process may use."""
    return len(os.sched_getaffinity(0))


def examine_one(task: Task) -> Line:
    """Diagnose one recording; every way in which that can fail is a line too."""
    from assistant.evaluation.examining import examine  # noqa: PLC0415 - see `_begin`

    return examine(task.recording, task.variant)


def examine_all(
    tasks: Iterable[Task], *, jobs: int, work: Work = examine_one
) -> Generator[tuple[Task, Line], None, None]:
    """Diagnose recordings, `jobs` at a time, and give each line as soon as it is there.

    With one job all happens in this process, where a debugger can follow. A recording whose process dies is tried once
    more alone; only if it dies again, its line says so. Closing the generator waits for what is being worked on.

    Args:
        tasks: What to do; the first begin first.
        jobs: How many processes, at least 1.
        work: What to do with each; worker processes import it by its name.
    """
    if jobs < 1:
        raise ValueError(f"jobs must be at least 1, got {jobs}")
    waiting = deque(tasks)
    if jobs == 1:
        while waiting:
            task = waiting.popleft()
            yield task, work(task)
        return
    while waiting:
        suspects = yield from _until_one_dies(waiting, min(jobs, len(waiting)), work)
        for task in suspects:
            yield task, _alone(task, work)


def _until_one_dies(waiting: deque[Task], jobs: int, work: Work) -> Generator[tuple[Task, Line], None, list[Task]]:
    """Work through what waits; when a process dies, give what was being worked on."""
    pool = _pool(jobs)
    flying: dict[Future[Line], Task] = {}
    try:
        while waiting or flying:
            while waiting and len(flying) < jobs:
                flying[pool.submit(work, waiting[0])] = waiting[0]
                waiting.popleft()
            for future in wait(flying, return_when=FIRST_COMPLETED).done:
                line = future.result()
                yield flying.pop(future), line
    except BrokenProcessPool:
        return list(flying.values())
    finally:
        pool.shutdown(cancel_futures=True)
    return []


def _alone(task: Task, work: Work) -> Line:
    pool = _pool(1)
    try:
        return pool.submit(work, task).result()
    except BrokenProcessPool:
        return Line.failed(task.recording, task.variant, _DIED)
    finally:
        pool.shutdown(cancel_futures=True)


def _pool(jobs: int) -> ProcessPoolExecutor:
    # A forked child would inherit threads and locks of libraries in an unknown state.
    return ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn"), initializer=_begin)


def _begin() -> None:
    """Make a fresh process a worker; nothing that counts threads may be imported before this ran."""
    for name in _ONE_THREAD:
        os.environ.setdefault(name, "1")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent ends us.
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    from assistant.evaluation import examining  # noqa: F401, PLC0415 - no recording's seconds shall hold imports


def _end_with_the_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
