from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

from knowledge_base.entry import Entry, Origin, ReviewStatus
from knowledge_base.errors import MergeRefused

Choice: TypeAlias = Literal["keep", "other", "both"]
"""Whose field a merged entry has; both only for text, one after the other."""

TEXTS: Final = ("title", "symptoms", "cause", "fix", "notes")
LABELS: Final = ("kind", "fault_kind", "severity", "signature", "environment", "team")
UNIONS: Final = ("services", "operations", "signals")


def merged(keep: Entry, other: Entry, choices: Mapping[str, Choice], now: datetime) -> Entry:
    """Give one entry that says what two said.

    A field that nobody chose is the kept entry's, or the other's where the kept one says nothing. Services, operations
    and signals are those of both. Where the other came from is told in `merged_from`.

    Args:
        keep: The entry that stays; its review status stays as well.
        other: The entry that is to be found no more.
        choices: Field name to whose it is.
        now: When, timezone-aware.

    Raises:
        MergeRefused: They are the same entry, one of them is deprecated, or a choice cannot be made.
    """
    _check(keep, other, choices)
    fields: dict[str, Any] = {
        name: _chosen(getattr(keep, name), getattr(other, name), choices.get(name)) for name in (*TEXTS, *LABELS)
    }
    for name in UNIONS:
        fields[name] = tuple(dict.fromkeys((*getattr(keep, name), *getattr(other, name))))
    origin = Origin(id=other.id, title=other.title, provenance=other.provenance, created_at=other.created_at)
    # An entry that came back by `revive` and is merged again is told once, as it was last.
    origins = {each.id: each for each in (*keep.merged_from, *other.merged_from, origin) if each.id != keep.id}
    return keep.model_copy(update=fields | {"merged_from": tuple(origins.values()), "updated_at": now})


def left_behind(kept: Entry, other: Entry) -> tuple[str, ...]:
    """Name the fields in which the entry that was kept does not say what the other one said."""
    told = ((name, getattr(kept, name), getattr(other, name)) for name in (*TEXTS, *LABELS))
    return tuple(
        name
        for name, here, there in told
        # A text that was chosen of both holds the other's.
        if there and here != there and not (name in TEXTS and here and there in here)
    )


def put_away(other: Entry, keep_id: str, now: datetime) -> Entry:
    """Give the entry that was merged into another one: deprecated, and telling where its knowledge went."""
    return other.model_copy(
        update={
            "status": ReviewStatus.DEPRECATED,
            "review_by": None,
            "provenance": {**other.provenance, "merged_into": keep_id},
            "updated_at": now,
        }
    )


def _chosen(of_keep: Any, of_other: Any, choice: Choice | None) -> Any:
    if choice == "both":
        # Saying the same twice helps nobody.
        parts = dict.fromkeys(text for text in (of_keep, of_other) if text)
        return "\n\n".join(parts) if parts else of_keep
    if choice is None:
        return of_keep or of_other or of_keep
    return of_keep if choice == "keep" else of_other


def _check(keep: Entry, other: Entry, choices: Mapping[str, Choice]) -> None:
    if keep.id == other.id:
        raise MergeRefused(keep.id, other.id, "that is one entry; name two")
    for entry in (keep, other):
        if entry.status is ReviewStatus.DEPRECATED:
            raise MergeRefused(keep.id, other.id, f"{entry.id} is deprecated; revive it first")
    for name, choice in choices.items():
        if name not in (*TEXTS, *LABELS):
            known = ", ".join((*TEXTS, *LABELS))
            raise MergeRefused(keep.id, other.id, f"{name!r} cannot be chosen; one can choose {known}")
        if choice not in ("keep", "other", "both") or (choice == "both" and name not in TEXTS):
            whose = "keep, other or both" if name in TEXTS else "keep or other"
            raise MergeRefused(keep.id, other.id, f"{name} can be that of {whose}, not of {choice!r}")
