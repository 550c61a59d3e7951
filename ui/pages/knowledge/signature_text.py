"""A symptom signature as somebody pastes it."""

from __future__ import annotations

import json
from collections.abc import Mapping


class BadSignature(ValueError):
    """What was pasted is no signature; the message says what one looks like."""


def signature_from(text: str) -> Mapping[str, float]:
    """Read a signature from JSON; nothing pasted is an empty one. Whole entries are taken for theirs.

    Raises:
        BadSignature: It is not JSON, or not feature names with strengths in 0..1.
    """
    if not text.strip():
        return {}
    try:
        read = json.loads(text)
    except ValueError as error:
        raise BadSignature(f"This is not JSON ({error}). {_EXAMPLE}") from error
    if isinstance(read, dict) and isinstance(read.get("signature"), dict):
        read = read["signature"]
    if not isinstance(read, dict):
        raise BadSignature(f"A signature is a JSON object. {_EXAMPLE}")
    for name, strength in read.items():
        if isinstance(strength, bool) or not isinstance(strength, int | float) or not 0 <= strength <= 1:
            raise BadSignature(f"The strength of {name!r} has to be a number from 0 to 1. {_EXAMPLE}")
    return {name: float(strength) for name, strength in read.items()}


_EXAMPLE = 'Paste something like {"link_errors": 0.97, "latency": 0.8}.'
