"""What is known to be true of a set. Nothing that diagnoses may import this."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from assistant.evaluation.errors import TruthUnusable

TRUTH_FILE: Final = "truth.jsonl"
RULES_FILE: Final = "scoring.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What was the matter in one recording.

    Attributes:
        id: The recording.
        fault: Whether anything was.
        service: Where the cause lay; None when there was no fault.
        kind: The fault's class in the words of its source, where known.
    """

    id: str
    fault: bool
    service: str | None = None
    kind: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TruthOfSet:
    """What is known of a set, and how names are compared in it.

    Attributes:
        recordings: In the order of the file.
        strip_suffix: Endings that do not count when services are compared, taken off one after the other.
    """

    recordings: tuple[Truth, ...]
    strip_suffix: tuple[str, ...] = ()

    def same(self, service: str) -> str:
        """Give the name under which a service is compared."""
        for ending in self.strip_suffix:
            service = service.removesuffix(ending)
        return service


def read_truth(folder: Path) -> TruthOfSet:
    """Read what is known of the set in a folder.

    Raises:
        TruthUnusable: It is missing or broken; the message names the file and the line.
    """
    path = folder / TRUTH_FILE
    found: dict[str, Truth] = {}
    for number, written in enumerate(_text(path).split("\n"), 1):
        if not written.strip():
            continue
        try:
            one = _truth(json.loads(written))
        except (ValueError, KeyError, TypeError) as error:
            raise TruthUnusable(path, f"cannot be read: line {number} is {error!r}") from error
        if found.setdefault(one.id, one) is not one:
            raise TruthUnusable(path, f"speaks of {one.id!r} twice")
    return TruthOfSet(recordings=tuple(found.values()), strip_suffix=_strip_suffix(folder / RULES_FILE))


def _truth(values: Mapping[str, Any]) -> Truth:
    fault, service = bool(values["fault"]), values.get("service")
    if fault and not isinstance(service, str):
        raise ValueError("a fault without its service")
    kind = values.get("kind")
    return Truth(id=str(values["id"]), fault=fault, service=service, kind=None if kind is None else str(kind))


def _strip_suffix(path: Path) -> tuple[str, ...]:
    if not path.exists():
        return ()
    try:
        return tuple(str(ending) for ending in json.loads(_text(path))["strip_suffix"])
    except (ValueError, KeyError, TypeError) as error:
        raise TruthUnusable(path, f"cannot be read: {error!r}") from error


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise TruthUnusable(path, "is not there; run without --truth, or name sets that have one") from error
    except (OSError, UnicodeDecodeError) as error:
        raise TruthUnusable(path, f"cannot be read: {error}") from error
