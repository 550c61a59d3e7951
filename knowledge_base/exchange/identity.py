"""What an entry is called, and how one tells that two say the same."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from typing import Final

from knowledge_base.entry import Entry

_SLUG_LENGTH: Final = 60
_HASH_LENGTH: Final = 10
_SPELT: Final = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "\u0131": "i", "&": " and "}
)
_NOT_CONTENT: Final = {"id", "provenance", "merged_from", "status", "review_by", "created_at", "updated_at"}


def slug(text: str) -> str:
    """Spell a text in `[a-z0-9-]`, at most 60 characters; empty where nothing of it can be spelt so."""
    spelt = unicodedata.normalize("NFKD", text.casefold().translate(_SPELT))
    # A fault in the middle of CamelCase is no word's end, so such names stay whole, as people search for them.
    letters = "".join(letter for letter in spelt if not unicodedata.combining(letter))
    words = re.sub(r"[^a-z0-9]+", "-", letters).strip("-")
    if len(words) <= _SLUG_LENGTH:
        return words
    return words[: _SLUG_LENGTH + 1].rpartition("-")[0].strip("-") or words[:_SLUG_LENGTH]


def entry_id(title: str, source_key: str, *, kind: str) -> str:
    """Make an id of a title and of where it comes from: the same for the same two, and no other source's."""
    digest = hashlib.sha256(source_key.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_LENGTH]
    return f"{slug(title) or kind}-{digest}"


def sha256(data: bytes) -> str:
    """Give the SHA-256 of bytes as people compare it, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def content_sha256(entry: Entry) -> str:
    """Give a hash of what an entry says, whatever it is called, wherever it is from and however it was reviewed."""
    content = entry.model_dump(mode="json", exclude=_NOT_CONTENT)
    return sha256(json.dumps(content, sort_keys=True, ensure_ascii=True).encode())
