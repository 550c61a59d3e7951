"""Text that nobody vouches for, made safe to stand in our Markdown.

Log lines, names of services and spans, the text of entries and the prose of a model may hold anything: raw HTML, links,
remote images, formulas, Streamlit directives, terminal escapes, text that runs backwards. Here such text is made inert.
Code spans and fenced blocks are trusted to stay code, so they are always written, or recognised line by line, here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

LONGEST_NAME: Final = 200
LONGEST_LINE: Final = 600

_TERMINAL_COLOUR: Final = re.compile(r"\x1b\[[0-9;:]*m")
_UNSAFE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters; tab and newline are dealt with apart
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # what makes text run backwards
    "\u200b\u2028\u2029\u2060-\u2064\ufeff\U000e0000-\U000e007f"  # what hides, or breaks lines unseen
    "\ud800-\udfff]"  # halves of characters, which no encoder takes
)
_BACKTICKS: Final = re.compile(r"`+")
_FENCE: Final = re.compile(r"^(?P<indent>\s*)(?P<fence>`{3,}(?=[^`]*$)|~{3,})")
_CITATION: Final = re.compile(r"(\[[EK]\d+(?:\s*[,;]\s*[EK]\d+)*\])", re.IGNORECASE)
_PAIR: Final = re.compile(r"\\([!-/:-@\[-`{-~])")
# GitHub's Markdown turns these into links by themselves, even where the dots or colons are escaped.
_ADDRESS: Final = re.compile(r"://|www\.|\S@\S|mailto:|xmpp:", re.IGNORECASE)
_DANGEROUS: Final = r"[<\[\]$`]|&(?=[#A-Za-z])|:(?=[A-Za-z:])"
_DANGEROUS_MARKUP: Final = re.compile(_PAIR.pattern + "|" + _DANGEROUS)
_ANY_MARKUP: Final = re.compile(_DANGEROUS + r"|[*~\\]|(?<![^\W_])_|_(?![^\W_])")


def visible(text: str) -> str:
    """Drop terminal colours and show the other invisible or reordering characters as `<U+202E>`; keep newlines."""
    return _UNSAFE.sub(lambda found: f"<U+{ord(found[0]):04X}>", _TERMINAL_COLOUR.sub("", text).replace("\r\n", "\n"))


def inline_code(text: str, longest: int = LONGEST_NAME) -> str:
    """Write text as one code span on one line, shortened to `longest` characters."""
    shown = shortened(" ".join(visible(text).split()) or "(empty)", longest)
    ticks = "`" * (_longest_run(shown) + 1)
    padding = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{ticks}{padding}{shown}{padding}{ticks}"


def fenced(lines: Iterable[str], longest: int | None = LONGEST_LINE) -> str:
    """Write lines as a fenced block at the left margin, with a fence that no line can close.

    A newline inside a line becomes `<U+000A>`, so that one log line stays one line.
    """
    shown = [visible(line).replace("\n", "<U+000A>") for line in lines]
    if longest is not None:
        shown = [shortened(line, longest) for line in shown]
    fence = "`" * max(3, _longest_run("\n".join(shown)) + 1)
    return "\n".join((f"{fence}text", *shown, fence))


def plain(text: str, longest: int = LONGEST_LINE) -> str:
    """Write text as one line of prose in which nothing is markup but well-formed code spans."""
    return _inert_line(shortened(" ".join(visible(text).split()), longest), _ANY_MARKUP)


def tamed(markdown: str) -> str:
    """Keep headings, lists, emphasis, code and citations of foreign Markdown; make all the rest plain text.

    Links, images, raw HTML, formulas and Streamlit directives are shown as they were written, and do nothing.
    """
    written: list[str] = []
    for block in blocks_of(visible(markdown)):
        if isinstance(block, str):
            written.append(_inert_line(block, _DANGEROUS_MARKUP))
        else:
            written.append(fenced(block, longest=None))
    return "\n".join(written)


def without_code(markdown: str) -> str:
    """Give the Markdown with its fenced blocks and code spans left out."""
    lines = (block for block in blocks_of(markdown) if isinstance(block, str))
    return "\n".join("".join(part for part, is_code in _code_spans(line) if not is_code) for line in lines)


def blocks_of(markdown: str) -> Iterator[str | tuple[str, ...]]:
    """Give each line that stands outside of fences as text, and each fenced block as the tuple of its lines."""
    opened: re.Match[str] | None = None
    inside: list[str] = []
    for line in markdown.split("\n"):
        if opened is None:
            opened = fence_opened_by(line)
            if opened is None:
                yield line
        elif fence_closed_by(line, opened["fence"]):
            yield tuple(inside)
            opened, inside = None, []
        else:
            inside.append(line.removeprefix(opened["indent"]))
    if opened is not None:
        yield tuple(inside)


def fence_opened_by(line: str) -> re.Match[str] | None:
    """Give the groups `indent` and `fence` when a line opens a fenced block.

    Deeper indents than CommonMark's three are taken too: what we take for a fence is written anew at the margin.
    """
    return _FENCE.match(line)


def fence_closed_by(line: str, fence: str) -> bool:
    """Say whether a line closes the block that `fence` opened."""
    stripped = line.strip()
    return len(stripped) >= len(fence) and not stripped.strip(fence[0])


def shortened(text: str, longest: int) -> str:
    """Cut text to `longest` characters, the last of them an ellipsis where something was cut."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _longest_run(text: str) -> int:
    return max((len(run) for run in _BACKTICKS.findall(text)), default=0)


def _inert_line(line: str, special: re.Pattern[str]) -> str:
    parts: list[str] = []
    for part, is_code in _code_spans(line):
        found = [part] if is_code else _inert_text(part, special)
        for piece in found:
            # Two spans that touch would merge their backticks into another fence.
            touching = bool(parts) and parts[-1].endswith("`") and piece.startswith("`")
            parts.extend((" ", piece) if touching else (piece,))
    return "".join(parts)


def _inert_text(text: str, special: re.Pattern[str]) -> list[str]:
    """Make text without code spans inert; addresses become code, since escaping does not stop them."""
    parts: list[str] = []
    for index, stretch in enumerate(_CITATION.split(text)):
        if index % 2:  # re.split puts what was captured at the odd places
            parts.append(stretch)
            continue
        opened = bool(parts) and stretch[:1] in ("(", ":")
        if opened:  # `[E1](...)` and `[E1]: ...` would be a link and the definition of one
            parts.append(f"\\{stretch[0]}")
        rest = _unescaped(stretch[opened:]) if special is _DANGEROUS_MARKUP else stretch[opened:]
        for token in re.split(r"([\s|]+)", rest):
            parts.extend(_address(token) if _ADDRESS.search(token) else (special.sub(_escaped, token),))
    return [part for part in parts if part]


def _unescaped(text: str) -> str:
    # Only what could hide an address: `www\.example\.org` becomes a link all the same.
    return _PAIR.sub(lambda found: found[1] if found[1] in ".:/@-_" else found[0], text)


def _address(token: str) -> tuple[str, str]:
    body = token.rstrip(".,;!?")
    return inline_code(body), token[len(body) :]


def _escaped(found: re.Match[str]) -> str:
    if found[0] == "`":
        return "&#96;"
    return found[0] if len(found[0]) > 1 else f"\\{found[0]}"


def _code_spans(line: str) -> Iterator[tuple[str, bool]]:
    """Split a line into its code spans (True) and what stands between them (False).

    Spans are looked for within one line and one table cell, as a list or a table would cut longer ones apart.
    """
    start = position = 0
    while position < len(line):
        if line[position] == "\\":
            position += 2
            continue
        if line[position] != "`":
            position += 1
            continue
        end_of_run = _BACKTICKS.match(line, position).end()  # type: ignore[union-attr]
        length = end_of_run - position
        closing = next((run for run in _BACKTICKS.finditer(line, end_of_run) if len(run[0]) == length), None)
        if closing is None or "|" in line[position : closing.end()]:
            position = end_of_run
            continue
        yield line[start:position], False
        yield line[position : closing.end()], True
        start = position = closing.end()
    yield line[start:], False
