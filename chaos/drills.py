"""A drill: one experiment run for real, from the steady state to the steady state, and scored against the truth."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict

from assistant.client import AssistantClient, ServerError
from assistant.incidents import Incident, Truth
from chaos.experiment import Experiment
from chaos.journal import RunTimes, read_journal
from chaos.one_at_a_time import alone
from chaos.probes import BEGAN_VARIABLE, SERVER_VARIABLE, TELEMETRY_VARIABLE
from chaos.sandbox import SANDBOX_VARIABLE
from chaos.scoring import Score, score
from chaos.toolkit import Toolkit
from telemetry import utc_now


class DrillResult(BaseModel):
    """What came of a drill. Times are None for what did not happen: never detected is not detected at once.

    Attributes:
        id: Unique.
        name: The experiment.
        fault: The kind of fault injected.
        service: The service it was injected into.
        invalid: Why the drill is scored nowhere; None when it counts.
        injected: T0, the fault began to be applied.
        effect_seen_at: T1, the telemetry first showed it.
        detected_at: T2, the incident was opened.
        diagnosed_at: T3, its cause was first named.
        rolled_back_at: T4, the fault began to be undone.
        steady_at: T5, a whole window without trouble began.
        incident: The first incident that was opened while the fault was there.
        score: How the diagnosis compares with the truth; empty for an invalid drill.
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
        """T1 to T2, from the effect to the detection."""
        return _between(self.effect_seen_at, self.detected_at)

    @property
    def seconds_to_recover(self) -> float | None:
        """T4 to T5, from the beginning of the roll-back to the beginning of the first steady window."""
        return _between(self.rolled_back_at, self.steady_at)

    def summary(self) -> dict[str, Any]:
        """Give the drill as a line of the table, under the names that `--json` promises.

        `right` is neither true nor false of a drill that does not count.
        """
        return {
            "name": self.name,
            "fault": self.fault,
            "service": self.service,
            "effect_seen": self.effect_seen_at is not None,
            "detected": self.detected_at is not None,
            "seconds_to_detect": self.seconds_to_detect,
            "top_service": self.score.top_service,
            "top_kind": self.score.top_kind,
            "right": self.score.right if self.invalid is None else None,
            "similar": self.score.similar,
            "seconds_to_recover": self.seconds_to_recover,
            "invalid": self.invalid,
            "incident": self.incident,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillRunner:
    """Runs experiments, one at a time, and scores what the assistant made of them.

    Attributes:
        assistant: Asked for incidents, told the truth after scoring.
        server_url: Where the assistant is.
        telemetry: The telemetry store that probes read.
        sandbox: The sandbox's state file, for the faults.
        folder: Where journals and logs of the runs go.
        told: Told when ending a run takes longer because a fault is being undone, and when the server does not take
            a result.
    """

    assistant: AssistantClient
    server_url: str
    telemetry: Path
    sandbox: Path
    folder: Path
    told: Callable[[str], None] = lambda _text: None

    def run(self, experiment: Experiment, *, clock: Callable[[], datetime] = utc_now) -> DrillResult:
        """Run one drill to its end; the fault is undone on every way out.

        Raises:
            AlreadyRunning: Another drill runs, and its effects would pass for this one's; nothing was touched.
            RunFailed: The run left no journal, or its fault could not be undone.
            ServerError: The assistant cannot be asked what it made of it.
        """
        with alone(self.folder / "running", "a drill"):
            began = clock()
            drill_id = f"{experiment.name}-{began:%Y%m%d-%H%M%S}"
            journal = (self.folder / f"{drill_id}.json").resolve()
            Toolkit(environment=self._environment(began), told=self.told).run(experiment.path, journal)
            times = read_journal(journal)
            incident = self._incident(times, until=times.rolled_back or clock())
            result = judge(experiment, times, incident, drill_id=drill_id)
            self._hand_over(experiment, incident, result)
        return result

    def _environment(self, began: datetime) -> dict[str, str]:
        return {
            **os.environ,
            BEGAN_VARIABLE: began.isoformat(),
            SERVER_VARIABLE: self.server_url,
            TELEMETRY_VARIABLE: str(self.telemetry.resolve()),
            SANDBOX_VARIABLE: str(self.sandbox.resolve()),
        }

    def _incident(self, times: RunTimes, *, until: datetime) -> Incident | None:
        """Find the first incident that was opened while the fault was there, resolved since or not.

        No incident was open before, so it is this run's, as far as anybody can tell.
        """
        if times.injected is None:
            return None
        detected = {one.id: one.timeline.detected for one in self.assistant.incidents()}
        own = [key for key, at in detected.items() if times.injected <= at <= until]
        return self.assistant.incident(min(own, key=detected.__getitem__)) if own else None

    def _hand_over(self, experiment: Experiment, incident: Incident | None, result: DrillResult) -> None:
        """Have the server learn from a drill and keep it; a drill that is over is not lost when it does not."""
        try:
            if incident is not None and result.invalid is None:
                truth = Truth(**experiment.truth.model_dump(), drill=experiment.name)
                self.assistant.tell_truth(incident.id, truth)
            self.assistant.add_drill({**result.model_dump(mode="json"), **result.summary()})
        except ServerError as error:
            self.told(f"drill {result.id} is over, and the server does not keep its result: {error}")


def judge(experiment: Experiment, times: RunTimes, incident: Incident | None, *, drill_id: str) -> DrillResult:
    """Put together what a run did, what the assistant made of it, and what was true."""
    detected = incident.timeline.detected if incident else None
    seen = times.effect_seen
    return DrillResult(
        id=drill_id,
        name=experiment.name,
        fault=experiment.truth.kind,
        service=experiment.truth.service,
        invalid=times.invalid,
        injected=times.injected,
        # A fault has many effects, and a probe waits for one: what was detected earlier had its effect by then.
        effect_seen_at=min(seen, detected) if seen and detected else seen,
        detected_at=detected,
        diagnosed_at=incident.timeline.diagnosed if incident else None,
        rolled_back_at=times.rolled_back,
        steady_at=times.steady,
        incident=incident.id if incident else None,
        score=score(experiment.truth, incident) if times.invalid is None else Score(),
    )


def _between(earlier: datetime | None, later: datetime | None) -> float | None:
    return round((later - earlier).total_seconds(), 1) if earlier and later else None
