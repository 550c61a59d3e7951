"""Imports in the background: bounded, remembered for a while, and stopped with the server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from known_workspace import known_workspace
from replayed_shop import AtOnce

from assistant.knowledge_values import ImportJob, ImportState
from ui.server.import_jobs import ImportJobs, ImportOrder, NoSuchImport, TooManyImports
from ui.server.workers import Task, Workers
from ui.server.workspace import Workspace


class Never(Workers):
    """Takes every task, and begins with none."""

    def __init__(self) -> None:
        super().__init__(0, "never")


class StoppedInTheMiddle(AtOnce):
    """Is told to end as soon as a task has begun."""

    @property
    def stopping(self) -> bool:
        return self.begun

    begun = False

    def submit(self, task: Task) -> None:
        self.begun = True
        task()


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with known_workspace(tmp_path) as opened:
        yield opened


def jobs_on(workspace: Workspace, workers: Workers) -> ImportJobs:
    return ImportJobs(workspace.knowledge, workers, workspace.clock)


def order(title: str = "Fila parada") -> ImportOrder:
    text = f"# {title}\n\n## Sintomas\n\nA fila de {title} não anda.\n"
    return ImportOrder(source=[(f"{title}.md", text.encode())], said="1 file")


def test_no_more_imports_are_taken_than_anybody_will_wait_for(workspace: Workspace) -> None:
    jobs = jobs_on(workspace, Never())
    waiting = [jobs.start(order()) for _ in range(5)]
    with pytest.raises(TooManyImports, match="5 imports wait already"):
        jobs.start(order())
    assert {jobs.job(job.id).state for job in waiting} == {ImportState.WAITING}


def test_the_last_imports_are_remembered_and_the_very_last_in_full(workspace: Workspace) -> None:
    jobs = jobs_on(workspace, AtOnce())
    made = [jobs.start(order(f"fila {number}")) for number in range(25)]
    remembered: list[ImportJob] = []
    for job in made:
        try:
            remembered.append(jobs.job(job.id))
        except NoSuchImport:
            continue
    assert [job.id for job in remembered] == [job.id for job in made[5:]]
    assert {job.written for job in remembered} == {1}
    assert remembered[0].files == ()
    assert remembered[-1].files[0].entries[0].title == "fila 24"


def test_an_import_that_is_under_way_does_not_tell_every_file_to_whoever_asks(workspace: Workspace) -> None:
    jobs = jobs_on(workspace, Never())
    job = jobs.start(order())
    jobs._change(job.id, state=ImportState.WRITING, files=(), counts={"new": 1})
    assert (jobs.job(job.id).files, jobs.job(job.id).counts) == ((), {"new": 1})


def test_an_import_ends_with_the_server_and_says_so(workspace: Workspace) -> None:
    jobs = jobs_on(workspace, StoppedInTheMiddle())
    job = jobs.job(jobs.start(order()).id)
    assert (job.state, job.problem) == (ImportState.STOPPED, "the server was stopped")
    assert workspace.knowledge.count() == 0


def test_what_waits_when_the_server_ends_is_not_said_to_go_on(workspace: Workspace) -> None:
    jobs = jobs_on(workspace, Never())
    job = jobs.start(order())
    jobs.stopped()
    assert jobs.job(job.id).state is ImportState.STOPPED


def test_a_mistake_of_ours_is_not_waited_for_for_ever(workspace: Workspace) -> None:
    jobs = jobs_on(workspace, AtOnce())
    broken = ImportOrder(source=[("a.md", None)], said="a.md")  # type: ignore[list-item]
    with pytest.raises(TypeError):
        jobs.start(broken)
    (job,) = jobs._jobs.values()
    assert (job.state, job.problem) == (ImportState.FAILED, "because of a mistake of ours; the server's log has it")
