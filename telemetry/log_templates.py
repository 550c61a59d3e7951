"""What log lines have in common: the same sentence, with other values in it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from drain3.drain import Drain

# What a line says first is what it is about; the rest is mostly the payload or a stack trace.
MINED_CHARACTERS: Final = 1000
_SIMILARITY: Final = 0.5

# The first that fits wins, so what contains others (a URL's numbers, a quoted id) stands before them.
_VALUE: Final = re.compile(
    r"""
      (?P<STR>"[^"\n]{0,300}" | (?<!\w)'[^'\n]{0,300}'(?!\w))
    | (?P<UUID>\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b)
    | (?P<TIME>\b\d{4}-\d\d-\d\d(?:[T\ ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?)
    | (?P<IP>\b(?:\d{1,3}\.){3}\d{1,3}(?::\d{1,5})?\b)
    | (?P<HEX>\b0[xX][0-9a-fA-F]+\b | \b(?=[0-9a-fA-F]*\d)(?=[0-9]*[a-fA-F])[0-9a-fA-F]{8,}\b)
    | (?P<ID>\b[A-Za-z]+[-_]\d+\b)
    | (?P<NUM>(?<![\w.])[+-]?\d+(?:[.,]\d+)*(?:[eE][+-]?\d+)?)
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MinedLines:
    """Templates of log lines.

    Attributes:
        template_of: For each line, the position of its template in `templates`.
        templates: The templates, in the order of their first lines. Values are `<NUM>`, `<STR>`, `<ID>` and the like,
            and `<*>` where lines differ in other words. Untrusted text, as the lines are.
    """

    template_of: tuple[int, ...]
    templates: tuple[str, ...]


def mine_templates(lines: Iterable[str]) -> MinedLines:
    """Group lines that say the same thing. The same lines in the same order always give the same answer."""
    drain = Drain(sim_th=_SIMILARITY)
    seen: dict[str, int] = {}
    found: list[int] = []
    for line in lines:
        masked = mask(line)
        cluster_id = seen.get(masked)
        if cluster_id is None:
            cluster, _change = drain.add_log_message(masked)
            cluster_id = seen[masked] = cluster.cluster_id
        found.append(cluster_id)
    positions = {cluster_id: position for position, cluster_id in enumerate(dict.fromkeys(found))}
    return MinedLines(
        template_of=tuple(positions[cluster_id] for cluster_id in found),
        templates=tuple(drain.id_to_cluster[cluster_id].get_template() for cluster_id in positions),
    )


def mask(line: str) -> str:
    """Put placeholders for the values in a line: numbers, ids, addresses, times, quoted text."""
    return _VALUE.sub(lambda found: f"<{found.lastgroup}>", line[:MINED_CHARACTERS])
