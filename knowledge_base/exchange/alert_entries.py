"""From an object with a list of alerts to an entry: an incident, told in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from knowledge_base.errors import Unreadable
from knowledge_base.exchange.alerts import (
    loudest_services,
    operations_of,
    read_alerts,
    service_of,
    signals_of,
    symptoms_of,
)
from knowledge_base.exchange.markdown import ReadEntry, draft_of
from knowledge_base.exchange.values import Problem, ReadingRules, Source

_SERVICES_NAMED: Final = 2


def entry_of_alerts(value: Mapping[str, Any], source: Source, digest: str, rules: ReadingRules) -> ReadEntry:
    """Read an object with `alerts`, and beside them, where it is known, what was wrong (`kind`) and where (`instance`).

    Raises:
        Unreadable: None of the alerts says what was noticed.
    """
    raw = [alert for alert in value["alerts"] if isinstance(alert, Mapping)]
    alerts = read_alerts(raw)
    if not alerts:
        raise Unreadable(source.name, "has a list of alerts, and none of them says what was noticed")
    problems: list[Problem] = []
    if len(alerts) < len(value["alerts"]):
        problems.append(
            Problem(severity="warning", text="some of its alerts say nothing that was noticed; they are left out")
        )
    instance, system = _text(value.get("instance")), _text(value.get("system"))
    fault, known = _text(value.get("fault_kind") or value.get("kind")), rules.kinds
    fault_kind = fault if fault and (known is None or fault in known) else None
    if fault and fault_kind is None:
        problems.append(
            Problem(
                severity="note", text=f"kind {fault!r} is no fault kind known here; left open, and said in the notes"
            )
        )
    loudest = loudest_services(alerts)
    services = tuple(dict.fromkeys(([service_of(instance)] if instance else []) + list(loudest[:_SERVICES_NAMED])))
    fields = {
        "id": _text(value.get("id")),
        "kind": "incident",
        "title": _text(value.get("title")) or _title(fault, instance, system, loudest, len(alerts)),
        "symptoms": symptoms_of(alerts),
        "cause": f"{fault.replace('-', ' ')} of {instance}" if fault and instance else None,
        "notes": f"Kind of fault in its source: {fault}" if fault and fault_kind is None else "",
        "services": services if instance else loudest[:_SERVICES_NAMED],
        "operations": operations_of(alerts),
        "fault_kind": fault_kind,
        "signals": signals_of(alerts),
        "signature": dict(rules.signature_of_alerts(raw)),
    }
    origin = {name: _text(value.get(name)) for name in ("system", "split", "instance") if _text(value.get(name))}
    return ReadEntry(draft_of(fields, origin, source, digest, rules), tuple(problems))


def _title(fault: str, instance: str, system: str, loudest: tuple[str, ...], count: int) -> str:
    of_system = f" ({system})" if system else ""
    if fault and instance:
        return f"{fault} of {instance}{of_system}"
    where = f" on {' and '.join(loudest[:_SERVICES_NAMED])}" if loudest else ""
    return f"{count} alerts{where}{of_system}" if count > 1 else f"an alert{where}{of_system}"


def _text(value: object) -> str:
    return str(value).strip() if isinstance(value, str | int) else ""
