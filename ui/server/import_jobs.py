"""Imports, which take their time: each is worked on in the background, and says how far it is.

Which imports there were is kept in memory only. What an import has written is in the knowledge base, whatever becomes
of the server; an import that a stop cut short is simply started again, and writes what is missing.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

from assistant.knowledge_values import Becomes, ImportJob, ImportState, PlannedFile
from assistant.taxonomy import FaultKind
from knowledge_base import (
    FileReport,
    KnowledgeBase,
    KnowledgeBaseError,
    ReadingRules,
    files_in,
    read_files,
    read_path,
    signature_of_alerts,
)
from ui.server.import_wording import files_of
from ui.server.workers import Workers

_log = logging.getLogger(__name__)

_MOST_WAITING: Final = 5
_MOST_REMEMBERED: Final = 20
# A hundred thousand entries, told one by one, take a hundred megabytes.
_MOST_TOLD_IN_FULL: Final = 3


class NoSuchImport(Exception):
    """This server knows of no such import; the message says why that may be."""

    def __init__(self, job_id: str) -> None:
        super().__init__(job_id)
        self.job_id = job_id

    def __str__(self) -> str:
        return (
            f"there is no import {self.job_id!r}; the server remembers its last {_MOST_REMEMBERED}, and none "
            "from before it was started. Importing again does no harm: what is there already is left alone"
        )


class TooManyImports(Exception):
    """More imports wait than anybody will wait for; the message says what to do."""

    def __init__(self, waiting: int) -> None:
        super().__init__(waiting)
        self.waiting = waiting

    def __str__(self) -> str:
        return f"{self.waiting} imports wait already; start yours when some are done"


@dataclass(frozen=True, kw_only=True)
class ImportOrder:
    """What is to be imported, and how.

    Attributes:
        source: A path on this machine, or the names and contents of files that were sent.
        said: How the source is spoken of.
        author: Who imports.
        dry_run: Only say what would be done.
        expected: Digest of the plan that was looked at, empty where none was.
        keep_review: Take the review status as our own exports have it.
    """

    source: Path | Sequence[tuple[str, bytes]]
    said: str
    author: str = ""
    dry_run: bool = False
    expected: str = ""
    keep_review: bool = False


class _Stopped(Exception):
    """The server is being stopped in the middle of an import."""


class ImportJobs:
    """Works on imports in the order in which they come, one at a time.

    Args:
        knowledge: Where they are written.
        workers: On whose thread they are worked on; one thread, for they would only wait for each other.
        clock: Gives the present moment.
    """

    def __init__(self, knowledge: KnowledgeBase, workers: Workers, clock: Callable[[], datetime]) -> None:
        self._knowledge, self._workers, self._clock = knowledge, workers, clock
        self._lock = threading.Lock()
        self._jobs: dict[str, ImportJob] = {}

    def start(self, order: ImportOrder) -> ImportJob:
        """Accept an import.

        Raises:
            TooManyImports: Too many are waiting.
        """
        with self._lock:
            if (waiting := self._workers.waiting) >= _MOST_WAITING:
                raise TooManyImports(waiting)
            job = ImportJob(
                id=f"imp-{self._clock():%Y%m%d-%H%M%S}-{secrets.token_hex(3)}",
                source=order.said,
                dry_run=order.dry_run,
                author=order.author,
            )
            self._jobs[job.id] = job
            self._forget_the_oldest()
        self._workers.submit(partial(self._work_on, job.id, order))
        return job

    def job(self, job_id: str) -> ImportJob:
        """Say how far an import is; its files are told once it is over.

        Raises:
            NoSuchImport: There is none of that id, or it was forgotten.
        """
        with self._lock:
            found = self._jobs.get(job_id)
        if found is None:
            raise NoSuchImport(job_id)
        # Whoever asks every moment does not want to be told of a thousand files every moment.
        return found if found.state.is_over else found.model_copy(update={"files": ()})

    def stopped(self) -> None:
        """Note that whatever is not over will not be worked on any more."""
        with self._lock:
            for job in list(self._jobs.values()):
                if not job.state.is_over:
                    self._jobs[job.id] = job.model_copy(update={"state": ImportState.STOPPED})

    def _work_on(self, job_id: str, order: ImportOrder) -> None:
        try:
            self._import(job_id, order)
        except _Stopped:
            self._change(job_id, state=ImportState.STOPPED, problem="the server was stopped")
        except (KnowledgeBaseError, OSError, ValueError) as error:
            if self._workers.stopping:
                return  # What it needs is being closed.
            _log.warning("import %s failed: %s", job_id, error)
            self._change(job_id, state=ImportState.FAILED, problem=str(error))
        except Exception:
            self._change(
                job_id, state=ImportState.FAILED, problem="because of a mistake of ours; the server's log has it"
            )
            raise

    def _import(self, job_id: str, order: ImportOrder) -> None:
        self._change(job_id, state=ImportState.READING)
        plan = self._knowledge.preview_import(self._reports(job_id, order), keep_review=order.keep_review)
        files = files_of(plan)
        job = self._change(
            job_id,
            files=files,
            counts=counts_of(files),
            digest=digest_of(files),
            refused_files=sum(file.is_refused for file in plan.files),
        )
        if order.expected and order.expected != job.digest:
            problem = "the files, or what is known, have changed since the preview; look at a new one"
            self._change(job_id, state=ImportState.FAILED, problem=problem)
            return
        self._change(job_id, state=ImportState.WRITING, done=0, total=job.to_write)
        if not order.dry_run:
            outcome = self._knowledge.import_plan(plan, author=order.author, progress=partial(self._progress, job_id))
            self._change(job_id, done=job.to_write, written=outcome.written, problem=_overtaken(outcome.overtaken))
        self._change(job_id, state=ImportState.DONE)

    def _reports(self, job_id: str, order: ImportOrder) -> Iterator[FileReport]:
        """Read what is to be imported, file by file."""
        rules = ReadingRules(now=self._clock(), kinds=frozenset(FaultKind), signature_of_alerts=signature_of_alerts)
        if isinstance(order.source, Path):
            total, reports = len(files_in(order.source, rules.limits)), read_path(order.source, rules)
        else:
            total, reports = len(order.source), read_files(order.source, rules)
        for done, report in enumerate(reports):
            # An archive is one file, and gives many.
            self._progress(job_id, min(done, total), total)
            yield report

    def _progress(self, job_id: str, done: int, total: int | None) -> None:
        if self._workers.stopping:
            raise _Stopped
        self._change(job_id, done=done, total=total)

    def _change(self, job_id: str, **changes: object) -> ImportJob:
        with self._lock:
            # One that was forgotten meanwhile is not remembered again.
            changed = self._jobs[job_id].model_copy(update=changes)
            self._jobs[job_id] = changed
            return changed

    def _forget_the_oldest(self) -> None:
        over = [job.id for job in self._jobs.values() if job.state.is_over]
        for job_id in over[: max(0, len(self._jobs) - _MOST_REMEMBERED)]:
            del self._jobs[job_id]
        for job_id in over[:-_MOST_TOLD_IN_FULL]:
            if job_id in self._jobs:
                self._jobs[job_id] = self._jobs[job_id].model_copy(update={"files": ()})


def counts_of(files: Iterable[PlannedFile]) -> dict[Becomes, int]:
    """Say how many entries become what."""
    found = Counter(entry.becomes for file in files for entry in file.entries)
    every: tuple[Becomes, ...] = ("new", "changed", "unchanged", "duplicate")
    return {becomes: found[becomes] for becomes in every}


def digest_of(files: Iterable[PlannedFile]) -> str:
    """Name a plan, so that another one can be told from it."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.sha256} {file.name!r}\n".encode())
        for entry in file.entries:
            digest.update(f" {entry.entry_id} {entry.becomes}\n".encode())
    return digest.hexdigest()


def _overtaken(ids: Sequence[str]) -> str | None:
    if not ids:
        return None
    return f"{len(ids)} entries were written by somebody after the plan was made and left alone: {', '.join(ids[:10])}"
