"""Metrics written by hand, and what a part of the engine sees in a recording."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
from made_up_system import ONSET, SECONDS, header, moment

from assistant.diagnosis.case import open_case
from assistant.diagnosis.finding import Finding, Part
from telemetry import Recording

STEP = 10.0
Level = Callable[[float], float]


def seen(part: Part, recording: Recording) -> list[Finding]:
    """Give what a part finds in a recording."""
    return part.examine(open_case(recording))


def steady(at: float) -> float:
    """Give a level of about 10 that is a little restless."""
    return 10.0 * (1 + 0.01 * (at / STEP % 3 - 1))


def risen(to: float, since: float = ONSET) -> Level:
    """Give the steady level until it changes to another."""
    return lambda at: to if at >= since else steady(at)


def readings(*all_series: tuple[str, str, Level], pod: str = "") -> pd.DataFrame:
    """Give the readings of `(service, metric, level)`, one a step."""
    times = [number * STEP for number in range(int(SECONDS / STEP))]
    rows = [(moment(at), service, metric, level(at), pod) for service, metric, level in all_series for at in times]
    return pd.DataFrame(rows, columns=["ts", "service", "metric", "value", "pod"])


def beats(service: str, *stretches: tuple[float, float], every: float = STEP) -> pd.DataFrame:
    """Give readings that say only that a service lives, from each start up to each end."""
    times = [start + step * every for start, end in stretches for step in range(int((end - start) / every))]
    rows = [(moment(at), service) for at in times]
    return pd.DataFrame(rows, columns=["ts", "service"]).assign(metric="up", value=1.0)


def of_metrics(*tables: pd.DataFrame, **changes: Any) -> Recording:
    """Freeze metrics."""
    return Recording(header(**({"resolution_seconds": STEP} | changes)), metrics=pd.concat(tables, ignore_index=True))
