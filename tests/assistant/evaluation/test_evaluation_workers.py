import multiprocessing
import os
from pathlib import Path

import pytest
from small_sets import deadly_for_b, only_named, put_set, who_worked

from assistant.evaluation import Line, StoredRecording, Task, Variant, cpus_available, examine_all, find_sets


def tasks(*names: str) -> list[Task]:
    return [Task(StoredRecording(set_name="one", id=name, folder=Path(name)), Variant()) for name in names]


def found(names: list[str], *, jobs: int, work: object = only_named) -> dict[str, Line]:
    return {task.recording.id: line for task, line in examine_all(tasks(*names), jobs=jobs, work=work)}  # type: ignore[arg-type]


@pytest.mark.slow
def test_a_process_that_dies_takes_one_line_and_not_the_run() -> None:
    names = ["a-1", "b-1", "a-2", "a-3", "b-2", "a-4"]
    lines = found(names, jobs=2, work=deadly_for_b)
    assert sorted(lines) == sorted(names)
    failed = {name: line.error for name, line in lines.items() if line.error}
    assert failed == dict.fromkeys(("b-1", "b-2"), "the process that diagnosed it died; it may have run out of memory")
    assert multiprocessing.active_children() == []


@pytest.mark.slow
def test_several_processes_share_the_work_one_thread_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    lines = found([f"a-{number}" for number in range(12)], jobs=2, work=who_worked)
    assert {line.ranking[1] for line in lines.values()} == {"1"}
    assert str(os.getpid()) not in {line.ranking[0] for line in lines.values()}
    assert "OMP_NUM_THREADS" not in os.environ


def test_one_job_works_in_this_process_in_order() -> None:
    lines = found(["a-2", "a-1"], jobs=1, work=who_worked)
    assert list(lines) == ["a-2", "a-1"]
    assert {line.ranking[0] for line in lines.values()} == {str(os.getpid())}


@pytest.mark.slow
def test_whoever_stops_listening_leaves_no_process_behind() -> None:
    listening = examine_all(tasks(*(f"a-{number}" for number in range(50))), jobs=2, work=only_named)
    next(listening)
    listening.close()
    assert multiprocessing.active_children() == []


@pytest.mark.slow
def test_processes_say_what_one_process_says(tmp_path: Path) -> None:
    (one,) = find_sets([put_set(tmp_path / "one")])
    asked = [Task(stored, Variant(late_seconds=late)) for late in (0, 60) for stored in one.recordings]

    def said(jobs: int) -> dict[Task, tuple[object, ...]]:
        return {
            task: (line.id, line.ranking, line.kind, line.abstained, line.probabilities, line.late_seconds, line.error)
            for task, line in examine_all(asked, jobs=jobs)
        }

    assert said(1) == said(2)
    assert len(said(1)) == 6


def test_there_is_work_for_at_least_one() -> None:
    assert cpus_available() >= 1
    with pytest.raises(ValueError, match="jobs must be at least 1"):
        next(examine_all(tasks("a-1"), jobs=0))
    assert list(examine_all([], jobs=2)) == []
