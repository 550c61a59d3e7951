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

# Where in the code a line was written, as loggers print it: `o.s.OrderService#67`, `app.orders.py:12`, `main.go:340`.
_LOCATION: Final = re.compile(
    r"""(?<![\w./@-])(?:
        [A-Za-z_$][\w$]*(?:\.[\w$\[\]]+)+\#\d{1,5}                                        # logger and line
      | [\w$./-]+\.(?:java|kt|scala|py|go|js|ts|rb|rs|cs|fs|php|c|cc|cpp|ex|clj):\d{1,5}  # file and line
    )(?![\w.:/-])""",
    re.VERBOSE,
)
_LOOKED_AT_FOR_LOCATION: Final = 300
# A helper through which everything is logged says nothing about the line: its lines begin in many ways.
_WAYS_TO_BEGIN: Final = 10
_BEGINNING_WORDS: Final = 6
_DIGIT: Final = re.compile(r"\d")

# The first that fits wins, so what contains others (a URL's numbers, a quoted id) stands before them.
_VALUE: Final = re.compile(
    r"""
      (?P<STR>"[^"\n]{0,300}" | (?<!\w)'[^'\n]{0,300}'(?!\w))
    | (?P<UUID>\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b)
    | (?P<TIME>\b\d{4}-\d\d-\d\d(?:[T\ ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?
              | (?<![\w:.])\d\d:\d\d:\d\d(?:[.,]\d+)?(?![\w:]))
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
    """Group lines that say the same thing. The same lines in the same order always give the same answer.

    Lines that name the place in the code where they were written are grouped by it; the others by their words (Drain,
    He et al. 2017).
    """
    written = list(lines)
    places = _places(written)
    # Values are looked for only where they are in the way: lines of one place are one sentence whatever they hold.
    masked = [mask_values(line) if place is None else "" for line, place in zip(written, places, strict=True)]
    drain = Drain(sim_th=_SIMILARITY)
    groups: dict[str, int] = {}
    templates: list[str] = []
    clusters: dict[int, int] = {}
    found: list[int] = []
    for line, place, text in zip(written, places, masked, strict=True):
        position = groups.get(place or text)
        if position is None:
            cluster_id = 0 if place else drain.add_log_message(text)[0].cluster_id
            position = clusters.get(cluster_id)
            if position is None:
                position = len(templates)
                templates.append(mask_values(line) if place else text)
                if cluster_id:
                    clusters[cluster_id] = position
            groups[place or text] = position
        found.append(position)
    for cluster_id, position in clusters.items():
        templates[position] = drain.id_to_cluster[cluster_id].get_template()
    return MinedLines(template_of=tuple(found), templates=tuple(templates))


def mask_values(line: str) -> str:
    """Put placeholders for the values in a line: numbers, ids, addresses, times, quoted text.

    The place in the code where a line was written is no value; it stays.
    """
    place = _LOCATION.search(line, 0, _LOOKED_AT_FOR_LOCATION)
    if place is None:
        return _masked(line[:MINED_CHARACTERS])
    return _masked(line[: place.start()]) + place.group() + _masked(line[place.end() : _LOOKED_AT_FOR_LOCATION])


def _masked(text: str) -> str:
    return _VALUE.sub(lambda found: f"<{found.lastgroup}>", text)


def _places(lines: list[str]) -> list[str | None]:
    """Give the place in the code of each line that names one which says more than that a line was written."""
    found = [_LOCATION.search(line, 0, _LOOKED_AT_FOR_LOCATION) for line in lines]
    beginnings: dict[str, set[str]] = {}
    for line, place in zip(lines, found, strict=True):
        if place is not None:
            ways = beginnings.setdefault(place.group(), set())
            if len(ways) < _WAYS_TO_BEGIN:
                said = line[place.end() : _LOOKED_AT_FOR_LOCATION].split()
                ways.add(" ".join([word for word in said if not _DIGIT.search(word)][:_BEGINNING_WORDS]))
    return [
        place.group() if place is not None and len(beginnings[place.group()]) < _WAYS_TO_BEGIN else None
        for place in found
    ]
