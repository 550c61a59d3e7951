"""How a row of the index is called: by whose passage it is, and of which state."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Self

from knowledge_base.index.vector_index import TORN, IndexRow


# The fingerprint is part of the name because Chroma lists the names of 100,000 rows in a third of a second, and takes
# several to read their metadata; and because two servers that write two states of one entry then never mix their rows.
@dataclass(frozen=True, slots=True)
class RowId:
    """The name of a row, `<entry id>/<passage>-<passages>/<fingerprint>`.

    Attributes:
        entry_id: Whose passage it is.
        passage: Which one, from 0.
        passages: How many the entry has.
        fingerprint: Of which state of the entry.
    """

    entry_id: str
    passage: int
    passages: int
    fingerprint: str

    def __str__(self) -> str:
        return f"{self.entry_id}/{self.passage}-{self.passages}/{self.fingerprint}"

    @classmethod
    def parsed(cls, text: str) -> Self:
        """Read a name.

        Raises:
            ValueError: It is none.
        """
        entry_id, numbers, fingerprint = text.split("/", 2)
        passage, passages = numbers.split("-")
        return cls(entry_id, int(passage), int(passages), fingerprint)


def named(rows: Iterable[IndexRow]) -> list[tuple[RowId, IndexRow]]:
    """Name rows, of which those of one entry follow each other.

    Raises:
        ValueError: They do not, or an entry's passages are not numbered from 0, or are of several states.
    """
    found: dict[str, list[tuple[RowId, IndexRow]]] = {}
    for entry_id, group in groupby(rows, key=attrgetter("entry_id")):
        passages = list(group)
        numbered = [row.passage for row in passages] == list(range(len(passages)))
        if entry_id in found or not numbered or len({row.fingerprint for row in passages}) != 1:
            raise ValueError(f"the rows of {entry_id} are not the passages of one state, in their order")
        found[entry_id] = [(RowId(entry_id, row.passage, len(passages), row.fingerprint), row) for row in passages]
    return [pair for pairs in found.values() for pair in pairs]


def states(row_ids: Iterable[RowId]) -> dict[str, str]:
    """Say which state of which entries rows are of, as entry id to fingerprint, `TORN` for what is not whole."""
    found: dict[str, list[RowId]] = {}
    for row_id in row_ids:
        found.setdefault(row_id.entry_id, []).append(row_id)
    return {entry_id: _state(rows) for entry_id, rows in found.items()}


def _state(rows: list[RowId]) -> str:
    alike = len({row.fingerprint for row in rows}) == 1
    return rows[0].fingerprint if alike and len(rows) == rows[0].passages else TORN
