"""A recording laid out for diagnosis: what was normal, what came after the onset, and how spans hang together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd

from assistant.diagnosis.onset import LONGEST_ALARM_DELAY, bucket_seconds, onset_in_spans, usual_onset
from assistant.diagnosis.phases import Phase, clipped, pieces_outside
from assistant.diagnosis.tables import tidied
from assistant.diagnosis.trace_view import link_spans
from telemetry import Recording, RecordingHeader, Stretch

_MOST_POINTS: Final = 600

SHORTEST_BASELINE_SECONDS: Final = 15.0


@dataclass(frozen=True)
class Case:
    """One recording, ready for the parts of the engine.

    Attributes:
        recording: What was recorded, with tables that can be relied on (see `tables.tidied`).
        before: What is taken as normal.
        after: From the onset to the end of the window.
        since_search: From `search_from` to the end of the window: for what tells its own onset.
        onset: When the trouble began, as well as the tables tell; the start of `after`.
        search_from: The earliest moment at which the trouble may have begun: alarms come late.
        bucket_seconds: Width of the buckets that series are counted in.
        seconds_before: Seconds of `before` for which spans were collected, all of it where none ever were; rates of
            requests, failures and lines are taken over these.
        seconds_after: The same of `after`.
        spans: The spans with their connections (see `trace_view.link_spans`), None where none were collected.
    """

    recording: Recording
    before: Phase
    after: Phase
    since_search: Phase
    onset: datetime
    search_from: datetime
    bucket_seconds: float
    seconds_before: float
    seconds_after: float
    spans: pd.DataFrame | None

    @property
    def comparable(self) -> bool:
        """Whether there is enough to compare with; seconds of a start-up are not what is normal."""
        return bool(self.before.stretches) and self.seconds_before >= SHORTEST_BASELINE_SECONDS

    @property
    def after_over_before(self) -> float:
        """How many rows to expect since the onset for each row of the baseline, if nothing changed."""
        return self.seconds_after / max(self.seconds_before, 1.0)

    def compared(self, times: pd.Series) -> pd.Series:
        """Say which times are compared: the baseline, and what came since the search, save what was normal again."""
        return self.before.mask(times) | self.since_search.mask(times)

    def series(
        self, times: pd.Series, values: pd.Series | None = None, *, how: str = "rate"
    ) -> tuple[tuple[datetime, float], ...]:
        """Bucket rows into points to plot.

        Args:
            times: Times of the rows.
            values: One value a row; not needed for `rate`.
            how: `rate` (rows a second) or an aggregate of pandas (`mean`, `max`).

        Returns:
            `(start of bucket, value)`; buckets without rows are 0 for `rate`, without a number left out otherwise.
        """
        window = self.recording.header.window
        width = max(self.bucket_seconds, float(np.ceil(window.seconds / _MOST_POINTS)))
        step, start = pd.Timedelta(seconds=width), pd.Timestamp(window.start)
        buckets = start + (times - start) // step * step
        if how != "rate":
            return _points((times if values is None else values).groupby(buckets).agg(how).dropna().sort_index())
        # Before the first sign of telemetry there is nothing, which is not the same as zero.
        heard = start if self.spans is None or self.spans.empty else min(self.spans["ts"].min(), times.min())
        every = pd.date_range(
            max(start, start + (heard - start) // step * step), window.end, freq=step, inclusive="left"
        )
        # The last bucket is seldom whole; a rate over its full width would look like a drop.
        length = np.minimum((pd.Timestamp(window.end) - every).total_seconds(), width)
        return _points(buckets.value_counts().reindex(every, fill_value=0) / np.maximum(length, width / 5))


def open_case(recording: Recording) -> Case:
    """Lay a recording out: tidy the tables, connect the spans, choose the baseline, find the onset."""
    recording = tidied(recording)
    header = recording.header
    spans = None if recording.spans is None else link_spans(recording.spans)
    baseline = _baseline(header)
    before = Phase(baseline)
    search_from = max([header.alert.at - LONGEST_ALARM_DELAY, *(one.end for one in baseline)])
    width = bucket_seconds(spans, before)
    onset = None
    if spans is not None and not spans.empty:
        onset = onset_in_spans(spans, before, search_from, header.alert.at, width)
    if onset is None:
        onset = usual_onset(header.alert.at, search_from, header.resolution_seconds)
    onset = max(onset, header.window.start)
    normal_again = [stretch for stretch in header.baseline if stretch.start > header.alert.at]
    after = Phase(pieces_outside(onset, header.window.end, normal_again))
    since_search = Phase(pieces_outside(max(search_from, header.window.start), header.window.end, normal_again))
    return Case(
        recording=recording,
        before=before,
        after=after,
        since_search=since_search,
        onset=onset,
        search_from=max(search_from, header.window.start),
        bucket_seconds=width,
        seconds_before=_watched_seconds(spans, before),
        seconds_after=_watched_seconds(spans, after),
        spans=spans,
    )


def _baseline(header: RecordingHeader) -> tuple[Stretch, ...]:
    """Give what to compare with: what the header says of the time before the alert, or all but the last minutes."""
    window, alert_at = header.window, header.alert.at
    # A stretch that runs into the alert cannot be all normal, whoever says so.
    safe_end = alert_at - LONGEST_ALARM_DELAY
    return tuple(
        piece
        for stretch in sorted(header.baseline or (window,), key=lambda one: one.start)
        for piece in clipped(stretch, window.start, min(window.end, alert_at if stretch.end <= alert_at else safe_end))
    )


def _watched_seconds(spans: pd.DataFrame | None, phase: Phase) -> float:
    """Give for how long requests were watched; lines come when there is something to say, so they do not tell."""
    if spans is None or spans.empty:
        return sum(stretch.seconds for stretch in phase.stretches)
    return phase.covered_seconds(spans.loc[spans["parent"] < 0, "ts"])


def _points(values: pd.Series) -> tuple[tuple[datetime, float], ...]:
    return tuple(zip(pd.DatetimeIndex(values.index).to_pydatetime(), map(float, values), strict=True))
