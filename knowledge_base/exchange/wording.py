"""Words as people write them in headings and labels, made comparable."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_SAYS: Final = re.compile(r"[^\W_]")


def plain(text: str) -> str:
    """Give words without accents, case, markup, emoji and punctuation: `Causa Raíz:` is `causa raiz`."""
    decomposed = unicodedata.normalize("NFKD", text)
    letters = "".join(letter for letter in decomposed if not unicodedata.combining(letter)).casefold()
    return re.sub(r"[\W_]+", " ", letters.replace("'", "").replace("\u2019", "")).strip()


def unnumbered(words: str) -> str:
    """Give plain words without the numbering that they begin with: `2 1 causa` is `causa`."""
    return re.sub(r"^(?:\d+ )+(?=\D)", "", words)


def unmarked(text: str) -> str:
    """Give a heading without links, emphasis and code marks; what they say stays."""
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"(\*\*|__|`+)(.+?)\1", r"\2", text)
    return re.sub(r"\s+", " ", text).strip().strip("*").strip()


def is_blank(text: str) -> bool:
    """Say whether a text says nothing: no letter and no digit beside comments, list marks and rules."""
    begin = 0
    # Comment by comment: a pattern for all of them looks for the end of each unclosed one again and again.
    while True:
        opened = text.find("<!--", begin)
        if _SAYS.search(text, begin, len(text) if opened < 0 else opened) is not None:
            return False
        closed = text.find("-->", opened + 4) if opened >= 0 else -1
        if closed < 0:
            return True
        begin = closed + 3
