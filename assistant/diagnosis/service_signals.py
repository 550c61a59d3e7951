"""Latency, failures and traffic of each service as its metrics tell them, in the same units for all.

Where a service has several metrics of one meaning, the one that tells most is taken, so that services can be compared:
means before percentiles (means add up over calls), what it serves before what it sees as a caller.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from assistant.diagnosis.metric_meaning import Meaning, meaning_of, name_of
from assistant.diagnosis.metric_shifts import as_rates

_LARGEST_SHARE: Final = 1.5  # shares are at most 1, percentages reach further
_WANTED: Final = frozenset({Meaning.LATENCY, Meaning.SUCCESS, Meaning.FAILURE, Meaning.TRAFFIC})
_COLUMNS: Final = ["ts", "service", "metric", "pod", "value"]
# Histograms tell the mean exactly: the sum over the count.
_OF_HISTOGRAM: Final = -1
_PARTS: Final = frozenset({"bucket", "sum", "count"})


@dataclass(frozen=True)
class ServiceSignals:
    """One table a signal, each with `ts`, `service`, `metric`, `pod` (empty) and `value`.

    Attributes:
        latency: In the unit of its source.
        failures: Share of requests that fail, 0..1, where the source tells a share or success.
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
    told, histograms = _told(metrics), _histograms(metrics)
    if not histograms.empty:
        told = pd.concat([told, histograms], ignore_index=True)
    success, failure = (_best(told, one, step_seconds) for one in (Meaning.SUCCESS, Meaning.FAILURE))
    shares = _are_shares(failure)
    of_failure = failure[shares & ~failure["service"].isin(success["service"])]
    return ServiceSignals(
        latency=_best(told, Meaning.LATENCY, step_seconds),
        failures=pd.concat([_failing(success), _as_share(of_failure)], ignore_index=True),
        failure_counts=failure[~shares],
        traffic=_best(told, Meaning.TRAFFIC, step_seconds),
    )


def _told(metrics: pd.DataFrame) -> pd.DataFrame:
    """Give the points of the metrics that tell a signal, counters as rates, with `meaning`, `base` and `rank`."""
    known = metrics[metrics["value"].notna()]
    pairs = known[["service", "metric"]].drop_duplicates()
    rows = []
    for service, metric in zip(pairs["service"], pairs["metric"], strict=True):
        about, name = meaning_of(metric, service), name_of(metric, service)
        of_time = meaning_of(name.base, service).meaning is Meaning.LATENCY
        in_histogram = of_time and name.ending in _PARTS and not name.function
        if about.meaning in _WANTED and not about.of_node and not in_histogram:
            rank = 100 * about.as_client + about.preference
            rows.append((service, metric, about.meaning.value, name.base, rank))
    chosen = pd.DataFrame(rows, columns=["service", "metric", "meaning", "base", "rank"])
    return as_rates(known).merge(chosen, on=["service", "metric"])


def _histograms(metrics: pd.DataFrame) -> pd.DataFrame:
    """Give the mean and the rate of what is recorded as `_sum` and `_count`, all label sets together."""
    pairs = metrics[["service", "metric"]].drop_duplicates()
    rows = []
    for service, metric in zip(pairs["service"], pairs["metric"], strict=True):
        name = name_of(metric, service)
        if not name.function and name.ending in {"sum", "count"}:
            about = meaning_of(name.base, service)
            if about.meaning is Meaning.LATENCY and not about.of_node:
                rows.append((service, metric, name.base, name.ending, 100 * about.as_client + _OF_HISTOGRAM))
    if not rows:
        return pd.DataFrame(columns=[*_COLUMNS, "meaning", "base", "rank"])
    parts = pd.DataFrame(rows, columns=["service", "metric", "base", "ending", "rank"])
    points = metrics[metrics["value"].notna()].merge(parts, on=["service", "metric"])
    keys = ["service", "pod", "base", "rank"]
    wide = points.pivot_table(index=[*keys, "ts"], columns="ending", values="value", aggfunc="sum")
    wide = wide.reindex(columns=["sum", "count"]).dropna()
    change = wide.groupby(level=keys).diff()
    seconds = wide.index.to_frame(index=False).groupby(keys)["ts"].diff().dt.total_seconds().to_numpy()
    change = change.assign(seconds=seconds)[(change["count"] > 0).to_numpy() & (change["sum"] >= 0).to_numpy()]
    rows_of = change.reset_index()
    mean = rows_of.assign(value=rows_of["sum"] / rows_of["count"], meaning=Meaning.LATENCY.value)
    rate = rows_of.assign(value=rows_of["count"] / rows_of["seconds"], meaning=Meaning.TRAFFIC.value)
    both = pd.concat([mean, rate], ignore_index=True)
    return both.assign(metric=both["base"])[[*_COLUMNS, "meaning", "base", "rank"]]


def _best(told: pd.DataFrame, meaning: Meaning, step_seconds: float) -> pd.DataFrame:
    """Give for each service its best metric of a meaning, over its instances and label sets.

    What counts is added up, the rest is averaged.
    """
    mine = told[told["meaning"] == meaning.value]
    first = mine.sort_values(["rank", "metric"], kind="stable").drop_duplicates("service")[["service", "base", "rank"]]
    chosen = mine.merge(first, on=["service", "base", "rank"])
    # Instances are read at different moments of the same step.
    several = chosen.groupby("service")["pod"].transform("nunique") > 1
    width, start = pd.Timedelta(seconds=max(step_seconds, 1.0)), chosen["ts"].min()
    step = chosen["ts"].where(~several, start + (chosen["ts"] - start) // width * width)
    readings = chosen.assign(step=step).groupby(["service", "base", "step"])
    counts = meaning is Meaning.TRAFFIC or (meaning is Meaning.FAILURE and not _are_shares(chosen).any())
    value = readings["value"].sum() if counts else readings["value"].mean()
    merged = pd.DataFrame({"value": value, "ts": readings["ts"].max(), "metric": readings["metric"].first()})
    ordered = merged.reset_index().sort_values("ts", kind="stable")
    # One name for all label sets, or a series would end where another begins.
    name = ordered.groupby("service")["metric"].transform("min")
    return ordered.assign(pod="", metric=name)[_COLUMNS].reset_index(drop=True)


def _are_shares(failure: pd.DataFrame) -> pd.Series:
    """Say which readings of failures are shares of the requests, by their names and sizes."""
    pairs = failure[["service", "metric"]].drop_duplicates()
    named = {
        (service, metric): meaning_of(metric, service).of_limit
        for service, metric in zip(pairs["service"], pairs["metric"], strict=True)
    }
    names = failure["metric"]
    by_name = pd.Series(
        [named[key] for key in zip(failure["service"], names, strict=True)], index=failure.index, dtype=bool
    )
    rate = names.str.contains(r"rate|ratio|percent|%", case=False) & ~names.str.contains(
        r"per_?second|^rate\(", case=False
    )
    return by_name | (rate & (failure["value"].groupby(names).transform("max") <= _LARGEST_SHARE))


def _failing(success: pd.DataFrame) -> pd.DataFrame:
    return _as_share(success).assign(value=lambda told: 1.0 - told["value"])


def _as_share(told: pd.DataFrame) -> pd.DataFrame:
    largest = told["value"].groupby(told["metric"]).transform("max")
    return told.assign(value=told["value"] / np.where(largest > _LARGEST_SHARE, 100.0, 1.0))
