"""A drill: one experiment run for real, from the steady state to the steady state, and scored against the truth."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict

from assistant.client import AssistantClient
from assistant.incidents import Incident, Truth
from chaos.errors import RunFailed
from chaos.experiment import Experiment, validate
from chaos.journal import RunTimes, read_journal
from chaos.probes import SERVER_VARIABLE, TELEMETRY_VARIABLE
from chaos.scoring import Score, score
from telemetry import utc_now

# Longer than all the waits of an experiment together; then it is interrupted, and rolls back.
_LONGEST_RUN_SECONDS: Final = 300.0
_ROLLBACK_SECONDS: Final = 90.0


class DrillResult(BaseModel):
    """What came of a drill. Times are None for what did not happen: never detected is not detected at once.

    Attributes:
        id: Unique.
        name: The experiment.
        fault: The kind of fault injected.
        service: The service it was injected into.
        invalid: Why the drill is scored nowhere; None when it counts.
        injected: T0.
        effect_seen_at: T1.
        detected_at: T2.
        diagnosed_at: T3.
        rolled_back_at: T4.
        steady_at: T5.
        incident: The incident that was opened.
        score: How the diagnosis compares with the truth.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    name: str
    fault: str
    service: str
    invalid: str | None = None
    injected: AwareDatetime | None = None
    effect_seen_at: AwareDatetime | None = None
    detected_at: AwareDatetime | None = None
    diagnosed_at: AwareDatetime | None = None
    rolled_back_at: AwareDatetime | None = None
    steady_at: AwareDatetime | None = None
    incident: str | None = None
    score: Score

    @property
    def seconds_to_detect(self) -> float | None:
        """From the effect to the detection."""
        return _between(self.effect_seen_at, self.detected_at)

    @property
    def seconds_to_recover(self) -> float | None:
        """From the roll-back to the end of the first steady window."""
        return _between(self.rolled_back_at, self.steady_at)

    def summary(self) -> dict[str, Any]:
        """Give the drill as a line of the table, under the names that `--json` promises."""
        return {
            "name": self.name,
            "fault": self.fault,
            "service": self.service,
            "effect_seen": self.effect_seen_at is not None,
            "detected": self.detected_at is not None,
            "seconds_to_detect": self.seconds_to_detect,
            "top_service": self.score.top_service,
            "top_kind": self.score.top_kind,
            "right": self.score.right,
            "similar": self.score.similar,
            "seconds_to_recover": self.seconds_to_recover,
            "invalid": self.invalid,
            "incident": self.incident,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillRunner:
    """Runs experiments in a subprocess and scores what the assistant made of them.

    Attributes:
        assistant: Asked for incidents, told the truth after scoring.
        server_url: Where the assistant is.
        telemetry: The telemetry store that probes read.
        sandbox: The sandbox's state file, for the faults.
        folder: Where journals and logs of the runs go.
    """

    assistant: AssistantClient
    server_url: str
    telemetry: Path
    sandbox: Path
    folder: Path

    def run(self, experiment: Experiment, *, clock: Callable[[], datetime] = utc_now) -> DrillResult:
        """Run one drill to its end; the fault is undone on every way out.

        Raises:
            BadExperiment: Chaos Toolkit does not accept it; nothing was touched.
            RunFailed: The run left no journal.
            ServerError: The assistant cannot be asked.
        """
        drill_id = f"{experiment.name}-{clock():%Y%m%d-%H%M%S}"
        self.folder.mkdir(parents=True, exist_ok=True)
        times = self._run_experiment(experiment, self.folder / f"{drill_id}.json")
        incident = self._incident(times)
        scored = score(experiment.truth, incident)
        result = DrillResult(
            id=drill_id,
            name=experiment.name,
            fault=experiment.truth.kind,
            service=experiment.truth.service,
            invalid=times.invalid,
            injected=times.injected,
            effect_seen_at=times.effect_seen,
            detected_at=incident.timeline.detected if incident else None,
            diagnosed_at=incident.timeline.diagnosed if incident else None,
            rolled_back_at=times.rolled_back,
            steady_at=times.steady,
            incident=incident.id if incident else None,
            score=scored,
        )
        if incident is not None and times.invalid is None:
            self._teach(experiment, incident)
        self.assistant.add_drill({**result.model_dump(mode="json"), **result.summary()})
        return result

    def _incident(self, times: RunTimes) -> Incident | None:
        return self.assistant.incident(times.incident) if times.incident else None

    def _teach(self, experiment: Experiment, incident: Incident) -> None:
        truth = experiment.truth
        self.assistant.tell_truth(
            incident.id,
            Truth(
                service=truth.service,
                kind=truth.kind,
                operation=truth.operation,
                link=truth.link,
                cause=truth.cause,
                fix=truth.fix,
                drill=experiment.name,
            ),
        )

    def _run_experiment(self, experiment: Experiment, journal: Path) -> RunTimes:
        validate(experiment.path)
        environment = {
            **os.environ,
            SERVER_VARIABLE: self.server_url,
            TELEMETRY_VARIABLE: str(self.telemetry),
            "FIREDRILL_SANDBOX": str(self.sandbox),
        }
        log = journal.with_suffix(".log")
        command = [
            *(str(Path(sys.executable).with_name("chaos")), "--no-version-check", "--no-log-file", "run"),
            *("--no-validation", "--journal-path", str(journal), "--rollback-strategy", "always"),
            # After the method the fault is still there; steadiness is proved after the roll-back.
            *("--hypothesis-strategy", "before-method-only", str(experiment.path)),
        ]
        with log.open("wb") as output:
            _run_to_its_end(command, environment, output)
        if not journal.is_file():
            raise RunFailed(experiment.name, f"Chaos Toolkit left no journal; see {log}")
        return read_journal(journal)


def _run_to_its_end(command: list[str], environment: Mapping[str, str], output: Any) -> None:
    """Run a command, and when we are interrupted or it takes too long, ask it to roll back and wait for that."""
    # A session of its own: Ctrl-C on the terminal must reach it once, from us, and not in the middle of its roll-back.
    process = subprocess.Popen(command, env=environment, stdout=output, stderr=output, start_new_session=True)
    try:
        process.wait(timeout=_LONGEST_RUN_SECONDS)
    except BaseException as reason:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=_ROLLBACK_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if not isinstance(reason, subprocess.TimeoutExpired):
            raise


def _between(earlier: datetime | None, later: datetime | None) -> float | None:
    return round((later - earlier).total_seconds(), 1) if earlier and later else None
