"""A telemetry source that answers from tables in memory: for recordings, demonstrations and tests."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
import pandas as pd

from telemetry.detection.served import is_served
from telemetry.recording import Recording
from telemetry.source import EVENT_COLUMNS, LOG_COLUMNS, METRIC_COLUMNS, SPAN_COLUMNS

# `rate(name_count{...})`, `p95(name{...})` and `name{...}` all belong to `name`.
_SERIES: Final = re.compile(r"^(?:[a-z0-9]+\()?([^{(]+?)(?:\{.*)?\)?$", re.DOTALL)


class RecordedSource:
    """Answers as a live source would have, from what was recorded.

    Args:
        spans: As in a recording, and so are the other tables. None ("not collected") is answered with an empty table.
        clock: The moment that it is in the replay. Nothing is known that was stamped later, and of spans nothing that
            ended later, just as it was at the time. None: everything is known.
    """

    def __init__(
        self,
        *,
        metrics: pd.DataFrame | None = None,
        spans: pd.DataFrame | None = None,
        logs: pd.DataFrame | None = None,
        events: pd.DataFrame | None = None,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        self._clock = clock
        self._metrics = _prepared(metrics, METRIC_COLUMNS)
        self._logs = _prepared(logs, LOG_COLUMNS)
        self._events = _prepared(events, EVENT_COLUMNS)
        self._spans = _prepared(spans, SPAN_COLUMNS)
        took_us = (self._spans["duration_ms"].fillna(0.0) * 1000).to_numpy().astype("timedelta64[us]")
        self._span_ends = _stamps(self._spans) + took_us
        self._served = is_served(self._spans)

    @classmethod
    def of(cls, recording: Recording, *, clock: Callable[[], datetime] | None = None) -> RecordedSource:
        """Replay a recording."""
        return cls(
            metrics=recording.metrics, spans=recording.spans, logs=recording.logs, events=recording.events, clock=clock
        )

    def services(self, start: datetime, end: datetime) -> list[str]:
        """Name, in order, the services that sent anything in the range."""
        tables = (self._cut(self._metrics, start, end), self.spans(start, end), self.logs(start, end))
        return sorted({str(name) for table in tables for name in table["service"].dropna().unique()} - {""})

    def metrics(
        self, start: datetime, end: datetime, step_seconds: float, *, names: Sequence[str] = ()
    ) -> pd.DataFrame:
        """Average recorded series over each step, stamped at its end; a step as fine as the recording changes nothing.

        Raises:
            ValueError: The step is not above zero.
        """
        if step_seconds <= 0:
            raise ValueError(f"step_seconds must be above 0, got {step_seconds}")
        points = self._cut(self._metrics, start, end)
        if names:
            points = points[points["metric"].map(_metric_name, na_action="ignore").isin(_with_counts(names))]
        if points.empty:
            return points
        # A recorded point is stamped at the end of what it covers, so one on a boundary belongs to the step before.
        passed = (points["ts"] - start).dt.total_seconds().to_numpy()
        ends = np.maximum(np.ceil(passed / step_seconds), 1.0) * step_seconds
        stamped = points.assign(ts=(start + pd.to_timedelta(ends, unit="s")).astype("datetime64[us, UTC]"))
        keys = [column for column in stamped.columns if column != "value"]
        averaged = stamped.groupby(keys, sort=False, dropna=False)["value"].mean().reset_index()
        ordered: pd.DataFrame = averaged[list(points.columns)].sort_values("ts", kind="stable", ignore_index=True)
        return ordered

    def spans(
        self, start: datetime, end: datetime, *, services: Sequence[str] = (), kinds: Sequence[str] = ()
    ) -> pd.DataFrame:
        """Give the spans that started in the range, restricted to services and kinds where these are named.

        Where the recording does not say a span's kind, one that answers another service passes for `SERVER`.
        """
        part = self._range(self._spans, start, end)
        found = self._spans.iloc[part]
        chosen = np.ones(len(found), dtype=bool)
        if self._clock is not None:
            chosen &= self._span_ends[part] <= np.datetime64(_utc(self._clock()))
        if services:
            chosen &= found["service"].isin(services).to_numpy()
        if kinds:
            unsaid = (
                ((found["kind"].isna() | (found["kind"] == "")).to_numpy() & self._served[part])
                if "SERVER" in kinds
                else False
            )
            chosen &= found["kind"].isin(kinds).to_numpy() | unsaid
        return found[chosen].reset_index(drop=True)

    def logs(self, start: datetime, end: datetime, *, services: Sequence[str] = ()) -> pd.DataFrame:
        """Give the log lines of the range, as they were written."""
        lines = self._cut(self._logs, start, end)
        return lines[lines["service"].isin(services)].reset_index(drop=True) if services else lines

    def events(self, start: datetime, end: datetime) -> pd.DataFrame:
        """Give deployments, flag changes, restarts and the like."""
        return self._cut(self._events, start, end)

    def newest(self) -> datetime | None:
        """Say when the newest span, point or line was stamped, as far as the clock has come; None for nothing."""
        ends = (self._span_ends, _stamps(self._metrics), _stamps(self._logs))
        stamps = (_stamps(self._spans), _stamps(self._metrics), _stamps(self._logs))
        if self._clock is not None:
            now = np.datetime64(_utc(self._clock()))
            stamps = tuple(of[end <= now] for of, end in zip(stamps, ends, strict=True))
        heard = [of.max() for of in stamps if len(of)]
        return pd.Timestamp(max(heard), tz="UTC").to_pydatetime() if heard else None

    def _range(self, table: pd.DataFrame, start: datetime, end: datetime) -> slice:
        stamps = _stamps(table)
        low, high = np.searchsorted(stamps, [np.datetime64(_utc(moment)) for moment in (start, end)])
        if self._clock is not None:
            high = min(high, np.searchsorted(stamps, np.datetime64(_utc(self._clock())), side="right"))
        return slice(int(low), max(int(high), int(low)))

    def _cut(self, table: pd.DataFrame, start: datetime, end: datetime) -> pd.DataFrame:
        return table.iloc[self._range(table, start, end)].reset_index(drop=True)


class ReplayClock:
    """The clock of a replay: it stands still until it is moved."""

    def __init__(self, start: datetime) -> None:
        self.now = start

    def __call__(self) -> datetime:
        """Say what time it is."""
        return self.now

    def advance(self, seconds: float) -> datetime:
        """Move forward, and say what time it is then."""
        self.now += timedelta(seconds=seconds)
        return self.now


def _prepared(table: pd.DataFrame | None, columns: Sequence[str]) -> pd.DataFrame:
    """Order a table and give it every column of the interface; what was not recorded stays missing, row by row."""
    given = pd.DataFrame(columns=list(columns)) if table is None else table
    whole = given.assign(**{name: None for name in columns if name not in given.columns})
    whole["ts"] = pd.to_datetime(whole["ts"], utc=True).astype("datetime64[us, UTC]")
    for number in ("value", "duration_ms"):
        if number in whole.columns:
            whole[number] = whole[number].astype("float64")
    ordered: pd.DataFrame = whole.sort_values("ts", kind="stable", ignore_index=True)
    return ordered


def _stamps(table: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
    return table["ts"].to_numpy(dtype="datetime64[us]")


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)  # numpy's times are UTC and cannot say so


def _metric_name(series: str) -> str:
    found = _SERIES.match(series)
    return found.group(1) if found else series


def _with_counts(names: Sequence[str]) -> set[str]:
    return {*names, *(f"{name}_count" for name in names)}
