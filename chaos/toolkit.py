"""Chaos Toolkit, in a process of its own: it wants the main thread, and can only be stopped from outside."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from chaos.errors import RunFailed
from chaos.experiment import read_content
from chaos.journal import read_journal

# Longer than all the waits of an experiment together; then it is interrupted, and rolls back.
_LONGEST_RUN_SECONDS: Final = 300.0
_ROLLBACK_SECONDS: Final = 90.0
# It swallows SIGTERM while a Python activity runs, and goes on with the next. This one ends the method at once, and
# the rollbacks are still played.
_ROLL_BACK_NOW: Final = signal.SIGUSR1


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolkit:
    """Runs experiments and sees to it that no fault stays.

    Attributes:
        environment: Variables of the process, whole.
        told: Told when something takes longer because a fault is being undone.
    """

    environment: Mapping[str, str]
    told: Callable[[str], None] = lambda _text: None

    def run(self, experiment: Path, journal: Path) -> None:
        """Run an experiment to its end; its fault is undone on every way out.

        What it writes goes into a log beside the journal. When the run is interrupted, by Ctrl-C or because it takes
        too long, it rolls back first. When it dies without having rolled back, that is done here.

        Raises:
            BadExperiment: The experiment cannot be read; nothing was touched.
            RunFailed: The fault could not be undone.
        """
        # Now, as whoever looks on may change the file meanwhile: what is undone is what was applied.
        undo = _rollbacks_alone(read_content(experiment))
        try:
            self._run_to_its_end(experiment, journal)
        finally:
            if (problem := _left_behind(journal)) is not None:
                self._undo(experiment.stem, undo, journal, problem)

    def _run_to_its_end(self, experiment: Path, journal: Path) -> None:
        with self._started(experiment, journal) as process:
            try:
                process.wait(timeout=_LONGEST_RUN_SECONDS)
            except BaseException as reason:
                process.send_signal(_ROLL_BACK_NOW)
                self.told("undoing the fault, and waiting until the shop is steady")
                # Who interrupts again is in a hurry, and does not want to wait for the steady state either.
                _wait(process, lambda: process.send_signal(_ROLL_BACK_NOW))
                if not isinstance(reason, subprocess.TimeoutExpired):
                    raise

    def _undo(self, name: str, rollbacks: str, journal: Path, problem: str) -> None:
        """Play the rollbacks of an experiment alone; taking back what was never applied does no harm."""
        self.told(f"undoing the fault again, since the run may not have done it: {problem}")
        alone = journal.with_name(f"{journal.stem}-undo.yaml")
        alone.write_text(rollbacks, encoding="utf-8")
        with self._started(alone, alone.with_suffix(".json")) as process:
            _wait(process, lambda: self.told("the fault is still being undone"))
        if (still := _left_behind(alone.with_suffix(".json"))) is not None:
            raise RunFailed(name, f"the fault could not be undone ({still}; see {alone.with_suffix('.log')})")

    @contextmanager
    def _started(self, experiment: Path, journal: Path) -> Iterator[subprocess.Popen[bytes]]:
        with (
            journal.with_suffix(".log").open("ab") as log,
            subprocess.Popen(
                _command(experiment, journal),
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C on the terminal must reach it once, from us, and not while it rolls back.
                start_new_session=True,
            ) as process,
        ):
            yield process


def _command(experiment: Path, journal: Path) -> list[str]:
    return [
        # Not by the script's name: that lies elsewhere when Python was found through a link. And with -P nothing in
        # the current folder passes for a module.
        *(sys.executable, "-P", "-m", "chaostoolkit", "--no-version-check", "--no-log-file"),
        # What somebody has set for experiments of their own must not change what ours measure.
        *("--settings", os.devnull),
        *("run", "--journal-path", str(journal.resolve()), "--rollback-strategy", "always"),
        # After the method the fault is still there; steadiness is proved after the roll-back.
        *("--hypothesis-strategy", "before-method-only", str(experiment)),
    ]


def _wait(process: subprocess.Popen[bytes], interrupted: Callable[[], None]) -> None:
    """Wait until a process has rolled back, whoever interrupts; end it when it does not come to an end."""
    give_up_at = time.monotonic() + _ROLLBACK_SECONDS
    while process.poll() is None:
        try:
            process.wait(timeout=max(0.0, give_up_at - time.monotonic()))
        except KeyboardInterrupt:
            interrupted()
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _left_behind(journal: Path) -> str | None:
    try:
        return read_journal(journal).left
    except RunFailed as error:
        return error.problem


def _rollbacks_alone(content: Mapping[str, Any]) -> str:
    """Write an experiment that only undoes; all that the rollbacks may refer to (variables, controls) stays in it."""
    kept = {key: value for key, value in content.items() if key != "steady-state-hypothesis"}
    actions = [activity for activity in content["rollbacks"] if activity.get("type") == "action"]
    return yaml.safe_dump(
        {**kept, "title": f"Undo: {content.get('title')}", "method": [], "rollbacks": actions}, allow_unicode=True
    )
