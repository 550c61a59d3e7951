"""The headings of a Markdown text, and what stands under each; nothing is rendered.

Lines are looked at once, in order. A whole Markdown parser tells the same headings, as a test checks, but takes minutes
for files of ten megabytes that were made to be slow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from knowledge_base.exchange.headings import field_of
from knowledge_base.exchange.wording import unmarked

_ATX: Final = re.compile(r"^ {0,3}(#{1,6})(?:[ \t]+(.*))?$")
_SETEXT: Final = re.compile(r"^ {0,3}(=+|-+)[ \t]*$")
_FENCE: Final = re.compile(r"^ {0,3}(`{3,}|~{3,})([^\n]*)$")
_ITEM: Final = re.compile(r"^ {0,3}(?:[-+*]|\d{1,9}[.)])(?:[ \t]|$)")
_NO_PARAGRAPH: Final = re.compile(rf"{_ITEM.pattern}|^ {{0,3}}(?:>|(?:[-*_][ \t]*){{3,}}$)|^(?: {{4}}|\t)")
_BOLD_LINE: Final = re.compile(r"^(?:\*\*|__)([^*_\n]{2,80}?)(?:\*\*|__)[ \t]*:?[ \t]*$")
_RAW: Final = (("<!--", "-->"), ("<pre", "</pre>"), ("<script", "</script>"), ("<style", "</style>"))
# Under any heading that Markdown has.
_BOLD_LEVEL: Final = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading and the text up to the next one.

    Attributes:
        level: 1 for the highest, 7 for a line in bold that stands for a heading, 0 for the text before the first one.
        heading: Its words, without markup; empty at level 0.
        written: The heading as it is written, its marks included.
        text: What stands under it, as it is written, without the blank lines around.
    """

    level: int
    heading: str
    written: str
    text: str


@dataclass(frozen=True, slots=True)
class _Heading:
    """A heading: its first line, the line after it, its level and its words."""

    start: int
    end: int
    level: int
    words: str


def sections(text: str) -> tuple[Section, ...]:
    """Part a text at its headings, not at what looks like one in code, quotes, lists and comments.

    The first section is the text before the first heading, and may be empty.
    """
    lines = text.split("\n")
    found = list(_headings(lines))
    ends = [heading.start for heading in found] + [len(lines)]
    parts = [Section(level=0, heading="", written="", text=_trimmed(lines[: ends[0]]))]
    for heading, following in zip(found, ends[1:], strict=True):
        parts.append(
            Section(
                level=heading.level,
                heading=heading.words,
                written="\n".join(lines[heading.start : heading.end]),
                text=_trimmed(lines[heading.end : following]),
            )
        )
    return tuple(parts)


def _headings(lines: list[str]) -> Iterator[_Heading]:
    closing = ""  # What ends the code or comment that a line stands in.
    paragraph = -1  # Where the paragraph began that a line may go on; -1 outside of one, -2 in a list or quote.
    listed = False  # Whether indented lines belong to the item of a list.
    for number, line in enumerate(lines):
        if closing:
            closing = "" if _closes(line, closing) else closing
            continue
        opened = _opens(line) if paragraph < 0 or _FENCE.match(line) else ""
        if opened or not line.strip():
            closing, paragraph = opened, -1
            continue
        listed = bool(_ITEM.match(line)) or (listed and (paragraph != -1 or line[0] in " \t"))
        heading = None if listed and line[0] in " \t" else _heading(lines, number, paragraph)
        if heading is not None:
            yield heading
            paragraph = -1
        elif paragraph == -1:
            paragraph = -2 if _NO_PARAGRAPH.match(line) else number
        elif paragraph >= 0 and _NO_PARAGRAPH.match(line) and not line.startswith(("    ", "\t")):
            paragraph = -2


def _heading(lines: list[str], number: int, paragraph: int) -> _Heading | None:
    line = lines[number]
    marked = _ATX.match(line)
    if marked is not None:
        words = re.sub(r"(?:^|[ \t])#+[ \t]*$", "", (marked[2] or "").strip())
        return _Heading(number, number + 1, len(marked[1]), unmarked(words))
    underline = _SETEXT.match(line) if paragraph >= 0 else None
    if underline is not None:
        words = unmarked(" ".join(part.strip() for part in lines[paragraph:number]))
        return _Heading(paragraph, number + 1, 1 if underline[1][0] == "=" else 2, words)
    bold = _BOLD_LINE.match(line) if paragraph == -1 else None
    if bold is not None and field_of(bold[1]) is not None:
        return _Heading(number, number + 1, _BOLD_LEVEL, unmarked(bold[1]).rstrip(":").rstrip())
    return None


def _opens(line: str) -> str:
    """Say what ends the code or comment that a line opens, empty where it opens none."""
    fence = _FENCE.match(line)
    if fence is not None and not (fence[1][0] == "`" and "`" in fence[2]):
        return fence[1]
    begin = line.lstrip(" ").lower()
    if len(line) - len(begin) < 4:
        for opening, closing in _RAW:
            if begin.startswith(opening) and closing not in begin[len(opening) :]:
                return closing
    return ""


def _closes(line: str, closing: str) -> bool:
    if closing[0] in "`~":
        inner = line.strip()
        return len(inner) >= len(closing) and inner == closing[0] * len(inner) and not line.startswith("    ")
    return closing in line.lower()


def _trimmed(lines: list[str]) -> str:
    """Join lines without the blank ones around them; the first one's indentation stays, it may be code."""
    first = next((number for number, line in enumerate(lines) if line.strip()), len(lines))
    return "\n".join(lines[first:]).rstrip()
