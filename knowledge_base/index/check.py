"""How far the retrieval index is from the records it is made from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexCheck:
    """What differs; nothing does in a healthy store.

    Attributes:
        findable: How many records a search may return (deprecated ones are left out).
        indexed: How many rows the index holds.
        missing: Ids of records that the index lacks.
        changed: Ids of records that were changed since they were indexed.
        surplus: Ids that the index holds and no search may return.
        unreadable: Why the index could not be read and was thrown away; None where it could.
    """

    findable: int
    indexed: int
    missing: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    surplus: tuple[str, ...] = ()
    unreadable: str | None = None

    @property
    def in_step(self) -> bool:
        """Whether the index says what the records say."""
        return not (self.missing or self.changed or self.surplus or self.unreadable)

    def __str__(self) -> str:
        counts = f"{self.findable} records, {self.indexed} indexed"
        if self.in_step:
            return f"the index is in step: {counts}"
        reason = f"; it could not be read: {self.unreadable}" if self.unreadable else ""
        parts = f"{len(self.missing)} missing, {len(self.changed)} changed, {len(self.surplus)} surplus"
        return f"the index is out of step: {counts} ({parts}){reason}"
