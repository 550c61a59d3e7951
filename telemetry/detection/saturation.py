"""How full a service's resources are, from whatever metrics it sends about them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import pandas as pd
from pydantic import BaseModel, ConfigDict

# Today's names in OpenTelemetry's conventions first, then those of older instrumentations.
_POOL_COUNT: Final = ("db.client.connection.count", "db.client.connections.usage")
_POOL_MAX: Final = ("db.client.connection.max", "db.client.connections.max")
_POOL_PENDING: Final = ("db.client.connection.pending_requests", "db.client.connections.pending_requests")
_CPU: Final = ("process.cpu.utilization", "process.runtime.cpu.utilization")
_MEMORY: Final = ("process.memory.usage",)

SATURATION_METRICS: Final = (*_POOL_COUNT, *_POOL_MAX, *_POOL_PENDING, *_CPU, *_MEMORY)

_USED: Final = re.compile(r'\bstate="used"')
_POOL_NAME: Final = re.compile(r'pool\.name="((?:[^"\\]|\\.)*)"')


class Saturation(BaseModel):
    """How full a service is; where it has several instances or pools, each number is that of the fullest.

    Attributes:
        pool_use_ratio: Database connections in use, in 0..1 of the most allowed.
        pool_pending_requests: Requests that wait for a connection.
        cpu_utilization_ratio: Processor use, in 0..1 of what the instance has.
        memory_bytes: Memory in use.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    pool_use_ratio: float | None = None
    pool_pending_requests: float | None = None
    cpu_utilization_ratio: float | None = None
    memory_bytes: float | None = None


def saturation(metrics: pd.DataFrame) -> dict[str, Saturation]:
    """Read from metric series, as `TelemetrySource.metrics` names them, how full each service is.

    The newest point of each series counts. A service that sends none of these metrics is absent.
    """
    if metrics.empty:
        return {}
    newest = metrics.sort_values("ts", kind="stable").assign(
        base=metrics["metric"].str.partition("{")[0],
        pod=metrics["pod"].fillna("") if "pod" in metrics else "",
        pool=metrics["metric"].str.extract(_POOL_NAME, expand=False).fillna(""),
        used=metrics["metric"].str.contains(_USED),
    )
    newest = newest[newest["base"].isin(SATURATION_METRICS)]
    newest = newest.drop_duplicates(["service", "pod", "metric"], keep="last")
    count = _named(newest[newest["used"]], _POOL_COUNT)
    most = _named(newest, _POOL_MAX)
    use = (count / most.where(most > 0)).dropna()
    readings = {
        "pool_use_ratio": _fullest(use),
        "pool_pending_requests": _fullest(_named(newest, _POOL_PENDING)),
        "cpu_utilization_ratio": _fullest(_named(newest, _CPU)),
        "memory_bytes": _fullest(_named(newest, _MEMORY)),
    }
    services = sorted({service for reading in readings.values() for service in reading})
    return {
        service: Saturation(**{name: reading.get(service) for name, reading in readings.items()})
        for service in services
    }


def _named(points: pd.DataFrame, names: Iterable[str]) -> pd.Series[float]:
    """Give one number for each service, instance and pool, under the first of the names that anybody sends."""
    for name in names:
        found = points[points["base"] == name]
        if not found.empty:
            # One metric may come in parts (user and system time): they add up.
            total: pd.Series[float] = found.groupby(["service", "pod", "pool"])["value"].sum()
            return total
    nothing: pd.Series[float] = points[:0].groupby(["service", "pod", "pool"])["value"].sum()
    return nothing


def _fullest(readings: pd.Series[float]) -> dict[str, float]:
    return {str(service): float(value) for service, value in readings.groupby(level="service").max().items()}
