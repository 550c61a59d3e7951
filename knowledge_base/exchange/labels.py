"""From the labels that people put on a text (`severity: high`, `Serviço: pagamentos`) to an entry's fields."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from knowledge_base.entry import EntryKind, Severity
from knowledge_base.exchange.dates import first_day, moment
from knowledge_base.exchange.severities import severity_of
from knowledge_base.exchange.values import HAPPENED_ON, OTHER_LABELS, Problem
from knowledge_base.exchange.wording import plain, unmarked

_FIELDS: Final = {
    "id": "id",
    "title": "title name titulo nome nombre summary_line",
    "kind": "kind type tipo doc_type",
    "symptoms": "symptoms symptom sintomas",
    "cause": "cause root_cause causa causa_raiz",
    "fix": "fix resolution mitigation solution solucao solucion correcao",
    "notes": "notes notas observacoes observaciones",
    "services": "services service affected_services affected_service service_s services_affected service_name "
    "servico servicos servicos_afetados servicio servicios servicios_afectados",
    "operations": "operations operation endpoints endpoint operacoes operaciones",
    "fault_kind": "fault_kind fault fault_type tipo_de_falha tipo_de_falla",
    "severity": "severity sev severity_level priority severidade severidad gravidade gravedad prioridade prioridad",
    "signals": "signals signal alerts alert alertname alert_name alerta alertas sinais senales metrics",
    "environment": "environment env deployment_environment ambiente entorno",
    "team": "team owner owning_team squad equipe time equipo responsavel responsable",
    "author": "author authors autor autores written_by",
    "date": "date incident_date happened_on date_of_incident started start_time data data_do_incidente fecha "
    "fecha_del_incidente",
    "created_at": "created_at created created_on date_created criado_em creado_en",
}
_FIELD_OF: Final = {name: field for field, names in _FIELDS.items() for name in names.split()}
_KINDS: Final[dict[str, EntryKind]] = {
    **dict.fromkeys(("incident", "postmortem", "post mortem", "incidente", "incident report", "outage"), "incident"),
    **dict.fromkeys(
        ("runbook", "run book", "playbook", "procedure", "alert", "sop", "guia", "procedimento"), "runbook"
    ),
}
# Labels stand at the beginning, not after pages of prose.
_LABELS_WITHIN: Final = 20_000
_LISTS: Final = ("services", "operations", "signals")
_NOTHING: Final = frozenset(("", "~", "null", "none", "n/a", "na", "?", "-", "unknown", "tbd", "todo", "desconhecido"))
# `**Severity:** high`, `- Service: orders`, `| Team | payments |`: one label on a line of its own.
_LABEL_LINE: Final = re.compile(
    r"^[ \t]{0,3}(?:[-*+][ \t]+)?(?:\*\*|__)?([^\W\d_][^:*_|\n]{0,40}?)(?:\*\*|__)?"
    r"[ \t]*:(?:\*\*|__)?[ \t]+(\S[^\n]{0,2000})$",
    re.MULTILINE,
)
_LABEL_ROW: Final = re.compile(
    r"^\|[ \t]*(?:\*\*)?([^\W\d_][^:*|\n]{0,40}?):?(?:\*\*)?[ \t]*\|[ \t]*([^|\n]{1,500}?)[ \t]*\|[ \t]*$", re.MULTILINE
)
# What a line of a text may say of its entry; anything else that stands before a colon is prose.
_FROM_LINES: Final = frozenset(
    ("services", "severity", "environment", "team", "author", "date", "cause", "fix", "symptoms")
)


@dataclass(slots=True, kw_only=True)
class Labels:
    """What labels say of an entry.

    Attributes:
        fields: Fields of an entry and their values; only those that are said.
        provenance: What they tell of its origin.
        problems: What they say that cannot be taken.
    """

    fields: dict[str, Any] = field(default_factory=dict)
    provenance: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def labels_of(said: Mapping[str, Any], *, kinds: Collection[str] | None) -> Labels:
    """Read labels; those that no field is for are kept in the provenance, so nothing gets lost.

    Args:
        said: Names, in English, Portuguese or Spanish, to texts and lists.
        kinds: Fault kinds that there are; None takes any.
    """
    labels, left = Labels(), {}
    for name, value in said.items():
        which = _FIELD_OF.get(plain(str(name)).replace(" ", "_"))
        taken = which is not None and which not in labels.fields and _take(which, value, labels, kinds)
        if not taken and not _is_nothing(value):
            left[str(name)] = value
    if left:
        labels.provenance[OTHER_LABELS] = json.dumps(left, ensure_ascii=False, sort_keys=True, default=str)
    return labels


def labelled_lines(text: str) -> dict[str, str]:
    """Find the lines of a text that label it, each label once; what they say is as it stands there."""
    found: dict[str, str] = {}
    for pattern in (_LABEL_LINE, _LABEL_ROW):
        for name, value in pattern.findall(text[:_LABELS_WITHIN]):
            which = _FIELD_OF.get(plain(name).replace(" ", "_"))
            if which in _FROM_LINES and not _is_nothing(value):
                found.setdefault(which, unmarked(value))
    return found


def _take(which: str, value: object, labels: Labels, kinds: Collection[str] | None) -> bool:
    """Put one label where it belongs; False where it says nothing that an entry can hold."""
    if which in _LISTS:
        labels.fields[which] = _several(value)
        return True
    text = _one(value)
    if text is None or _is_nothing(text):
        return False
    match which:
        case "kind":
            taken = _take_kind(text, labels)
        case "severity":
            taken = _take_severity(text, labels)
        case "fault_kind":
            taken = _take_fault_kind(text, labels, kinds)
        case "date" | "created_at":
            taken = _take_date(which, text, labels)
        case "author":
            labels.provenance["author"], taken = text, True
        case _:
            labels.fields[which], taken = text, True
    return taken


def _take_kind(text: str, labels: Labels) -> bool:
    kind = _KINDS.get(plain(text))
    if kind is not None:
        labels.fields["kind"] = kind
    return kind is not None


def _take_severity(text: str, labels: Labels) -> bool:
    severity: Severity | None = severity_of(text)
    if severity is None:
        labels.problems.append(
            Problem(
                severity="warning", text=f"severity {text[:80]!r} is none of critical, high, medium, low; left open"
            )
        )
        return False
    labels.fields["severity"] = severity
    return True


def _take_fault_kind(text: str, labels: Labels, kinds: Collection[str] | None) -> bool:
    if kinds is not None and text not in kinds:
        labels.problems.append(
            Problem(
                severity="warning",
                text=f"fault kind {text[:80]!r} is none of {', '.join(sorted(kinds))}; left open, in the notes",
            )
        )
        labels.fields["unknown_fault_kind"] = text
        return True
    labels.fields["fault_kind"] = text
    return True


def _take_date(which: str, text: str, labels: Labels) -> bool:
    if which == "date":
        day = first_day(text)
        if day is None:
            return False
        labels.provenance[HAPPENED_ON] = day.isoformat()
        return True
    written = moment(text)
    if written is None:
        return False
    labels.fields["created_at"] = written
    return True


def _one(value: object) -> str | None:
    if isinstance(value, list) and value and all(isinstance(one, str) for one in value):
        return ", ".join(value)
    if isinstance(value, bool | int | float):
        return str(value)
    return value.strip() if isinstance(value, str) else None


def _several(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        # An operation such as `GET /a,b` is rare; a list in one line is not.
        values: list[Any] = re.split(r"[,;]\s*", value)
    else:
        values = list(value) if isinstance(value, list | tuple) else [value]
    texts = (str(one).strip().strip("`").strip() for one in values if isinstance(one, str | int | float))
    return tuple(dict.fromkeys(text for text in texts if not _is_nothing(text)))


def _is_nothing(value: object) -> bool:
    if isinstance(value, str):
        return value.strip().casefold() in _NOTHING
    return value is None or value in ([], {}, ())
