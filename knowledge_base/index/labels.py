"""What the index keeps of an entry besides its vectors, so that a search can ask for it."""

from __future__ import annotations

from knowledge_base.entry import Entry
from knowledge_base.index.vector_index import Labels


def labels(entry: Entry) -> Labels:
    """Give an entry's labels; Chroma takes neither None nor an empty list."""
    found: dict[str, str | list[str] | None] = {
        "kind": entry.kind,
        "status": entry.status.value,
        "fault_kind": entry.fault_kind,
        "services": list(entry.services),
        "environment": entry.environment,
        "team": entry.team,
    }
    return {name: value for name, value in found.items() if value}
