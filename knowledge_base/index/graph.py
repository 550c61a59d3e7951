"""How much Chroma spends on finding what is near."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """How much Chroma spends on its graph: more finds more, and is slower. It is settled when an index is made.

    Drills on a schedule fill the index with near copies, and a graph of Chroma's default size then cannot reach the
    rare entry among them. `python -m bench.knowledge_scale` measures what these numbers cost and find: of 100,000 rows
    one finds 98.6 % of the ten nearest, and a processor writes 420 rows in a second. Twice the links, and twice
    the rows looked at in writing, find 99.6 % at half that speed.

    Attributes:
        max_neighbors: Links of a row.
        ef_construction: Rows looked at when one is written.
        ef_search: Rows looked at in a search.
    """

    max_neighbors: int = 32
    ef_construction: int = 200
    ef_search: int = 1000


GRAPH: Final = Graph()
