"""The quiet run: the same load and no fault, in which nothing may be detected or diagnosed."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict

from assistant.client import AssistantClient
from telemetry import utc_now

_POLL_SECONDS = 1.0


class QuietResult(BaseModel):
    """What came of a quiet run.

    Attributes:
        began: When.
        minutes: How long.
        incidents: Ids of the incidents that were opened though nothing was wrong.
        diagnosed: Cause that a diagnosis at the end named though nothing was wrong; None when it abstained.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    began: AwareDatetime
    minutes: float
    incidents: tuple[str, ...] = ()
    diagnosed: str | None = None

    @property
    def false_alarms(self) -> int:
        """Incidents opened, and one more when a cause was named."""
        return len(self.incidents) + (self.diagnosed is not None)

    def summary(self) -> dict[str, float | int]:
        """Give the run under the names that `--json` promises."""
        return {"minutes": round(self.minutes, 2), "false_alarms": self.false_alarms}


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
        assistant: Asked for a diagnosis of the whole time at the end, and for incidents.
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
    top = assistant.diagnose(last_seconds=seconds).top
    incidents = tuple(one.id for one in assistant.incidents() if one.timeline.detected >= began)
    return QuietResult(
        began=began,
        minutes=(ended - began).total_seconds() / 60,
        incidents=incidents,
        diagnosed=f"{top.kind} in {top.service}" if top else None,
    )
