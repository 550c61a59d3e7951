"""Latency, failures and traffic of each service as its metrics tell them, in the same units for all.

Where a service has several metrics of one meaning, the one that tells most is taken, so that services can be compared:
means before percentiles (means add up over calls), what it serves before what it sees as a caller.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from assistant.diagnosis.metric_meaning import Meaning, MetricMeaning, meaning_of
from assistant.diagnosis.metric_shifts import as_rates

_FAILURE_FLOOR: Final = 1.5  # shares are at most 1, percentages reach further


@dataclass(frozen=True)
class ServiceSignals:
    """One table a signal, each with `ts`, `service`, `metric`, `pod` (empty) and `value`.

    Attributes:
        latency: In the unit of its source.
        failures: Share of requests that fail, 0..1, where the source tells a share or success; None-valued otherwise.
        failure_counts: Failures as the source counts them.
        traffic: Requests as the source counts them.
    """

    latency: pd.DataFrame
    failures: pd.DataFrame
    failure_counts: pd.DataFrame
    traffic: pd.DataFrame


def service_signals(metrics: pd.DataFrame, step_seconds: float) -> ServiceSignals:
    """Read the signals of all services from the metrics of a recording.

    Args:
        metrics: Tidy (see `tables.tidied`).
        step_seconds: The sampling step.
    """
    about = {name: meaning_of(name) for name in metrics["metric"].unique()}
    wanted = {Meaning.LATENCY, Meaning.SUCCESS, Meaning.FAILURE, Meaning.TRAFFIC}
    usable = {name for name, its in about.items() if its.meaning in wanted and not its.of_node}
    told = as_rates(metrics[metrics["metric"].isin(usable) & metrics["value"].notna()])
    told = told.assign(
        meaning=told["metric"].map({name: its.meaning.value for name, its in about.items()}),
        rank=told["metric"].map({name: 100 * its.as_client + its.preference for name, its in about.items()}),
    )
    success, failure = (_best(told, one, step_seconds) for one in (Meaning.SUCCESS, Meaning.FAILURE))
    shares = _shares(failure, about)
    as_share = pd.concat([_failing(success), failure[shares].pipe(_as_share)])
    as_share = as_share.sort_values(["service", "ts"], kind="stable").drop_duplicates(["service", "ts"])
    counts = failure[~shares]
    return ServiceSignals(
        latency=_best(told, Meaning.LATENCY, step_seconds),
        failures=as_share,
        failure_counts=counts,
        traffic=_best(told, Meaning.TRAFFIC, step_seconds),
    )


def _best(told: pd.DataFrame, meaning: Meaning, step_seconds: float) -> pd.DataFrame:
    """Give for each service its best metric of a meaning, the mean (for traffic the sum) over its instances."""
    mine = told[told["meaning"] == meaning.value]
    first = mine.sort_values(["rank", "metric"], kind="stable").drop_duplicates("service")[["service", "metric"]]
    chosen = mine.merge(first, on=["service", "metric"])
    # Instances are read at different moments of the same step.
    several = chosen.groupby("service")["pod"].transform("nunique") > 1
    step = chosen["ts"].where(~several, chosen["ts"].dt.floor(pd.Timedelta(seconds=max(step_seconds, 1.0))))
    readings = chosen.assign(step=step).groupby(["service", "metric", "step"])
    value = readings["value"].sum() if meaning is Meaning.TRAFFIC else readings["value"].mean()
    merged = pd.DataFrame({"value": value, "ts": readings["ts"].max()}).reset_index().drop(columns="step")
    return merged.assign(pod="").sort_values("ts", kind="stable").reset_index(drop=True)


def _shares(failure: pd.DataFrame, about: dict[str, MetricMeaning]) -> pd.Series:
    names = failure["metric"]
    named = names.map({name: its.of_limit for name, its in about.items()}).astype(bool)
    rate = names.str.contains(r"rate|ratio|percent|%", case=False) & ~names.str.contains(r"per_?second", case=False)
    return named | (rate & (failure["value"].groupby(names).transform("max") <= _FAILURE_FLOOR))


def _failing(success: pd.DataFrame) -> pd.DataFrame:
    return _as_share(success).assign(value=lambda told: 1.0 - told["value"])


def _as_share(told: pd.DataFrame) -> pd.DataFrame:
    largest = told["value"].groupby(told["metric"]).transform("max")
    return told.assign(value=told["value"] / np.where(largest > _FAILURE_FLOOR, 100.0, 1.0))
