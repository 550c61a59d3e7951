"""Evidence as a plot: the signal over time, what was taken as normal, the onset and the alert."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final

import altair as alt
import pandas as pd

from assistant.diagnosis.values import Evidence
from telemetry import Stretch

# Middle tones: they can be read on white and on near-black.
SIGNAL_COLOUR: Final = "#3b82f6"
BASELINE_COLOUR: Final = "#94a3b8"
ONSET_COLOUR: Final = "#d97706"
ALERT_COLOUR: Final = "#ef4444"
HEIGHT_PIXELS: Final = 190
_AT_LEAST_POINTS: Final = 2
_LABELS_AT_MOST: Final = 6
_DAY_SECONDS: Final = 86400
# Points this many times further apart than usual have a gap between them, and a gap is no line.
_GAP: Final = 4.0
# From here on numbers are shortened, as in `2k`; below, `600m` would be taken for something else.
_SHORTENED_FROM: Final = 1000.0
_LABEL_STEPS_SECONDS: Final = (5, 15, 30, 60, 120, 300, 600, 1800, 3600, 21600, _DAY_SECONDS)


def can_be_plotted(evidence: Evidence) -> bool:
    """Say whether there are points enough to draw a line."""
    return len(evidence.series) >= _AT_LEAST_POINTS


def evidence_chart(
    evidence: Evidence, baseline: Sequence[Stretch] = (), alert_at: datetime | None = None
) -> alt.LayerChart:
    """Draw a signal with its baseline shaded and its onset and alert marked, all times in UTC.

    Marks that lie outside the signal's own stretch are left out, so that none of them squeezes the signal.
    """
    first, last = evidence.series[0][0], evidence.series[-1][0]
    time_axis = alt.X(
        "at:T",
        title=None,
        scale=alt.Scale(type="utc", domain=[_stamp(first), _stamp(last)], nice=False),
        axis=_time_labels(first, last),
    )
    layers: list[alt.Chart] = []
    shaded = [(max(part.start, first), min(part.end, last)) for part in baseline]
    shaded = [(start, end) for start, end in shaded if start < end]
    if shaded:
        layers.append(_shade(shaded, time_axis))
    layers.append(_line(evidence, time_axis))
    if evidence.onset is not None and first <= evidence.onset <= last:
        after_alert = alert_at is not None and alert_at < evidence.onset
        layers += _mark(evidence.onset, "onset", ONSET_COLOUR, to_the_left=not after_alert, axis=time_axis)
    if alert_at is not None and first <= alert_at <= last:
        before_onset = evidence.onset is not None and alert_at < evidence.onset
        layers += _mark(alert_at, "alert", ALERT_COLOUR, to_the_left=before_onset, axis=time_axis)
    # The names of the marks stand above the plot, where no line crosses them.
    room = {"top": 18, "left": 4, "right": 8, "bottom": 4}
    return alt.LayerChart(layer=layers).properties(height=HEIGHT_PIXELS, padding=room)


def alternative_text(evidence: Evidence) -> str:
    """Say in words what the plot shows, for those who cannot see it."""
    return f"{evidence.signal} of {evidence.service} over time. {evidence.summary}"


def _time_labels(first: datetime, last: datetime) -> alt.Axis:
    """Label whole, round times, and no more of them than there is room for."""
    length = (last - first).total_seconds()
    step = next((step for step in _LABEL_STEPS_SECONDS if length <= step * _LABELS_AT_MOST), _LABEL_STEPS_SECONDS[-1])
    rounds = range(math.ceil(first.timestamp() / step), math.floor(last.timestamp() / step) + 1)
    labelled = [_moment(datetime.fromtimestamp(number * step, UTC)) for number in rounds]
    written = "%-d %b" if step >= _DAY_SECONDS else "%H:%M" if step % 60 == 0 else "%H:%M:%S"
    return alt.Axis(format=written, values=labelled, grid=False)


def _moment(at: datetime) -> alt.DateTime:
    return alt.DateTime(
        year=at.year, month=at.month, date=at.day, hours=at.hour, minutes=at.minute, seconds=at.second, utc=True
    )


def _line(evidence: Evidence, time_axis: alt.X) -> alt.Chart:
    series = _with_gaps(evidence.series)
    points = pd.DataFrame(
        {
            "at": [_stamp(at) for at, _ in series],
            "value": [value for _, value in series],
            "moment": [at.astimezone(UTC).strftime("%H:%M:%S UTC") for at, _ in series],
        }
    )
    largest = max((abs(value) for _, value in evidence.series if math.isfinite(value)), default=0.0)
    plain = "~s" if largest >= _SHORTENED_FROM else ".3~g"
    # A scale from zero shows how much of the whole has moved; a ratio reads best as a percentage.
    as_percent = evidence.unit == "ratio"
    name = evidence.signal.replace("_", " ")
    value_axis = alt.Y(
        "value:Q",
        title=f"{name} ({'%' if as_percent else evidence.unit})" if evidence.unit else name,
        scale=alt.Scale(zero=True, nice=True),
        axis=alt.Axis(format=".0%" if as_percent else plain, tickCount=4),
    )
    number = alt.Tooltip("value:Q", title=evidence.unit or name, format=".1%" if as_percent else ",.3~r")
    line: alt.Chart = alt.Chart(points).mark_line(color=SIGNAL_COLOUR, strokeWidth=2, interpolate="monotone")
    return line.encode(x=time_axis, y=value_axis, tooltip=[alt.Tooltip("moment:N", title="at"), number])


def _with_gaps(series: Sequence[tuple[datetime, float]]) -> list[tuple[datetime, float | None]]:
    """Put a point without a value where points are missing, so that no line is drawn across."""
    steps = [later - earlier for (earlier, _), (later, _) in pairwise(series)]
    longest = sorted(steps)[len(steps) // 2] * _GAP
    drawn: list[tuple[datetime, float | None]] = [series[0]]
    for (earlier, _), point in pairwise(series):
        if point[0] - earlier > longest:
            drawn.append((earlier + (point[0] - earlier) / 2, None))
        drawn.append(point)
    return drawn


def _shade(stretches: Sequence[tuple[datetime, datetime]], time_axis: alt.X) -> alt.Chart:
    frame = pd.DataFrame(
        [{"at": _stamp(start), "end": _stamp(end), "what": "baseline: taken as normal"} for start, end in stretches]
    )
    area: alt.Chart = alt.Chart(frame).mark_rect(color=BASELINE_COLOUR, opacity=0.18)
    return area.encode(x=time_axis, x2="end:T", tooltip=[alt.Tooltip("what:N", title="shaded")])


def _mark(at: datetime, name: str, colour: str, *, to_the_left: bool, axis: alt.X) -> list[alt.Chart]:
    moment = at.astimezone(UTC).strftime("%H:%M:%S UTC")
    frame = pd.DataFrame([{"at": _stamp(at), "name": name, "moment": moment}])
    shown = [alt.Tooltip("moment:N", title=name)]
    rule = alt.Chart(frame).mark_rule(color=colour, strokeWidth=1.5, strokeDash=[4, 3])
    # Onset and alert often lie seconds apart: their names stand on opposite sides.
    words = alt.Chart(frame).mark_text(
        color=colour, align="right" if to_the_left else "left", dx=-2 if to_the_left else 2, dy=-8, fontSize=11
    )
    return [
        rule.encode(x=axis, tooltip=shown),
        words.encode(x=axis, y=alt.value(0), text=alt.Text("name:N"), tooltip=shown),
    ]


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
