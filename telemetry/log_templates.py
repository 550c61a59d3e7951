"""What log lines have in common: the same sentence, with other values in it."""

from __future__ import annotations

import json
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
_MESSAGE_KEYS: Final = ("message", "msg", "log", "event", "body")
_LOGFMT_MESSAGE: Final = re.compile(r'(?:^|\s)msg="((?:[^"\\]|\\.)*)"')
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


def mine_templates(lines: Iterable[str], apart: Iterable[object] | None = None) -> MinedLines:
    """Group lines that say the same thing. The same lines in the same order always give the same answer.

    Lines that name the place in the code where they were written are grouped by it; the others by their words (Drain,
    He et al. 2017). Of structured lines (JSON, `msg="..."`) the message is what counts.

    Args:
        lines: The lines.
        apart: Something for each line; lines for which it differs never share a template (their severity, say).
    """
    written = [_message(line) for line in lines]
    kinds = [None] * len(written) if apart is None else list(apart)
    miners: dict[object, _Miner] = {}
    templates: list[str] = []
    found: list[int] = []
    for line, place, kind in zip(written, _places(written), kinds, strict=True):
        found.append(miners.setdefault(kind, _Miner(templates)).position_of(line, place))
    for miner in miners.values():
        miner.finish()
    return MinedLines(template_of=tuple(found), templates=tuple(templates))


class _Miner:
    """Groups lines, and writes their templates into a list that it shares with others."""

    def __init__(self, templates: list[str]) -> None:
        self._drain = Drain(sim_th=_SIMILARITY)
        self._templates = templates
        self._positions: dict[str, int] = {}
        self._clusters: dict[int, int] = {}

    def position_of(self, line: str, place: str | None) -> int:
        """Give the position of the line's template."""
        # Values are looked for only where they are in the way: lines of one place are one sentence whatever they hold.
        key = place or mask_values(line)
        known = self._positions.get(key)
        if known is None:
            known = self._positions[key] = self._new(mask_values(line)) if place else self._clustered(key)
        return known

    def finish(self) -> None:
        """Write down what the lines of each cluster turned out to have in common."""
        for cluster_id, position in self._clusters.items():
            self._templates[position] = self._drain.id_to_cluster[cluster_id].get_template()

    def _clustered(self, masked: str) -> int:
        cluster, _change = self._drain.add_log_message(masked)
        if cluster.cluster_id not in self._clusters:
            self._clusters[cluster.cluster_id] = self._new(masked)
        return self._clusters[cluster.cluster_id]

    def _new(self, template: str) -> int:
        self._templates.append(template)
        return len(self._templates) - 1


def _message(line: str) -> str:
    """Give what a structured line says; other lines as they are."""
    if line.startswith("{") and line.rstrip().endswith("}"):
        try:
            told = json.loads(line)
        except (ValueError, RecursionError):
            return line
        if isinstance(told, dict):
            said = next((told[key] for key in _MESSAGE_KEYS if isinstance(told.get(key), str)), None)
            return said if said else line
    found = _LOGFMT_MESSAGE.search(line)
    return found.group(1) if found else line


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
