"""The texts of an entry by which it is found, and the mark by which a change of them is noticed."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from typing import Final

from knowledge_base.entry import Entry
from knowledge_base.search.words import written_apart

# The first passage is the beginning of everything, as much as the default model reads; the others are what a long text
# says apart, short enough to mean one thing.
_BEGINNING_CHARACTERS: Final = 1000
_PART_CHARACTERS: Final = 400
# Up to this a text means little more in parts than as a whole, and each part costs as much to embed.
_UNDIVIDED_CHARACTERS: Final = 700
_MOST_PARTS: Final = 4
_HEADING: Final = re.compile(r"^#{1,6}\s.*$", re.MULTILINE)
_CODE: Final = re.compile(r"^\s*```.*?(?:^\s*```|\Z)", re.MULTILINE | re.DOTALL)
_FEWEST_LETTERS: Final = 12


def head(entry: Entry) -> str:
    """Give what an entry says first: its title and its symptoms."""
    return f"{entry.title}\n{entry.symptoms}"


def rest(entry: Entry) -> str:
    """Give what else an entry says, its labels among it."""
    names = (*entry.services, *entry.operations, *map(as_identifier, entry.signals))
    parts = (entry.cause, entry.fix, entry.notes, " ".join(names), entry.fault_kind)
    return "\n".join(part for part in parts if part)


def as_identifier(signal: str) -> str:
    """Write a signal's name as one identifier, so that it is found as a whole and by its parts."""
    return re.sub(r"\W+", "_", signal)


def passages(entry: Entry) -> Sequence[str]:
    """Give what is embedded of an entry: its beginning, and what the parts of a long text say; code is left out."""
    parts = [head(entry), *(part for part in (entry.cause, entry.fix) if part), *_HEADING.split(entry.notes)]
    prose = [text for part in parts if len(text := " ".join(_CODE.sub(" ", part).split())) >= _FEWEST_LETTERS]
    beginning = _cut(" ".join(prose) or head(entry), _BEGINNING_CHARACTERS)
    if len(beginning) <= _UNDIVIDED_CHARACTERS:
        return [written_apart(beginning)]
    parts = [_cut(part, _PART_CHARACTERS) for part in prose[:_MOST_PARTS]]
    return [written_apart(text) for text in (beginning, *parts)]


def asked(text: str, signals: Iterable[str]) -> str:
    """Give the words that a question is looked for by."""
    return " ".join((text, *map(as_identifier, signals)))


def fingerprint(entry: Entry) -> str:
    """Give SHA-256 of all that a search depends on, save what people made of an entry."""
    labels = [entry.kind, entry.status, entry.services, entry.environment, entry.team]
    content = json.dumps([list(passages(entry)), head(entry), rest(entry), labels, sorted(entry.signature.items())])
    return hashlib.sha256(content.encode()).hexdigest()


def _cut(text: str, characters: int) -> str:
    """Cut a text at its last blank before a length."""
    if len(text) <= characters:
        return text
    at = text.rfind(" ", characters // 2, characters)
    return text[:at] if at > 0 else text[:characters]
