from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from difflib import unified_diff
from typing import Final

from knowledge_base.entry import Entry, Origin
from knowledge_base.review.values import FieldChange

_NOT_SHOWN: Final = frozenset({"id", "created_at", "updated_at"})
# A longer text is read as a diff, a shorter one as before and after.
_ONE_LINE: Final = 100
_DIFF_HEADER_LINES: Final = 2


def differences(before: Entry, after: Entry) -> tuple[FieldChange, ...]:
    """List what differs between two states of an entry, in the order of its fields, dates of writing left out."""
    changes = (_change(name, before, after) for name in Entry.model_fields if name not in _NOT_SHOWN)
    return tuple(change for change in changes if change is not None)


def shown(value: object) -> str:
    """Give a field's value as text: nothing for None, a line each for what has several parts."""
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return "\n".join(f"{key}: {value[key]}" for key in sorted(value))
    if isinstance(value, tuple):
        return "\n".join(_shown_origin(part) if isinstance(part, Origin) else str(part) for part in value)
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _change(name: str, before: Entry, after: Entry) -> FieldChange | None:
    one, other = shown(getattr(before, name)), shown(getattr(after, name))
    if one == other:
        return None
    return FieldChange(field=name, before=one, after=other, lines=_lines(one, other))


def _lines(before: str, after: str) -> tuple[str, ...]:
    if not any("\n" in text or len(text) > _ONE_LINE for text in (before, after)):
        return ()
    return tuple(unified_diff(before.splitlines(), after.splitlines(), lineterm=""))[_DIFF_HEADER_LINES:]


def _shown_origin(origin: Origin) -> str:
    provenance = "; ".join(f"{key}: {value}" for key, value in sorted(origin.provenance.items()))
    return f"{origin.id}: {origin.title}" + (f" ({provenance})" if provenance else "")
