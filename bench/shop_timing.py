"""How long everything about one recording takes, drawn from a seed, and what follows from it for the recording."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from telemetry import Alert, Stretch

# The same words for every recording: what an alert says must not tell a fault from its twin, or from another fault.
ALERT_DESCRIPTION: Final = "Customers report trouble with the shop."
ENTRY_SERVICE: Final = "gateway"
_SHORTEST_BASELINE: Final = timedelta(seconds=15)
# No alert comes in the last moment of what is recorded: somebody had to freeze it.
_FROZEN_AFTER_ALERT_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """What is drawn for one recording, in seconds.

    Attributes:
        calm: How long the shop is left alone before the fault.
        unsure: How long before the fault the baseline ends; whoever marks one does not know when trouble will begin.
        alert_delay: From the effect to the alert, 5 to 60.
        kept: From the effect to the freezing, 20 to 45, and longer where the alert is later.
        window: Length of the recording; it may reach back over earlier drills, which are then no baseline.
        names_service: Whether the alert names the service that customers reach, which says nothing about the cause.
    """

    calm: float
    unsure: float
    alert_delay: float
    kept: float
    window: float
    names_service: bool


def draw_timing(chance: random.Random) -> Timing:
    """Draw the times of one recording; the same for a fault and for its quiet twin."""
    alert_delay = chance.uniform(5, 60)
    return Timing(
        calm=chance.uniform(30, 42),
        unsure=chance.uniform(4, 14),
        alert_delay=alert_delay,
        kept=max(chance.uniform(20, 45), alert_delay + _FROZEN_AFTER_ALERT_SECONDS),
        window=chance.uniform(240, 360),
        names_service=chance.random() < 0.5,
    )


@dataclass(frozen=True, slots=True)
class Frame:
    """What a recording is to say of itself, all but its id."""

    window: Stretch
    baseline: tuple[Stretch, ...]
    alert: Alert


def frame(
    timing: Timing, *, calm_stretches: Sequence[Stretch], injected: datetime, effect: datetime, now: datetime
) -> Frame:
    """Say what to record.

    Args:
        timing: What was drawn.
        calm_stretches: When nothing was broken, since the shop was warm; the last one ends with this fault.
        injected: When the fault began to be applied.
        effect: When it began to show.
        now: The end of the recording.
    """
    start = max(now - timedelta(seconds=timing.window), calm_stretches[0].start)
    unspoilt = injected - timedelta(seconds=timing.unsure)
    pieces = [(max(one.start, start), min(one.end, unspoilt)) for one in calm_stretches]
    return Frame(
        window=Stretch(start=start, end=now),
        baseline=tuple(Stretch(start=low, end=high) for low, high in pieces if high - low >= _SHORTEST_BASELINE),
        alert=Alert(
            at=effect + timedelta(seconds=timing.alert_delay),
            service=ENTRY_SERVICE if timing.names_service else None,
            description=ALERT_DESCRIPTION,
        ),
    )
