"""The quiet run: the same load and no fault, in which nothing may be detected or diagnosed."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict

from assistant.client import AssistantClient
from assistant.diagnosis import Diagnosis
from telemetry import utc_now

_POLL_SECONDS: Final = 1.0
# As for an incident; the engine takes nothing as normal from right before the alert, and needs some of what remains.
_DIAGNOSED_SECONDS: Final = 600.0
# How the engine begins when it looked at everything; every other reason to abstain means that it could not look.
_LOOKED: Final = "Nothing stands out"


class QuietResult(BaseModel):
    """What came of a quiet run.

    Attributes:
        began: When.
        minutes: How long.
        incidents: Ids of the incidents that were opened though nothing was wrong.
        diagnosed: Cause that a diagnosis at the end named though nothing was wrong; None when it abstained.
        problem: Why an absence of false alarms says nothing, as nobody could look; None when it does.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    began: AwareDatetime
    minutes: float
    incidents: tuple[str, ...] = ()
    diagnosed: str | None = None
    problem: str | None = None

    @property
    def false_alarms(self) -> int:
        """Incidents opened, and one more when a cause was named."""
        return len(self.incidents) + (self.diagnosed is not None)

    def summary(self) -> dict[str, Any]:
        """Give the run under the names that `--json` promises."""
        return {"minutes": round(self.minutes, 2), "false_alarms": self.false_alarms, "problem": self.problem}


def run_quiet(
    assistant: AssistantClient,
    seconds: float,
    *,
    clock: Callable[[], datetime] = utc_now,
    sleep: Callable[[float], None] = time.sleep,
    told: Callable[[float], None] = lambda _seconds: None,
) -> QuietResult:
    """Let the system run for a while, then see what was made of it.

    Args:
        assistant: Asked for a diagnosis of the last ten minutes at the end, for incidents, and whether it could look.
        seconds: How long; at least as long as the detector takes to notice something.
        clock: Gives the present moment.
        sleep: Waits for so many seconds.
        told: Told now and then how many seconds have passed.

    Raises:
        ServerError: The assistant cannot be asked.
    """
    began = clock()
    while (passed := (clock() - began).total_seconds()) < seconds:
        told(passed)
        sleep(min(_POLL_SECONDS, seconds - passed))
    ended = clock()
    # Diagnosed first: that takes a moment, in which the detector may come to see what happened at the very end.
    diagnosis = assistant.diagnose(last_seconds=_DIAGNOSED_SECONDS)
    top = diagnosis.top
    incidents = tuple(one.id for one in assistant.incidents() if one.timeline.detected >= began)
    return QuietResult(
        began=began,
        minutes=(ended - began).total_seconds() / 60,
        incidents=incidents,
        diagnosed=f"{top.kind} in {top.service}" if top else None,
        problem=assistant.status().telemetry.problem or _why_blind(diagnosis),
    )


def _why_blind(diagnosis: Diagnosis) -> str | None:
    """Say why a diagnosis could not have named a cause; None when it named one, or looked and saw nothing."""
    reason = diagnosis.abstention_reason or ""
    if not diagnosis.abstained or reason.startswith(_LOOKED):
        return None
    return f"the diagnosis could not look: {reason or 'it does not say why'}"
