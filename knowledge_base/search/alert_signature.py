"""The numeric signature of a list of alerts: what moved, how widely, and what moved where the trouble seems to be."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

# How many alerts it takes for half of the greatest strength: a few lines of log are noise, a few calls are not.
_HALF_OF_CALLS: Final = 5
_HALF_OF_LINES: Final = 20
_HALF_OF_LINES_THERE: Final = 10
Alerts = Sequence[Mapping[str, Any]]


def names_of_alerts(alerts: Alerts) -> tuple[str, ...]:
    """Name each sort of alert with its place, as it is found again word by word: `orders-1 mem_usage up`.

    Args:
        alerts: Each with `signal` (`metric`, `trace` or `log`), `where`, `what` and `direction`.
    """
    names = (" ".join(filter(None, (_said(one, key) for key in ("where", "what", "direction")))) for one in alerts)
    return tuple(dict.fromkeys(name for name in names if name))


def standing_out(alerts: Alerts, rarity: Callable[[str], float] = lambda _name: 1.0) -> str:
    """Name the instance on which the rarest readings moved; empty where no alert names one.

    Args:
        alerts: As for `names_of_alerts`.
        rarity: Says how rarely what `names_of_alerts` names was seen before, in nats; by default each counts the same.
    """
    told: defaultdict[str, float] = defaultdict(float)
    readings = [one for one in alerts if _is_reading(one) and _said(one, "where")]
    for name, where in {names_of_alerts([one])[0]: _said(one, "where") for one in readings}.items():
        told[where] += rarity(name)
    return max(told, key=lambda where: (told[where], where), default="")


def signature_of_alerts(alerts: Alerts, focus: str | None = None) -> dict[str, float]:
    """Give the signature, feature to strength in 0..1; it names no service, so the same fault elsewhere has the same.

    A reading that moved on many instances is strong; one that moved on the instance that stands out is a feature of its
    own, the stronger the fewer others share it. Calls and lines grow with their number and never reach one.

    Args:
        alerts: As for `names_of_alerts`; those on calls say in `from` who called.
        focus: The instance that the trouble is on, None for that which stands out.
    """
    focus = standing_out(alerts) if focus is None else focus
    readings: defaultdict[str, set[str]] = defaultdict(set)
    calls: defaultdict[str, set[tuple[str, str, str]]] = defaultdict(set)
    lines: Counter[str] = Counter()
    for one in alerts:
        where, what, how = _said(one, "where"), _said(one, "what"), _said(one, "direction")
        if _is_reading(one):
            readings[f"metric:{what}:{how}"].add(where)
        elif one.get("signal") == "trace":
            caller = _said(one, "from")
            for name in _sorts_of_call(how, where, caller, focus):
                calls[name].add((caller, where, what))
        else:
            lines[where] += 1
    places = len({_said(one, "where") for one in alerts}) or 1
    found = {name: math.sqrt(len(moved) / places) for name, moved in readings.items()}
    found |= {f"{name}@focus": 0.5 + 0.5 / math.sqrt(len(moved)) for name, moved in readings.items() if focus in moved}
    found |= {name: len(edges) / (len(edges) + _HALF_OF_CALLS) for name, edges in calls.items()}
    if lines:
        count, there = sum(lines.values()), lines[focus]
        found["log"] = count / (count + _HALF_OF_LINES)
        if there:
            found["log@focus"] = there / (there + _HALF_OF_LINES_THERE)
    return {name: round(strength, 4) for name, strength in sorted(found.items())}


def _sorts_of_call(how: str, where: str, caller: str, focus: str) -> Iterable[str]:
    yield f"trace:{how}"
    if focus == where:
        yield f"trace:{how}@within" if caller == focus else f"trace:{how}@into"
    elif focus == caller:
        yield f"trace:{how}@out"


def _is_reading(alert: Mapping[str, Any]) -> bool:
    return alert.get("signal") == "metric"


def _said(alert: Mapping[str, Any], key: str) -> str:
    return str(alert.get(key) or "")
