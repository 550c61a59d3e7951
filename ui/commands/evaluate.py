from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from assistant.evaluation import (
    RULES_FILE,
    TRUTH_FILE,
    Line,
    LineFile,
    RecordingSet,
    Scores,
    Task,
    Variant,
    as_one_word,
    cpus_available,
    examine_all,
    find_sets,
    find_switches,
    part_names,
    read_truth,
    score,
)
from ui.bad_use import BadUse
from ui.commands.diagnosis_scores import print_scores
from ui.commands.output import print_json, printable, say
from ui.exits import Exit

_AS_RECORDED: Final = (0,)
_LATE: Final = (0, 30, 60, 120)
_KEPT: Final = (TRUTH_FILE, RULES_FILE, "recording.json", "topology.json")


@dataclass(frozen=True, slots=True)
class Run:
    """One way of running the engine over everything, and where its lines go."""

    variant: Variant
    out: Path


def run(arguments: argparse.Namespace) -> Exit:
    """Run the engine over recordings; where the truth is asked for, it is opened after the last line is written."""
    without = find_switches(arguments.without)
    if arguments.ablation and not arguments.truth:
        raise BadUse("--ablation compares scores: give --truth too")
    if arguments.out.name in _KEPT or arguments.out.is_dir():
        raise BadUse(f"--out {arguments.out} would overwrite what is kept there; name a file for the results")
    sets = find_sets(arguments.sets)
    lacking = [one.folder for one in sets if not (one.folder / TRUTH_FILE).is_file()]
    if arguments.truth and lacking:
        raise BadUse(f"there is no {TRUTH_FILE} in {lacking[0]}; leave --truth away, or that set")
    late = arguments.late or (_LATE if arguments.truth and not arguments.ablation else _AS_RECORDED)
    runs = plan(arguments.out, late, without, leave_out=part_names() if arguments.ablation else ())
    lines = _run_all(sets, runs, jobs=arguments.jobs or cpus_available())
    scores = _score_all(sets, runs, lines) if arguments.truth else None
    if arguments.json:
        print_json(_document(runs, lines, scores))
    else:
        _say_what_was_run(runs, lines)
        if scores is not None:
            print_scores([(one.variant, found) for one, found in zip(runs, scores, strict=True)])
    return Exit.BAD_INPUT if all(line.error is not None for line in lines[0]) else Exit.DONE


def plan(out: Path, late: Sequence[int], without: tuple[str, ...], *, leave_out: Sequence[str] = ()) -> tuple[Run, ...]:
    """Say what is run and where the lines go: the first lateness to `out`, the others beside it."""
    first = Variant(late_seconds=late[0], without=without)
    runs = [Run(first, out)]
    runs += [Run(replace(first, late_seconds=more), _beside(out, f"late-{more}")) for more in late[1:]]
    for name in leave_out:
        if name not in without:
            runs.append(Run(replace(first, without=(*without, name)), _beside(out, f"without-{as_one_word(name)}")))
    return tuple(runs)


def _beside(out: Path, what: str) -> Path:
    return out.with_name(f"{out.stem}.{what}{out.suffix}")


def _run_all(sets: Sequence[RecordingSet], runs: Sequence[Run], *, jobs: int) -> list[list[Line]]:
    """Run everything, one way after the other; each line is on disk as soon as the lines before it are."""
    recordings = [stored for one in sets for stored in one.recordings]
    places = {
        Task(stored, one.variant): (which, number)
        for which, one in enumerate(runs)
        for number, stored in enumerate(recordings)
    }
    lines: list[list[Line]] = [[] for _ in runs]
    with ExitStack() as files, _progress(len(places)) as progress:
        written = [files.enter_context(LineFile(one.out)) for one in runs]
        for task, line in files.enter_context(closing(examine_all(places, jobs=jobs))):
            which, number = places[task]
            written[which].add(number, line)
            lines[which].append(line)
            progress.step(_name(runs[which].variant))
            if line.error is not None:
                progress.tell(f"{line.set_name}/{line.id}: {line.error}")
    return lines


def _score_all(sets: Sequence[RecordingSet], runs: Sequence[Run], lines: Sequence[Sequence[Line]]) -> list[Scores]:
    truths = {one.name: read_truth(one.folder) for one in sets}
    return [score(sets, truths, of_run) for _, of_run in zip(runs, lines, strict=True)]


def _document(runs: Sequence[Run], lines: Sequence[Sequence[Line]], scores: Sequence[Scores] | None) -> dict[str, Any]:
    document: dict[str, Any] = {
        "runs": [
            {
                "late_seconds": one.variant.late_seconds,
                "without": list(one.variant.without),
                "out": str(one.out),
                **_counts(of_run),
            }
            for one, of_run in zip(runs, lines, strict=True)
        ]
    }
    if scores is not None:
        for entry, found in zip(document["runs"], scores, strict=True):
            entry["scores"] = found.as_json()
    return document


def _say_what_was_run(runs: Sequence[Run], lines: Sequence[Sequence[Line]]) -> None:
    for one, of_run in zip(runs, lines, strict=True):
        counts = _counts(of_run)
        print(
            f"{_name(one.variant)}: {counts['recordings']} recordings, no cause named on {counts['abstained']}, "
            f"{counts['failed']} failed; lines in {printable(str(one.out))}"
        )


def _counts(lines: Sequence[Line]) -> dict[str, int]:
    return {
        "recordings": len(lines),
        "abstained": sum(line.abstained for line in lines),
        "failed": sum(line.error is not None for line in lines),
    }


def _name(variant: Variant) -> str:
    late = f"alarm {variant.late_seconds:g} s late" if variant.late_seconds else "alarm as recorded"
    return f"{late}, without {', '.join(variant.without)}" if variant.without else late


class _Told(Protocol):
    def step(self, what: str) -> None: ...

    def tell(self, text: str) -> None: ...


class _Bar:
    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._task = progress.add_task("starting", total=total)

    def step(self, what: str) -> None:
        self._progress.update(self._task, advance=1, description=what)

    def tell(self, text: str) -> None:
        self._progress.console.print(printable(text), markup=False, highlight=False)


class _Plain:
    """Progress for whoever reads it later: a line whenever something else begins."""

    def __init__(self, total: int) -> None:
        self._total, self._done = total, 0
        self._begun: set[str] = set()

    def step(self, what: str) -> None:
        if what not in self._begun:
            say(f"{self._done} of {self._total} done; now: {what}")
            self._begun.add(what)
        self._done += 1

    def tell(self, text: str) -> None:
        say(printable(text))


@contextmanager
def _progress(total: int) -> Iterator[_Told]:
    if not sys.stderr.isatty():
        yield _Plain(total)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield _Bar(progress, total)
