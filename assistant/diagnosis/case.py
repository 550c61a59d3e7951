"""A recording laid out for diagnosis: what was normal, what came after the onset, and how spans hang together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from assistant.diagnosis.trace_view import link_spans
from telemetry import Recording, Stretch

# Alarms come late: what woke somebody may have begun this long before.
_LONGEST_ALARM_DELAY = timedelta(minutes=3)
# Where nothing tells the onset, this is how late an alarm usually is.
_USUAL_ALARM_DELAY = timedelta(seconds=60)
# Finer buckets than this hold too few requests of a small system to tell a change from chance.
_FINEST_BUCKET_SECONDS = 5.0
# Buckets around the alert in which the trouble that it is about must show.
_NEAR_ALERT_BUCKETS = 6
# A stretch out of bounds may be interrupted by one bucket within them, by chance.
_GAP_BUCKETS = 2


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of the recording's time, which may be in pieces.

    Attributes:
        stretches: The pieces, in order.
    """

    stretches: tuple[Stretch, ...]

    def of(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Give the rows of a table that lie in this phase."""
        return frame[self.mask(frame["ts"])]

    def mask(self, times: pd.Series) -> pd.Series:
        """Say which times lie in this phase."""
        inside = pd.Series(False, index=times.index)
        for stretch in self.stretches:
            inside |= (times >= stretch.start) & (times < stretch.end)
        return inside

    def covered_seconds(self, times: pd.Series, bucket_seconds: float) -> float:
        """Seconds of this phase in which the table has rows at all, counted in buckets.

        Tables seldom cover the whole window; a rate over time without data would be too low.
        """
        seconds = times[self.mask(times)].astype("int64") / 1e6
        return float(np.unique(seconds // bucket_seconds).size * bucket_seconds)

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return sum(stretch.seconds for stretch in self.stretches)


@dataclass(frozen=True)
class Case:
    """One recording, ready for the parts of the engine.

    Attributes:
        recording: What was recorded.
        before: What is taken as normal.
        after: From the onset to the end of the window.
        onset: When the trouble began, as well as the tables tell; the start of `after`.
        bucket_seconds: Width of the buckets that series and rates are counted in.
        spans: The spans with their connections (see `trace_view.link_spans`), None where none were collected.
    """

    recording: Recording
    before: Phase
    after: Phase
    onset: datetime
    bucket_seconds: float
    spans: pd.DataFrame | None

    @property
    def comparable(self) -> bool:
        """Whether there is anything to compare with."""
        return bool(self.before.stretches)

    def series(
        self, times: pd.Series, values: pd.Series | None = None, *, how: str = "rate"
    ) -> tuple[tuple[datetime, float], ...]:
        """Bucket rows into points to plot.

        Args:
            times: Times of the rows.
            values: One value a row; not needed for `rate`.
            how: `rate` (rows a second) or an aggregate of pandas (`mean`, `max`).

        Returns:
            `(start of bucket, value)`; buckets without rows are 0 for `rate` and left out otherwise.
        """
        step = pd.Timedelta(seconds=self.bucket_seconds)
        buckets = times.dt.floor(step)
        if how == "rate":
            window = self.recording.header.window
            every = pd.date_range(pd.Timestamp(window.start).floor(step), window.end, freq=step, inclusive="left")
            counted = buckets.value_counts().reindex(every, fill_value=0).sort_index() / self.bucket_seconds
        else:
            counted = (values if values is not None else times).groupby(buckets).agg(how).sort_index()
        return tuple((moment.to_pydatetime(), float(value)) for moment, value in counted.items())


def open_case(recording: Recording) -> Case:
    """Lay a recording out: choose the baseline, find the onset, connect the spans."""
    header = recording.header
    bucket = max(_FINEST_BUCKET_SECONDS, header.resolution_seconds)
    baseline = header.baseline or _baseline_before(header.window, header.alert.at)
    spans = None if recording.spans is None else link_spans(recording.spans)
    search_from = max([header.alert.at - _LONGEST_ALARM_DELAY, *(s.end for s in baseline if s.end <= header.alert.at)])
    before = Phase(tuple(baseline))
    onset = _onset(spans, before, search_from, header.alert.at, bucket)
    end = header.window.end
    after = Phase((Stretch(start=onset, end=end),)) if onset < end else Phase(())
    return Case(recording=recording, before=before, after=after, onset=onset, bucket_seconds=bucket, spans=spans)


def _baseline_before(window: Stretch, alert_at: datetime) -> tuple[Stretch, ...]:
    end = min(alert_at - _LONGEST_ALARM_DELAY, window.end)
    return (Stretch(start=window.start, end=end),) if end > window.start else ()


def _onset(
    spans: pd.DataFrame | None, before: Phase, search_from: datetime, alert_at: datetime, bucket_seconds: float
) -> datetime:
    """Find when failures, time taken or traffic last left what the baseline showed, before the alert or with it."""
    usual = max(search_from, alert_at - _USUAL_ALARM_DELAY)
    if spans is None or spans.empty:
        return usual
    step = pd.Timedelta(seconds=bucket_seconds)
    buckets = spans["ts"].dt.floor(step)
    roots = spans["parent"] < 0
    signals = (
        spans["origin"].groupby(buckets).sum(),
        spans.loc[roots, "duration_ms"].groupby(buckets[roots]).quantile(0.9),
        roots.groupby(buckets).sum(),
    )
    found = [
        moment
        for signal in signals
        if (moment := _departure(signal.astype(float), before, search_from, alert_at, step)) is not None
    ]
    return min(found, default=usual)


def _departure(
    signal: pd.Series, before: Phase, search_from: datetime, alert_at: datetime, step: pd.Timedelta
) -> datetime | None:
    """Find the beginning of the stretch out of bounds that the alert belongs to.

    Looked for backwards from the alert: an earlier stretch that ended was other trouble, which is over.
    """
    times = signal.index.to_series()
    normal, later = signal[before.mask(times)], signal[times >= pd.Timestamp(search_from).floor(step)]
    if normal.empty or later.empty:
        return None
    middle = float(normal.median())
    spread = float(normal.quantile(0.75) - normal.quantile(0.25))
    limit = max(float(normal.quantile(0.98)), middle + 4 * spread, middle * 1.5) + 1e-9
    out = list(later.index[(later > limit).to_numpy()])
    near = [moment for moment in out if abs(moment - pd.Timestamp(alert_at)) <= _NEAR_ALERT_BUCKETS * step]
    # One bucket out of bounds is chance, unless the recording ends right there.
    if not near or (len(near) < 2 and near[-1] < later.index[-2:].min()):
        return None
    begin = near[0]
    for moment in reversed([moment for moment in out if moment < begin]):
        if begin - moment > _GAP_BUCKETS * step:
            break
        begin = moment
    departed: datetime = begin.to_pydatetime()
    return max(departed, search_from)


def services_of(frames: Iterable[pd.DataFrame | None]) -> list[str]:
    """Name every service that any of the tables mentions, in order."""
    names: set[str] = set()
    for frame in frames:
        if frame is not None:
            names.update(str(name) for name in frame["service"].dropna().unique() if name)
    return sorted(names)
