"""Text that nobody vouches for, made safe to read beside our own."""

from __future__ import annotations

import re
from typing import Final

# Control characters do nothing good in a page; those that turn the direction of reading let a text pretend to be
# another. Joiners and marks that scripts need stay.
_UNSEEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


def visible(text: str) -> str:
    """Replace what cannot be seen and changes how the rest is read; all else stays as it is."""
    return _UNSEEN.sub("\ufffd", text)
