"""What a demo does, one step after the other, each told as it happens."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import httpx

from assistant.client import AssistantClient
from assistant.incidents import IncidentStatus
from chaos import DrillResult, DrillRunner, QuietResult, find_experiment, run_quiet
from ui.background import Background
from ui.connect import server_url
from ui.server.workspace import DRILLS_FOLDER

DRILLS: Final = (
    "database-refused",
    "request-flood",
    "payments-unreachable",
    "bad-version-catalog",
    "bad-version-inventory",
)
_QUIET_SECONDS: Final = 60.0
# The detector compares with what it has seen; before this it has seen too little to be asked.
_LEARNING_SECONDS: Final = 20.0
_PATIENCE_SECONDS: Final = 90.0
_POLL_SECONDS: Final = 0.5
_REQUEST_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class DemoResult:
    """What a demo measured.

    Attributes:
        drills: In the order they were run.
        quiet: The run without a fault.
    """

    drills: tuple[DrillResult, ...]
    quiet: QuietResult

    @property
    def convincing(self) -> bool:
        """All detected, at least all but one cause right, the last drill's among them, and no false alarm."""
        wrong = sum(not drill.score.right for drill in self.drills)
        return (
            all(drill.detected_at and drill.invalid is None for drill in self.drills)
            and wrong <= 1
            and self.drills[-1].score.right
            and self.drills[-1].score.similar == DRILLS[-2]
            and self.quiet.false_alarms == 0
            and self.quiet.problem is None
        )

    def summary(self) -> dict[str, Any]:
        """Give the one JSON document of `firedrill demo --json`."""
        return {"drills": [drill.summary() for drill in self.drills], "quiet": self.quiet.summary()}


Told = Callable[[str, int, int], None]
"""Told what happens now, how many steps are done, and of how many."""


def tell(background: Background, told: Told, *, pages: bool, drills: Sequence[str] = DRILLS) -> DemoResult:
    """Start everything, let it run quietly, run the drills.

    Raises:
        ChaosError: Something does not start, or a drill cannot be run.
        ServerError: The server stopped answering.
    """
    steps = len(drills) + 3
    told("starting collector, server, shop and load", 0, steps)
    background.start(pages=pages)
    with httpx.Client(base_url=server_url(background.settings), timeout=_REQUEST_SECONDS, trust_env=False) as http:
        client = AssistantClient(http)
        told("learning what is normal", 1, steps)
        _await(lambda: client.status().detector.baseline_seconds >= _LEARNING_SECONDS)
        told("quiet run: the same load, no fault", 2, steps)
        quiet = run_quiet(client, _QUIET_SECONDS)
        runner = DrillRunner(
            assistant=client,
            server_url=server_url(background.settings),
            telemetry=background.telemetry,
            sandbox=background.sandbox.state_path,
            folder=background.settings.workspace.path / DRILLS_FOLDER,
            told=lambda text: told(text, steps, steps),
        )
        results = []
        for number, name in enumerate(drills):
            experiment = find_experiment(name)
            told(f"drill {number + 1}: {experiment.title}", number + 3, steps)
            # The one before must be over, in the detector's eyes too.
            _await(lambda: not client.incidents(IncidentStatus.OPEN))
            results.append(runner.run(experiment))
    told("done", steps, steps)
    return DemoResult(drills=tuple(results), quiet=quiet)


def _await(true: Callable[[], bool]) -> None:
    """Wait for a condition; when it does not come, go on, and let the next step say what is wrong."""
    give_up_at = time.monotonic() + _PATIENCE_SECONDS
    while not true() and time.monotonic() < give_up_at:
        time.sleep(_POLL_SECONDS)
