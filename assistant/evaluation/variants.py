"""In which ways the engine is run: how late the alarm is, and what is switched off."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from assistant.evaluation.errors import UnknownSwitch

TABLES: Final = ("metrics", "spans", "logs", "events", "topology")


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One way of running the engine.

    Attributes:
        late_seconds: By how much the alarm comes later than recorded, at least 0.
        without: Names of what is switched off: parts of the engine, or `TABLES` as if not collected.
    """

    late_seconds: float = 0.0
    without: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.late_seconds >= 0:
            raise ValueError(f"late_seconds must be at least 0, got {self.late_seconds}")


def part_names() -> tuple[str, ...]:
    """Name the parts of the engine, in its order."""
    from assistant.diagnosis.parts import PARTS  # noqa: PLC0415 - brings the whole engine

    return tuple(part.name for part in PARTS)


def known_switches() -> tuple[str, ...]:
    """Name everything that can be switched off: the parts, then the tables."""
    return tuple(dict.fromkeys((*part_names(), *TABLES)))


def find_switches(names: Sequence[str]) -> tuple[str, ...]:
    """Find what is to be switched off, each once; `failing-operations` finds the part called `failing operations`.

    Raises:
        UnknownSwitch: There is no such part and no such table.
    """
    known = {as_one_word(name): name for name in known_switches()}
    for name in names:
        if as_one_word(name) not in known:
            raise UnknownSwitch(name, tuple(known))
    return tuple(dict.fromkeys(known[as_one_word(name)] for name in names))


def as_one_word(name: str) -> str:
    """Give a name as it is typed on a command line and stands in the name of a file."""
    return "-".join(re.findall(r"\w+", name.replace("_", " ")))
