"""Fit the calibration of the diagnosis, each system held out in turn.

    python -m bench.fit_calibration SET... [--jobs N]

Runs the engine over sets with known truth, whole and with one table after the other taken away, and asks how often the
likeliest cause was right for what the weights said. Prints the intercept and the slope for
`assistant/diagnosis/calibration.py`, and for each system what a curve fitted on the others would have given it.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import statsmodels.api as sm
from rich.console import Console
from rich.progress import track
from rich.table import Table

from assistant.diagnosis.calibration import uncalibrated
from assistant.evaluation import TABLES, RecordingSet, Task, Variant, cpus_available, examine_all, find_sets, read_truth
from assistant.evaluation.calibration import calibrate
from assistant.evaluation.judging import Case, judge
from assistant.evaluation.lines import Line
from telemetry import read_header

_LEAST, _MOST = 0.01, 0.99
_TAKEN_AWAY: Final = (None, *(table for table in TABLES if table != "events"))


@dataclass(frozen=True)
class Named:
    """One likeliest cause: the system it was named in, what the weights said, and whether it was right."""

    system: str
    said: float
    right: bool


def main(argv: Sequence[str] | None = None) -> int:
    """Run, fit and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0] if __doc__ else None)
    parser.add_argument("sets", nargs="+", type=Path, help="a set's folder, or a folder of sets")
    parser.add_argument("--jobs", type=int, default=cpus_available(), help="processes at once")
    arguments = parser.parse_args(argv)
    named = _named(find_sets(arguments.sets), arguments.jobs)
    systems = sorted({one.system for one in named})
    table = Table("held out", "causes", "error as said", "error fitted on the others", "intercept", "slope")
    for system in systems:
        mine, others = [one for one in named if one.system == system], [one for one in named if one.system != system]
        curve = _fitted(others)
        raw, fitted = _error([one.said for one in mine], mine), _error(_on(curve, mine), mine)
        table.add_row(system, str(len(mine)), f"{raw:.3f}", f"{fitted:.3f}", *(f"{number:.2f}" for number in curve))
    everywhere = _fitted(named)
    overall = _error(_on(everywhere, named), named)
    console = Console()
    console.print(table)
    console.print(f"all systems: INTERCEPT = {everywhere[0]:.2f}, SLOPE = {everywhere[1]:.2f}, error {overall:.3f}")
    return 0


def _named(sets: Sequence[RecordingSet], jobs: int) -> list[Named]:
    system_of = {(one.name, stored.id): read_header(stored.folder).system for one in sets for stored in one.recordings}
    found = []
    for table in _TAKEN_AWAY:
        variant = Variant(without=(table,) if table else ())
        tasks = [Task(stored, variant) for one in sets for stored in one.recordings]
        said = f"without {table}" if table else "whole"
        lines = [line for _, line in track(examine_all(tasks, jobs=jobs), description=said, total=len(tasks))]
        found += [named for one in sets for named in _judged(one, lines, system_of)]
    return found


def _judged(one: RecordingSet, lines: list[Line], system_of: dict[tuple[str, str], str]) -> list[Named]:
    cases = judge(one, read_truth(one.folder), lines)
    return [
        Named(system_of[one.name, case.id], uncalibrated(case.probability), case.named_right)
        for case in cases
        if case.probability is not None
    ]


def _fitted(named: Sequence[Named]) -> tuple[float, float]:
    """Fit the curve, every system with the same weight however many recordings it has."""
    sizes = {one.system: sum(other.system == one.system for other in named) for one in named}
    weights = np.array([1.0 / sizes[one.system] for one in named])
    model = sm.GLM(
        np.array([float(one.right) for one in named]),
        sm.add_constant(_log_odds([one.said for one in named]), has_constant="add"),
        family=sm.families.Binomial(),
        var_weights=weights * len(named) / weights.sum(),
    )
    intercept, slope = model.fit().params
    return float(intercept), float(slope)


def _on(curve: tuple[float, float], named: Sequence[Named]) -> list[float]:
    odds = _log_odds([one.said for one in named])
    return [1 / (1 + math.exp(-(curve[0] + curve[1] * float(one)))) for one in odds]


def _log_odds(said: Sequence[float]) -> npt.NDArray[np.float64]:
    inside = np.clip(np.array(said), _LEAST, _MOST)
    odds: npt.NDArray[np.float64] = np.log(inside / (1 - inside))
    return odds


def _error(said: Sequence[float], named: Sequence[Named]) -> float:
    """Give the expected calibration error, as `firedrill evaluate` gives it."""
    cases = [
        Case(
            set_name="", id=str(number), fault=True, true_kind=None, rank=1 if one.right else 2, probability=probability
        )
        for number, (probability, one) in enumerate(zip(said, named, strict=True))
    ]
    return calibrate(cases).expected_error or 0.0


if __name__ == "__main__":
    sys.exit(main())
