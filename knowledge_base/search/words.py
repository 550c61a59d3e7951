"""The words of a text as they are searched for: identifiers whole and in parts, accents folded, endings cut."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import pairwise
from typing import Final

import Stemmer

_RUN: Final = re.compile(r"\w+")
# KubePodCrashLooping, HTTPServer, mem_usage, p95: what people type is one of the parts, or the whole.
_PART: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+")
# Scripts that put no blanks between words: Japanese, Chinese, Korean, Thai.
_UNSPACED: Final = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_LONGEST_RUN: Final = 100
_ENGLISH: Final = """
    a an and are as at be been but by can could did do does for from had has have how i if in into is it its just more
    may might must no not of on or our out should so some such than that the their them then there these they this those
    to was we were what when where which while who why will with would you your
"""
_PORTUGUESE: Final = "a as com da das de do dos e em foi na nao nas no nos o os para por que se um uma"
_SPANISH: Final = "al con de del el en es la las lo los no para por que se su un una y"
STOP_WORDS: Final = frozenset(f"{_ENGLISH} {_PORTUGUESE} {_SPANISH}".split())
"""Too common in any description of trouble to tell one from another."""
# Each begins with what is to be found, not with what lies before it: that is many times faster to look for.
_HUMP: Final = re.compile(r"[A-Z](?<=[a-z0-9].)|[A-Z](?<=[A-Z].)(?=[a-z])|_")
# Where links lead to names other pages.
_ADDRESS: Final = re.compile(r"https?://\S+|\((?<=\].)[^)\s]*\)")
_stemmer = Stemmer.Stemmer("english")


def terms(text: str) -> list[str]:
    """Give everything a text is found by, in order: words, the parts of identifiers, and identifiers as a whole."""
    found: list[str] = []
    for run in _RUN.findall(_folded(_ADDRESS.sub(" ", text))):
        parts, whole = _forms(run[:_LONGEST_RUN])
        found += parts
        if whole:
            found.append(whole)
    return found


def as_written(text: str) -> dict[str, str]:
    """Give each term of a text as it was written there, the first time."""
    found: dict[str, str] = {}
    for written in _RUN.findall(_ADDRESS.sub(" ", text)):
        for term in terms(written):
            found.setdefault(term, written)
    return found


def written_apart(text: str) -> str:
    """Write identifiers in words, for a model that reads sentences: `KubePodNotReady` as `Kube Pod Not Ready`."""
    return _HUMP.sub(lambda found: f" {found[0]}".replace("_", ""), _ADDRESS.sub(" ", text))


@lru_cache(maxsize=100_000)
def _forms(run: str) -> tuple[tuple[str, ...], str]:
    """Give the parts of a run of letters and digits, and the whole where it has several parts."""
    if _UNSPACED.search(run):
        return tuple(one + other for one, other in pairwise(run)) or (run,), ""
    parts = [part.lower() for part in _PART.findall(run)]
    if len(parts) <= 1:
        parts = [part for part in (run.strip("_").lower(),) if part]
        whole = ""
    else:
        whole = _stemmer.stemWord("".join(parts))
    # One letter is no word: the p of p95, the s of a genitive.
    telling = (part for part in parts if len(part) > 1 or part.isdigit() or not part.isascii())
    kept = (part for part in telling if part not in STOP_WORDS)
    return tuple(_stemmer.stemWord(part) for part in kept), whole


def _folded(text: str) -> str:
    if text.isascii():
        return text
    apart = unicodedata.normalize("NFKD", text)
    bare = "".join(character for character in apart if not unicodedata.combining(character))
    return unicodedata.normalize("NFC", bare)
