"""What moved when and where, and over which calls trouble travelled from one service to the next."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import pandas as pd

from assistant.diagnosis.values import Arrival, Evidence, Movement

Calls = Collection[tuple[str, str]]

# A change is no trouble yet: it stands in the timeline, and reaches nobody.
_CHANGES: Final = frozenset({"deploy"})
# Load is handed on to whoever is called; all other trouble comes back to the caller.
_LOAD: Final = frozenset({"traffic_surge"})
# What moves less than this moves by chance, and explains nobody else's trouble.
_WEAKEST_THAT_TRAVELS: Final = 0.2


def timeline_of(evidence: Iterable[Evidence], onset: datetime | None) -> tuple[Movement, ...]:
    """Order the evidence by when it began to move, earliest first; what has no onset of its own is left out."""
    moved = [(item.onset, item) for item in evidence if item.onset is not None]
    return tuple(
        Movement(
            at=at,
            seconds_after_onset=_seconds_after(onset, at),
            service=item.service,
            signal=item.signal,
            summary=item.summary,
            evidence=item.id,
        )
        for at, item in sorted(moved, key=lambda pair: (pair[0], -pair[1].strength))
    )


def propagation_of(
    evidence: Iterable[Evidence], calls: Calls, onset: datetime | None, *, resolution_seconds: float
) -> tuple[Arrival, ...]:
    """Say when trouble reached each service, and over which known calls it can have come.

    A caller has its trouble from the callees that moved before it, a service under a surge hands it on to those that
    it calls. Moments closer than the resolution are taken as one, and the calls decide; where these run in a circle,
    only who moved earlier gave it to whom. So nobody has trouble from itself, however long the way.

    Args:
        evidence: What moved; weak evidence does not count.
        calls: The known calls, as `(caller, callee)`; without any, no source is named.
        onset: When the first signal began to move, None where that is not known.
        resolution_seconds: How exact the moments are.

    Returns:
        One arrival a service, the earliest first.
    """
    moved = _moved_by_service(evidence)
    first = {service: min(at for at, _ in mine) for service, mine in moved.items()}
    surging = {service for service, mine in moved.items() if any(item.signal in _LOAD for _, item in mine)}
    ways = _ways(calls, first, surging)
    beyond = {service: _reachable(service, ways) for service in ways}
    same_moment = timedelta(seconds=max(resolution_seconds, 0.0))

    def came_over(receiver: str, giver: str) -> bool:
        in_a_circle = receiver in beyond.get(giver, ())
        if in_a_circle:
            return first[giver] < first[receiver]
        return first[giver] <= first[receiver] + same_moment

    arrivals = [
        Arrival(
            service=service,
            at=first[service],
            seconds_after_onset=_seconds_after(onset, first[service]),
            sources=tuple(sorted(giver for giver in ways.get(service, ()) if came_over(service, giver))),
            evidence=tuple(item.id for _, item in sorted(mine, key=lambda pair: -pair[1].strength)),
        )
        for service, mine in moved.items()
    ]
    return tuple(sorted(arrivals, key=lambda arrival: (arrival.at, bool(arrival.sources), arrival.service)))


def known_calls(recorded: Calls | None, spans: pd.DataFrame | None) -> frozenset[tuple[str, str]]:
    """Collect who calls whom from a recorded topology and from linked spans (see `trace_view.link_spans`)."""
    calls = {(caller, callee) for caller, callee in recorded or () if caller and callee and caller != callee}
    if spans is None or spans.empty:
        return frozenset(calls)
    service, parent = spans["service"], spans["parent"].to_numpy()
    children = spans.index[parent >= 0]
    callers = service.to_numpy()[parent[parent >= 0]]
    answered = pd.DataFrame({"caller": callers, "callee": service.loc[children].to_numpy()})
    called = spans.loc[spans["peer"] != "", ["service", "peer"]].set_axis(["caller", "callee"], axis=1)
    for pairs in (answered, called):
        seen = pairs[pairs["caller"] != pairs["callee"]].drop_duplicates()
        calls.update((str(caller), str(callee)) for caller, callee in seen.itertuples(index=False) if caller and callee)
    return frozenset(calls)


def _moved_by_service(evidence: Iterable[Evidence]) -> Mapping[str, Sequence[tuple[datetime, Evidence]]]:
    moved: dict[str, list[tuple[datetime, Evidence]]] = defaultdict(list)
    for item in evidence:
        travels = item.signal not in _CHANGES and item.strength >= _WEAKEST_THAT_TRAVELS
        if item.onset is not None and item.service and travels:
            moved[item.service].append((item.onset, item))
    return moved


def _ways(calls: Calls, moved: Collection[str], surging: Collection[str]) -> Mapping[str, set[str]]:
    """Give for each service that moved those from which trouble can have come to it."""
    ways: dict[str, set[str]] = defaultdict(set)
    for caller, callee in calls:
        if caller == callee or caller not in moved or callee not in moved:
            continue
        receiver, giver = (callee, caller) if caller in surging else (caller, callee)
        ways[receiver].add(giver)
    return dict(ways)


def _reachable(start: str, ways: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    ahead = [start]
    while ahead:
        news = ways.get(ahead.pop(), set()) - found
        found |= news
        ahead.extend(news)
    return found


def _seconds_after(onset: datetime | None, at: datetime) -> float | None:
    return None if onset is None else (at - onset).total_seconds()
