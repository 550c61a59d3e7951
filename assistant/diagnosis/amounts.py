"""How much trouble each service has, and how much of it is its own and not its callees'.

Extra seconds and failed requests add up along the calls: what a service has more of than all that it calls together
began in itself. Ratios do not add up; a rare call that fails always weighs less than a common one that fails at times.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import pandas as pd

_NEAREST: Final = 2.0  # a reading of traffic this many steps away still counts for a reading of latency


def excess_amounts(readings: pd.DataFrame, usual: pd.Series, traffic: pd.DataFrame, step_seconds: float) -> pd.Series:
    """Add up by how much each service's readings exceed what is usual, each weighed with the requests at the time.

    Args:
        readings: Of latency or of the share that fails: `ts`, `service`, `value`.
        usual: The usual value of each service.
        traffic: Requests of each service: `ts`, `service`, `value`; services without any count one request a reading.
        step_seconds: The sampling step.

    Returns:
        The excess of each service, 0 where it has less than usual.
    """
    weighed = _weighed(readings, usual, traffic, step_seconds)
    excess = (weighed["value"] - weighed["service"].map(usual)) * weighed["weight"]
    return excess.groupby(weighed["service"]).sum().clip(lower=0.0)


def usual_amounts(readings: pd.DataFrame, usual: pd.Series, traffic: pd.DataFrame, step_seconds: float) -> pd.Series:
    """Add up what each service would have had with its usual readings; the same arguments as `excess_amounts`."""
    weighed = _weighed(readings, usual, traffic, step_seconds)
    return (weighed["service"].map(usual) * weighed["weight"]).groupby(weighed["service"]).sum()


def _weighed(readings: pd.DataFrame, usual: pd.Series, traffic: pd.DataFrame, step_seconds: float) -> pd.DataFrame:
    known = readings[readings["service"].isin(usual.index)].sort_values("ts", kind="stable")
    requests = traffic.sort_values("ts", kind="stable")[["ts", "service", "value"]]
    both = pd.merge_asof(
        known[["ts", "service", "value"]],
        requests.rename(columns={"value": "requests"}),
        on="ts",
        by="service",
        direction="nearest",
        tolerance=pd.Timedelta(seconds=_NEAREST * step_seconds),
    )
    told = both["service"].isin(set(requests["service"]))
    return both.assign(weight=both["requests"].fillna(0.0).where(told, 1.0))


def own_share(excess: pd.Series, calls: Collection[tuple[str, str]]) -> pd.Series:
    """Give for each service which share of all trouble is its own, in 0..1.

    Args:
        excess: Of each service.
        calls: Known calls as `(caller, callee)`; without any, each service's trouble is its own.
    """
    below = pd.Series(0.0, index=excess.index)
    for caller, callee in calls:
        if caller in below.index and callee in excess.index and caller != callee:
            below[caller] += excess[callee]
    own = (excess - below).clip(lower=0.0)
    total = float(own.sum())
    return own / total if total > 0 else own
