"""How trouble spread, as a picture: a lane for each service, a dot for each signal, an arrow for each way it came."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from assistant.diagnosis.values import Arrival, Diagnosis, Movement
from ui.since_onset import since_onset

WIDTH: Final = 400
# To the left of the lanes' first moment is room for the arrows between what moved at the same time.
_LEFT, _RIGHT, _TOP, _LANE, _BOTTOM = 40, 384, 34, 48, 30
_MOST_LANES: Final = 12
_LONGEST_NAME: Final = 36
_SHORTEST_SECONDS: Final = 20.0
_TICK_STEPS_SECONDS: Final = (5, 10, 30, 60, 120, 300, 600, 1800, 3600, 21600, 86400)
_TICKS_AT_MOST: Final = 5
_MARK_ROOM: Final = 44


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One service: its line at `y`, and the x of each signal that moved; the first is where trouble arrived."""

    service: str
    name: str
    y: float
    dots: tuple[float, ...]
    since: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A moment on the time axis; `anchor` says on which side of its line the label stands."""

    x: float
    label: str
    anchor: str = "middle"


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """All that the page draws, in units of a view `width` by `height`."""

    width: int
    height: float
    lanes: tuple[Lane, ...]
    arrows: tuple[str, ...]
    ticks: tuple[Mark, ...]
    onset: Mark | None
    alert: Mark | None
    left_out: int
    description: str


def picture_of(diagnosis: Diagnosis) -> Picture | None:
    """Lay out the propagation, the first to move on top; None where nothing is known of it."""
    shown = diagnosis.propagation[:_MOST_LANES]
    if not shown:
        return None
    moments = _moments(shown, diagnosis.timeline)
    zero = diagnosis.onset or shown[0].at
    scale = _Scale([zero, diagnosis.alert.at, *(at for mine in moments for at in mine)])
    lanes = tuple(
        _lane(row, one, mine, zero, scale) for row, (one, mine) in enumerate(zip(shown, moments, strict=True))
    )
    return Picture(
        width=WIDTH,
        height=_TOP + _LANE * len(lanes) + _BOTTOM,
        lanes=lanes,
        arrows=tuple(_arrows(shown, lanes)),
        ticks=_ticks(zero, scale),
        onset=_mark(diagnosis.onset, "onset", scale, to_the_left=True) if diagnosis.onset else None,
        alert=_mark(diagnosis.alert.at, "alert", scale, to_the_left=False),
        left_out=len(diagnosis.propagation) - len(shown),
        description="; ".join(in_words(one) for one in shown),
    )


def in_words(arrival: Arrival) -> str:
    """Say when trouble reached a service, and from where."""
    when = "" if arrival.seconds_after_onset is None else f" {since_onset(arrival.seconds_after_onset)}"
    origin = f", from {' and '.join(arrival.sources)}" if arrival.sources else ""
    return f"{arrival.service}{when}{origin}"


class _Scale:
    """Times to x; a stretch of no length still has some room."""

    def __init__(self, moments: Iterable[datetime]) -> None:
        ordered = sorted(moments)
        self.start = ordered[0]
        self.seconds = max((ordered[-1] - ordered[0]).total_seconds(), _SHORTEST_SECONDS)

    def x(self, at: datetime) -> float:
        share = (at - self.start).total_seconds() / self.seconds
        return round(_LEFT + share * (_RIGHT - _LEFT), 1)


def _moments(arrivals: Sequence[Arrival], timeline: Sequence[Movement]) -> list[tuple[datetime, ...]]:
    """Give for each arrival the moments of the evidence that it cites."""
    at = {movement.evidence: movement.at for movement in timeline}
    return [tuple(sorted({one.at, *(at[item] for item in one.evidence if item in at)})) for one in arrivals]


def _lane(row: int, arrival: Arrival, moments: Sequence[datetime], zero: datetime, scale: _Scale) -> Lane:
    name = arrival.service
    return Lane(
        service=arrival.service,
        name=name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…",
        y=_TOP + _LANE * (row + 0.65),
        dots=tuple(scale.x(at) for at in moments),
        since=(arrival.at - zero).total_seconds(),
    )


def _arrows(arrivals: Sequence[Arrival], lanes: Sequence[Lane]) -> Iterable[str]:
    """Draw from each source that is shown to whom it reached; bent, so that several stay apart."""
    lane_of = {lane.service: lane for lane in lanes}
    for arrival in arrivals:
        for source in arrival.sources:
            giver, receiver = lane_of.get(source), lane_of[arrival.service]
            if giver is not None:
                yield _bent(giver.dots[0], giver.y, receiver.dots[0], receiver.y)


def _bent(x1: float, y1: float, x2: float, y2: float) -> str:
    reach = min(14 + 0.16 * abs(y2 - y1), x1, x2)
    gap = 7 if y2 > y1 else -7  # The head stays clear of the dot.
    bends = f"{x1 - reach:.1f} {y1 + 2 * gap:.1f} {x2 - reach:.1f} {y2 - 2 * gap:.1f}"
    return f"M{x1:.1f} {y1 + gap:.1f}C{bends} {x2 - 3:.1f} {y2 - gap:.1f}"


def _mark(at: datetime, label: str, scale: _Scale, *, to_the_left: bool) -> Mark:
    x = scale.x(at)
    # Onset and alert often lie close: their names stand on opposite sides, unless there is no room.
    left = x > WIDTH - _MARK_ROOM or (to_the_left and x > _MARK_ROOM)
    return Mark(x=x, label=label, anchor="end" if left else "start")


def _ticks(zero: datetime, scale: _Scale) -> tuple[Mark, ...]:
    """Label whole steps from the onset."""
    fits = (step for step in _TICK_STEPS_SECONDS if scale.seconds <= step * _TICKS_AT_MOST)
    step = next(fits, _TICK_STEPS_SECONDS[-1])
    before = int((zero - scale.start).total_seconds() // step)
    count = int(scale.seconds // step) + 1
    steps = [number * step for number in range(-before, count - before)]
    placed = [(seconds, scale.x(zero + timedelta(seconds=seconds))) for seconds in steps]
    return tuple(
        Mark(x=x, label=since_onset(seconds), anchor="end" if x > WIDTH - _MARK_ROOM else "middle")
        for seconds, x in placed
        if x <= _RIGHT
    )
