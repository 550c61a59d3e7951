"""Undoing gzip without trusting the sender about how much comes out."""

from __future__ import annotations

import zlib
from typing import Final

from telemetry.errors import BadTelemetry, TooLarge

MAX_REQUEST_BYTES: Final = 16 * 1024 * 1024
_GZIP: Final = 16 + zlib.MAX_WBITS


def gunzip(body: bytes, limit: int = MAX_REQUEST_BYTES) -> bytes:
    """Decompress a gzip body, and stop inflating as soon as it is over the limit.

    Raises:
        TooLarge: More than `limit` bytes would come out.
        BadTelemetry: The body is not gzip, or ends too early.
    """
    parts: list[bytes] = []
    left, rest = limit, body
    while rest:  # A gzip file may be several, one behind the other.
        inflater = zlib.decompressobj(_GZIP)
        try:
            part = inflater.decompress(rest, left + 1)
        except zlib.error as error:
            raise BadTelemetry(f"the body is said to be gzip, and is not: {error}") from error
        left -= len(part)
        if left < 0:
            raise TooLarge(f"the request is larger than {limit} bytes once decompressed; export smaller batches")
        if not inflater.eof:
            raise BadTelemetry("the gzip body ends too early; send it again whole")
        parts.append(part)
        rest = inflater.unused_data
    return b"".join(parts)
