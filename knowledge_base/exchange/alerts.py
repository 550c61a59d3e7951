"""From a list of alerts, as monitoring sends them or data sets keep them, to symptoms in plain words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from knowledge_base.exchange.values import Alerts

_REPLICA: Final = re.compile(r"-\d{1,4}$|-[a-f0-9]{8,10}-[a-z0-9]{5}$")
_DIRECTIONS: Final = {"up": "rose", "down": "fell", "slow": "slow", "firing": "firing", "resolved": "resolved"}


@dataclass(frozen=True, slots=True, order=True)
class Alert:
    """One alert.

    Attributes:
        service: Where, without the number of the replica; empty where it does not say.
        what: What was noticed, such as a metric's name.
        how: In which way, in a word; empty where it does not say.
        sort: `metric`, `trace`, `log`, or the like; empty where it does not say.
        caller: Who called, for alerts on calls.
        says: What the alert says in words.
    """

    service: str
    what: str
    how: str
    sort: str = ""
    caller: str = ""
    says: str = ""


def service_of(instance: str) -> str:
    """Give a service's name from a replica's: `orders-1` and `orders-5d8f9c7b6-x2x7p` are `orders`."""
    return _REPLICA.sub("", instance.strip())


def read_alerts(alerts: Alerts) -> list[Alert]:
    """Read alerts of the shape `signal, where, what, direction`, or of Alertmanager's; others are left out."""
    read = (_alert(alert) for alert in alerts)
    return [alert for alert in read if alert.what]


def symptoms_of(alerts: Iterable[Alert]) -> str:
    """Say a list of alerts in plain words, a line for each service, the loudest first; repeated ones once."""
    counted = Counter(alerts)
    by_service: dict[str, Counter[Alert]] = {}
    for alert, times in counted.items():
        by_service.setdefault(alert.service, Counter())[alert] = times
    loudest = sorted(by_service.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    return "\n".join(_line(service, of_it) for service, of_it in loudest)


def symptoms_of_alerts(alerts: Alerts) -> str:
    """Say alerts as they were sent in plain words, see `symptoms_of`; empty where none says what was noticed."""
    return symptoms_of(read_alerts(alerts))


def signals_of(alerts: Iterable[Alert]) -> tuple[str, ...]:
    """Name what moved, the most frequent first: metrics, and alerts that have a name of their own."""
    counted = Counter(alert.what for alert in alerts if alert.sort in {"metric", "alert", ""})
    return tuple(sorted(counted, key=lambda what: (-counted[what], what)))


def operations_of(alerts: Iterable[Alert]) -> tuple[str, ...]:
    """Name the operations that alerts on calls are about, the most frequent first."""
    counted = Counter(alert.what for alert in alerts if alert.sort == "trace")
    return tuple(sorted(counted, key=lambda what: (-counted[what], what)))


def loudest_services(alerts: Iterable[Alert]) -> tuple[str, ...]:
    """Name the services that alerts are about, those with the most different ones first."""
    counted = Counter(alert.service for alert in set(alerts) if alert.service)
    return tuple(sorted(counted, key=lambda service: (-counted[service], service)))


def _alert(alert: Mapping[str, Any]) -> Alert:
    labels, annotations = alert.get("labels"), alert.get("annotations")
    if isinstance(labels, Mapping):
        where = next((str(labels[key]) for key in ("service", "job", "deployment", "pod") if labels.get(key)), "")
        notes = annotations if isinstance(annotations, Mapping) else {}
        says = next((str(notes[key]) for key in ("summary", "description", "message") if notes.get(key)), "")
        return Alert(
            service_of(where),
            str(labels.get("alertname", "")),
            str(alert.get("status", "")),
            sort="alert",
            says=says.strip(),
        )
    where, what = str(alert.get("where", "") or ""), str(alert.get("what", "") or "")
    caller = service_of(str(alert.get("from", "") or ""))
    how = str(alert.get("direction", "") or "")
    sort = str(alert.get("signal", "") or "")
    return Alert(service_of(where), what, how, sort=sort, caller=caller if caller != service_of(where) else "")


def _line(service: str, alerts: Counter[Alert]) -> str:
    """Say all alerts on one service; those that moved alike share their verb."""
    alike: dict[tuple[str, str], dict[str, int]] = {}
    for alert, times in sorted(alerts.items()):
        named = alike.setdefault(_frame(alert), {})
        # What was seen from another replica is told once.
        named[_name(alert)] = named.get(_name(alert), 0) + times
    told = []
    for (before, after), named in sorted(alike.items()):
        names = ", ".join(name if times == 1 else f"{name} ({times} times)" for name, times in named.items())
        told.append(f"{before}{names}{after}")
    return f"{service}: {'; '.join(told)}." if service else f"{'; '.join(told)}."


def _frame(alert: Alert) -> tuple[str, str]:
    """Give the words that stand before and after the names of what moved in this way."""
    how = _DIRECTIONS.get(alert.how, alert.how)
    if alert.sort == "trace":
        return "calls ", f" answer {how}" if how.isdigit() else f" {how}".rstrip()
    if alert.sort == "log":
        return "log lines of ", ""
    return "", f" {how}".rstrip()


def _name(alert: Alert) -> str:
    if alert.sort == "trace":
        return f"{alert.what} from {alert.caller}" if alert.caller else alert.what
    if alert.sort == "alert":
        return f"{alert.what} ({alert.says})" if alert.says else alert.what
    return alert.what if alert.sort == "log" else alert.what.replace("_", " ")
