"""OTLP attribute values as plain JSON text, and the resource that they describe."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterable
from typing import Any, Final

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from telemetry.rows import Resource

MAX_ATTRIBUTE_CHARACTERS: Final = 4096
MAX_BODY_CHARACTERS: Final = 32_768
_CUT: Final = "…[truncated]"

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_encode_sorted = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


def clip(text: str, limit: int = MAX_ATTRIBUTE_CHARACTERS) -> str:
    """Cut a text that is longer than `limit` characters, and say so at its end."""
    return text if len(text) <= limit else text[:limit] + _CUT


def plain_value(value: AnyValue, limit: int = MAX_ATTRIBUTE_CHARACTERS) -> Any:  # noqa: PLR0911 - one answer a type
    """Turn an attribute value into what JSON can say; each text in it is cut at `limit` characters.

    Bytes become base64, and numbers that JSON lacks (NaN, infinities) their names.
    """
    kind = value.WhichOneof("value")
    if kind == "string_value":
        return clip(value.string_value, limit)
    if kind == "int_value":
        return value.int_value
    if kind == "bool_value":
        return value.bool_value
    if kind == "double_value":
        return value.double_value if math.isfinite(value.double_value) else str(value.double_value)
    if kind == "array_value":
        return [plain_value(item, limit) for item in value.array_value.values]
    if kind == "kvlist_value":
        return {clip(pair.key): plain_value(pair.value, limit) for pair in value.kvlist_value.values}
    if kind == "bytes_value":
        return clip(base64.b64encode(value.bytes_value).decode("ascii"), limit)
    return None


def plain_attributes(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    """Turn OTLP attributes into a dictionary; of two with one key the later counts."""
    return {clip(pair.key): plain_value(pair.value) for pair in pairs}


def to_json(value: Any) -> str:
    """Write a plain value as compact JSON, in whatever script its text is."""
    return _encode(value)


def canonical_json(value: Any) -> str:
    """Write a plain value so that equal values give equal text."""
    return _encode_sorted(value)


def text_of(value: Any) -> str:
    """Give an attribute as text: a text as it is, nothing as the empty text, anything else as JSON."""
    if isinstance(value, str):
        return value
    return "" if value is None else to_json(value)


def resource_of(pairs: Iterable[KeyValue]) -> Resource:
    """Read who sent something out of resource attributes; what was not said is the empty text."""
    found = plain_attributes(pairs)
    service = text_of(found.get("service.name"))
    return Resource(
        # SDKs say `unknown_service:python` where nobody named the service; that is no name.
        service="" if service.split(":", 1)[0] == "unknown_service" else service,
        version=text_of(found.get("service.version")),
        instance=text_of(found.get("service.instance.id")),
        environment=text_of(found.get("deployment.environment.name") or found.get("deployment.environment")),
        attributes=canonical_json(found),
    )
