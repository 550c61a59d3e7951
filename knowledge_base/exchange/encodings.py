"""From bytes to text, whatever they were written with; and telling text from what is none."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Final

from charset_normalizer import from_bytes

from knowledge_base.errors import Unreadable

# The longer ones first: the mark of UTF-32 begins with the one of UTF-16.
_BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_BINARY: Final = {
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "a zip archive or an office document",
    b"\x1f\x8b": "a gzip archive",
    b"\x7fELF": "a program",
    b"SQLite format 3": "an SQLite database",
}
_LOOKED_AT: Final = 200_000
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
_WESTERN: Final = "windows-1252"
# Letters and signs that Western European texts use beyond ASCII; another encoding read as Western shows others.
_ACCENTED_WORD: Final = re.compile(r"[A-Za-z]*[À-ÖØ-öø-ÿŒœŠšŽž][A-Za-zÀ-ÖØ-öø-ÿŒœŠšŽž]*")
_ACCENTED_RUN: Final = re.compile(r"[À-ÖØ-öø-ÿŒœŠšŽž]{3,}")
_WESTERN_SIGNS: Final = frozenset(
    "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜßàáâãäåæçèéêëìíîïñòóôõöøùúûü°ºª«»¿¡§·€—…“”•£µ©®½\xa0\xb4\u2013\u2018\u2019"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """Text, and what it was written with.

    Attributes:
        text: The text, without a byte order mark.
        encoding: Name of the encoding.
        guessed: Nothing said so; it fits best.
    """

    text: str
    encoding: str
    guessed: bool = False


def decoded(data: bytes, *, name: str, declared: str = "") -> Decoded:
    """Read bytes as text.

    Args:
        data: All bytes of the file.
        name: What the file is called, for messages.
        declared: Encoding that the file claims, empty for none; UTF-8 and byte order marks go before it.

    Raises:
        Unreadable: They are no text.
    """
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return _as_declared(data[len(mark) :], encoding, name)
    for magic, what in _BINARY.items():
        if data.startswith(magic):
            raise Unreadable(name, f"is {what}, not text; save it as Markdown or HTML")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = ""
    else:
        return _checked(Decoded(text=text, encoding="utf-8"), name)
    if declared:
        try:
            return _checked(Decoded(text=data.decode(declared), encoding=codecs.lookup(declared).name), name)
        except (LookupError, UnicodeDecodeError):
            pass  # It claims what it is not; how it reads best decides.
    return _checked(_guessed(data, name), name)


def _as_declared(data: bytes, encoding: str, name: str) -> Decoded:
    try:
        return _checked(Decoded(text=data.decode(encoding), encoding=encoding), name)
    except UnicodeDecodeError as error:
        raise Unreadable(
            name, f"begins like {encoding} and is not: byte {error.start} cannot be read; save it as UTF-8"
        ) from error


def _guessed(data: bytes, name: str) -> Decoded:
    if b"\x00" in data:
        raise Unreadable(name, "is binary, not text; save it as Markdown or HTML in UTF-8")
    try:
        western = data.decode(_WESTERN)
    except UnicodeDecodeError:
        pass
    else:
        if _reads_western(western[:_LOOKED_AT]):
            return Decoded(text=western, encoding=_WESTERN, guessed=True)
    best = from_bytes(data[:_LOOKED_AT]).best()
    if best is None:
        raise Unreadable(name, "is in no encoding that could be told; save it as UTF-8")
    try:
        return Decoded(text=data.decode(best.encoding), encoding=best.encoding, guessed=True)
    except UnicodeDecodeError as error:
        raise Unreadable(
            name, f"seems to be {best.encoding}, but byte {error.start} is not; save it as UTF-8"
        ) from error


def _reads_western(text: str) -> bool:
    beyond = [character for character in text if character > "\x7f"]
    usual = sum(character in _WESTERN_SIGNS for character in beyond)
    # A word of another alphabet, read as Western, is one accented letter after the other.
    accented = len(_ACCENTED_WORD.findall(text))
    return usual >= 0.97 * len(beyond) and len(_ACCENTED_RUN.findall(text)) <= 0.1 * accented


def _checked(read: Decoded, name: str) -> Decoded:
    controls = len(_CONTROL.findall(read.text[:_LOOKED_AT]))
    if "\x00" in read.text or controls > len(read.text[:_LOOKED_AT]) / 50:
        raise Unreadable(name, "is binary, not text; save it as Markdown or HTML in UTF-8")
    return read
