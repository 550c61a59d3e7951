"""Where requests lose time since the trouble began, and in which service that loss begins.

Each request's time is split into the exclusive time of its spans. The exclusive time of a client span is what the
caller waited while the callee was not working: the edge delay. A service whose processor is starved or whose network
is slow loses time in itself *and* on the calls around it, so a slow call is put down to the end whose other places are
slow too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from assistant.diagnosis.cuts import counts_since, lasts, phases_of
from assistant.diagnosis.phases import Phase

IN_SERVICE: Final = "slow_service"
IN_DATABASE: Final = "slow_database"
ON_THE_WAY: Final = "slow_link"
_PLACE: Final = ["sort", "service", "callee"]
_FEWEST_REQUESTS: Final = 8
_FEWEST_NOW: Final = 3
_FEWEST_THEN: Final = 4
# A place is slow when the likelihood ratio of a shift says so; below a millisecond everything is equally quick, and
# times that never vary by a tenth are not measured more finely than that.
LEAST_RATIO: Final = 8.0
_SHORTEST_MS: Final = 1.0
_LEAST_SPREAD: Final = 0.1
# Time lost elsewhere says where it begins only if it is not next to nothing beside the most that is lost.
_MATERIAL: Final = 0.05
# Where this many places are compared, what all of them share is the machine below, and nobody's own.
_MANY_PLACES: Final = 8


@dataclass(frozen=True)
class LostTime:
    """Time lost, by place and by service.

    Attributes:
        places: One row a place that got slower, most lost first: `sort`, `service` (for a call the caller), `callee`,
            `lost_ms` (a request), `ratio` (how clearly), `touched` (share of requests in 0..1 that pass it) and
            `begins_in`, the service it is put down to.
        usual_ms: What a request took before.
        since: When it began, as well as these times tell.
    """

    places: pd.DataFrame
    usual_ms: float
    since: datetime


def with_places(spans: pd.DataFrame) -> pd.DataFrame:
    """Add the place where each span's exclusive time is spent: `sort` and, for calls to services, `callee`."""
    call = (spans["kind"] == "CLIENT") & ~spans["database"]
    sort = np.select([spans["database"], call], [IN_DATABASE, ON_THE_WAY], default=IN_SERVICE)
    return spans.assign(sort=sort, callee=spans["peer"].where(call, ""))


def lost_time(spans: pd.DataFrame, before: Phase, cuts: pd.DatetimeIndex) -> LostTime | None:
    """Compare the time spent in each place with the baseline.

    Args:
        spans: Linked spans with their places and root operations (see `with_places`, `with_root_operation`).
        before: What is normal.
        cuts: Moments at which the trouble may have begun.

    Returns:
        None where there is too little to compare, or nothing got slower.
    """
    normal = before.mask(spans["ts"]).to_numpy()
    clear = _clearness(spans, normal, cuts)
    if not (clear["ratio"] >= LEAST_RATIO).any():
        return None
    clearest = int(clear["ratio"].to_numpy().argmax())
    since = pd.Timestamp(cuts[int(clear["cut"].to_numpy()[clearest])])
    earlier, now = spans[normal], spans[(spans["ts"] >= since).to_numpy() & ~normal]
    mix = _same_mix(earlier, now)
    if mix is None:
        return None
    weights, usual_ms, requests = mix
    # What a place costs a request, had users asked for the same as now; a change of mix is no slowness.
    weight = earlier["root_operation"].map(weights).fillna(0.0)
    spent_now = now[now["root_operation"].isin(weights.index)].groupby(_PLACE)["self_ms"].sum() / requests
    spent_then = (earlier["self_ms"] * weight).groupby([earlier[key] for key in _PLACE]).sum() / requests
    lost_ms = spent_now.sub(spent_then, fill_value=0.0).reindex(clear.index).fillna(0.0)
    slow = (clear["ratio"] >= LEAST_RATIO) & (lost_ms > 0)
    if not slow.any():
        return None
    touched = now.groupby(_PLACE)["trace_id"].nunique() / max(now["trace_id"].nunique(), 1)
    places = clear.assign(lost_ms=lost_ms, touched=touched.reindex(clear.index).fillna(0.0)).reset_index()
    found = places[slow.to_numpy()]
    found = found.assign(begins_in=_begins_in(found, places, slow.to_numpy()))
    ordered = found.sort_values("lost_ms", ascending=False, kind="stable")
    return LostTime(ordered, usual_ms, since.to_pydatetime())


def with_root_operation(spans: pd.DataFrame) -> pd.DataFrame:
    """Add the operation at the root of each span's trace, which tells what the user asked for."""
    roots = spans[spans["parent"] < 0].drop_duplicates("trace_id").set_index("trace_id")
    asked = roots["service"] + "\x1f" + roots["operation_key"]
    return spans.assign(root_operation=spans["trace_id"].map(asked))


def _same_mix(earlier: pd.DataFrame, now: pd.DataFrame) -> tuple[pd.Series, float, int] | None:
    """Give how much each earlier request counts so that both sides have the same mix, the usual time, and requests."""
    then, since = (rows[rows["parent"] < 0].drop_duplicates("trace_id") for rows in (earlier, now))
    if min(len(then), len(since)) < _FEWEST_REQUESTS:
        return None
    counts, usual = since["root_operation"].value_counts(), then.groupby("root_operation")["duration_ms"]
    known = counts.index.intersection(usual.size().index)
    if known.empty:
        return None
    requests = int(counts[known].sum())
    weights = counts[known] / usual.size()[known]
    return weights, float((usual.mean()[known] * counts[known]).sum() / requests), requests


def _clearness(spans: pd.DataFrame, normal: npt.NDArray[np.bool_], cuts: pd.DatetimeIndex) -> pd.DataFrame:
    """Give for each place how clearly its calls take longer than before (`ratio`), and since which cut.

    The longest call of each trace is compared, on a logarithmic scale: calls of one trace wait for the same things, and
    times are spread by factors. The ratio is that of a shift of the mean of normal distributions, which counts both by
    how much and by how many.
    """
    known = spans.groupby(_PLACE, sort=False)
    place, places = known.ngroup().to_numpy(), known.size().index
    rows = pd.DataFrame({"place": place, "trace": spans["trace_id"].to_numpy(), "ms": spans["self_ms"].to_numpy()})
    rows["phase"] = phases_of(spans["ts"], normal, cuts)
    rows["normal"] = normal
    longest = rows.groupby(["place", "trace"], sort=False).agg({"ms": "max", "phase": "max", "normal": "max"})
    longest = longest.reset_index(level="place")
    group, phase = longest["place"].to_numpy(), longest["phase"].to_numpy()
    took, before = np.log(longest["ms"].to_numpy() + _SHORTEST_MS), longest["normal"].to_numpy()
    size = len(places)
    then = [np.bincount(group[before], weights=took[before] ** power, minlength=size) for power in range(3)]
    since = [
        counts_since(group[~before], phase[~before], size, len(cuts), took[~before] ** power) for power in range(3)
    ]
    ratio, rise = _ratio_of_shift(*since, *(one[:, None] for one in then))
    cut = ratio.argmax(axis=1)
    clear = np.where(lasts(rise, since[0], cut), ratio[np.arange(size), cut], 0.0)
    return pd.DataFrame({"ratio": clear, "cut": cut}, index=places)


def _ratio_of_shift(
    now: npt.NDArray[np.float64],
    sum_now: npt.NDArray[np.float64],
    squares_now: npt.NDArray[np.float64],
    then: npt.NDArray[np.float64],
    sum_then: npt.NDArray[np.float64],
    squares_then: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Give twice the log likelihood ratio of a rise of the mean, 0 for none, and the rise.

    From counts, sums and sums of squares.
    """
    enough = (now >= _FEWEST_NOW) & (then >= _FEWEST_THEN)
    n, m = np.maximum(now, 1.0), np.maximum(then, 1.0)
    rise = sum_now / n - sum_then / m
    if len(rise) >= _MANY_PLACES:
        alike = np.nanmedian(np.where(enough, rise, np.nan), axis=0) if enough.any(axis=0).all() else 0.0
        rise = rise - np.maximum(alike, 0.0)
    within = np.maximum(squares_now - sum_now**2 / n, 0.0) + np.maximum(squares_then - sum_then**2 / m, 0.0)
    within = np.maximum(within, _LEAST_SPREAD**2 * (n + m))
    ratio = (n + m) * np.log1p(rise**2 * n * m / (n + m) / within)
    return np.where(enough & (rise > 0), ratio, 0.0), rise


def _begins_in(found: pd.DataFrame, places: pd.DataFrame, slow: npt.NDArray[np.bool_]) -> list[str]:
    """Put each slow place down to a service: its own, or for a call the end that is slow elsewhere too.

    Where neither end is, or both are alike, a slow call is put down to the callee.
    """
    material = slow & (places["lost_ms"] >= _MATERIAL * places["lost_ms"].max()).to_numpy()
    begins = []
    for place in found.itertuples():
        begin = str(place.service)
        if place.callee:
            elsewhere = places.index != place.Index
            shares = [_share_slow(str(end), places[elsewhere], material[elsewhere]) for end in (begin, place.callee)]
            begin = begin if shares[0] > shares[1] else str(place.callee)
        begins.append(begin)
    return begins


def _share_slow(end: str, places: pd.DataFrame, slow: npt.NDArray[np.bool_]) -> float:
    around = ((places["service"] == end) | (places["callee"] == end)).to_numpy()
    return float(slow[around].mean()) if around.any() else 0.0
