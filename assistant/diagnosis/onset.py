"""When the trouble began that the alert is about, as well as the traces tell."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import pandas as pd

from assistant.diagnosis.phases import Phase

# Alarms come late: what woke somebody may have begun this long before.
LONGEST_ALARM_DELAY: Final = timedelta(minutes=3)
# Where nothing tells the onset, this is how late an alarm usually is.
_USUAL_ALARM_DELAY: Final = timedelta(seconds=60)
# Buckets around the alert in which the trouble that it is about must show.
_NEAR_ALERT_BUCKETS: Final = 6
# A stretch out of bounds may be interrupted by one bucket within them, by chance.
_GAP_BUCKETS: Final = 2
# A bucket should hold a few requests, or chance looks like change.
_REQUESTS_A_BUCKET: Final = 5
_FEWEST_REQUESTS: Final = 20
_FINEST_BUCKET_SECONDS: Final = 5.0
_COARSEST_BUCKET_SECONDS: Final = 60.0


def usual_onset(alert_at: datetime, search_from: datetime, resolution_seconds: float) -> datetime:
    """Give the moment to take as the onset when nothing tells it: a usual delay before the alert.

    Metrics that come less often than that show the onset in the point before the alert.
    """
    delay = max(_USUAL_ALARM_DELAY, timedelta(seconds=resolution_seconds))
    return max(search_from, alert_at - delay)


def bucket_seconds(spans: pd.DataFrame | None, before: Phase) -> float:
    """Choose how wide the buckets are that requests are counted in: wider for a system with little traffic."""
    if spans is None or spans.empty:
        return _COARSEST_BUCKET_SECONDS
    roots = spans.loc[spans["parent"] < 0, "ts"]
    normal = roots[before.mask(roots)]
    if len(normal) < _FEWEST_REQUESTS:
        return _COARSEST_BUCKET_SECONDS
    wanted = _REQUESTS_A_BUCKET * before.covered_seconds(normal) / len(normal)
    return min(max(_FINEST_BUCKET_SECONDS, float(round(wanted))), _COARSEST_BUCKET_SECONDS)


def onset_in_spans(
    spans: pd.DataFrame, before: Phase, search_from: datetime, alert_at: datetime, width_seconds: float
) -> datetime | None:
    """Find when failures, time taken or traffic left what the baseline showed and stayed out until the alert.

    Returns:
        The start of the first such bucket, not before `search_from`; None where nothing left its bounds.
    """
    step = pd.Timedelta(seconds=width_seconds)
    # Buckets begin where the search does, and not with the minute: the same failure seconds later is the same.
    start = pd.Timestamp(search_from)
    buckets = start + (spans["ts"] - start) // step * step
    roots = spans["parent"] < 0
    signals = (
        spans["origin"].groupby(buckets).sum(),
        spans.loc[roots, "duration_ms"].groupby(buckets[roots]).quantile(0.9),
        roots.groupby(buckets).sum(),
    )
    found = [_departure(signal.astype(float), before, search_from, alert_at, step) for signal in signals]
    return min((moment for moment in found if moment is not None), default=None)


def _departure(
    signal: pd.Series, before: Phase, search_from: datetime, alert_at: datetime, step: pd.Timedelta
) -> datetime | None:
    """Find the beginning of the stretch out of bounds that the alert belongs to.

    Looked for backwards from the alert: an earlier stretch that ended was other trouble, which is over.
    """
    times = signal.index.to_series()
    normal, later = signal[before.mask(times)], signal[times >= pd.Timestamp(search_from)]
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
    return departed
