"""Two entries that may tell the same, field by field, with what differs marked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final, Literal, TypeAlias

from knowledge_base import Entry, ReviewStatus
from knowledge_base.review.differences import shown
from knowledge_base.review.merging import LABELS, TEXTS, UNIONS, Choice
from ui.pages.knowledge.changes import field_title
from ui.pages.wording import as_text

Side: TypeAlias = Literal["one", "other", "both"]
_WORDS: Final = re.compile(r"\s+|[^\s]+")
_COMPARED_WORDS: Final = 3000
_VOUCHED: Final = (ReviewStatus.APPROVED, ReviewStatus.IN_REVIEW, ReviewStatus.DRAFT, ReviewStatus.DEPRECATED)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldPair:
    """One field of two entries.

    Attributes:
        field: Its name.
        title: Its name in words.
        one: What the elder says, as plain text; empty where it says nothing.
        other: What the younger says.
        choices: Whose text a merged entry can have; none where a merge keeps what both say.
    """

    field: str
    title: str
    one: str
    other: str
    choices: tuple[Side, ...]

    @property
    def differs(self) -> bool:
        """Whether they say different things."""
        return self.one != self.other

    def usual(self, stays: Literal["one", "other"]) -> Side:
        """Whose text is taken unless somebody chooses: that of the entry that stays, where it says anything."""
        kept, gone = (self.one, self.other) if stays == "one" else (self.other, self.one)
        return stays if kept or not gone else "other" if stays == "one" else "one"


def stays_usually(one: Entry, other: Entry) -> Literal["one", "other"]:
    """Say which of two stays unless somebody chooses: the one that is vouched for further, or else the elder."""
    return "other" if _VOUCHED.index(other.status) < _VOUCHED.index(one.status) else "one"


def field_pairs(one: Entry, other: Entry) -> tuple[FieldPair, ...]:
    """Lay two entries side by side: what can be chosen first, then what a merge unites."""
    rows: list[tuple[str, tuple[Side, ...]]] = [(name, ("one", "other", "both")) for name in TEXTS]
    rows += [(name, ("one", "other")) for name in LABELS]
    rows += [(name, ()) for name in (*UNIONS, "provenance")]
    return tuple(
        FieldPair(
            field=name,
            title=field_title(name),
            one=shown(getattr(one, name)),
            other=shown(getattr(other, name)),
            choices=choices,
        )
        for name, choices in rows
    )


def merge_choices(sides: Mapping[str, Side], *, keeps_one: bool) -> dict[str, Choice]:
    """Say choices between two sides as choices between the entry that stays and the one that goes."""
    stays: Side = "one" if keeps_one else "other"
    return {field: "both" if side == "both" else "keep" if side == stays else "other" for field, side in sides.items()}


def marked(one: str, other: str) -> tuple[str, str]:
    """Give two texts as Markdown in which nothing of them is markup, with what only one of them says marked."""
    left, right = _WORDS.findall(one), _WORDS.findall(other)
    if len(left) + len(right) > _COMPARED_WORDS:
        return _plain(one), _plain(other)  # Comparing takes the square of the length.
    said: tuple[list[str], list[str]] = ([], [])
    for tag, *ends in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        for side, words in zip(said, (left[ends[0] : ends[1]], right[ends[2] : ends[3]]), strict=True):
            side.append(_marked_words(words) if tag != "equal" else _plain("".join(words)))
    return _joined(said[0]), _joined(said[1])


def _marked_words(words: list[str]) -> str:
    text = "".join(words)
    lines = text.split("\n")
    # A mark that runs over the end of a line would be read as two halves of nothing.
    return "\n".join(f":orange-background[{as_text(line)}]" if line.strip() else line for line in lines)


def _plain(text: str) -> str:
    return "\n".join(_spaced(line) for line in text.split("\n"))


def _spaced(line: str) -> str:
    """Escape a piece of a line and keep the single spaces at its ends, for it is put between other pieces."""
    if not line.strip():
        return " " if line else ""
    before, after = line[:1].isspace(), line[-1:].isspace()
    return f"{' ' if before else ''}{as_text(line)}{' ' if after else ''}"


def _joined(pieces: list[str]) -> str:
    return "  \n".join(line.strip() for line in "".join(pieces).split("\n"))
