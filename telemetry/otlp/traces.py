"""OTLP spans as rows."""

from __future__ import annotations

from typing import Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from telemetry.errors import BadTelemetry
from telemetry.otlp.attributes import clip, plain_attributes, resource_of, text_of, to_json
from telemetry.rows import SPAN_KINDS, SPAN_STATUSES, Batch, Resource, SpanRow

_TRACE_ID_BYTES: Final = 16
_SPAN_ID_BYTES: Final = 8
_NO_SPAN: Final = bytes(_SPAN_ID_BYTES)
_MAX_DURATION_NS: Final = 2**63 - 1


def traces_batch(request: ExportTraceServiceRequest) -> Batch:
    """Read a traces request.

    Raises:
        BadTelemetry: A span's ids are not ids.
    """
    rows: list[SpanRow] = []
    for resource_spans in request.resource_spans:
        resource = resource_of(resource_spans.resource.attributes)
        for scope_spans in resource_spans.scope_spans:
            rows.extend(_row(span, resource) for span in scope_spans.spans)
    return Batch(spans=tuple(rows))


def _row(span: Span, resource: Resource) -> SpanRow:
    _check_ids(span)
    duration = max(0, span.end_time_unix_nano - span.start_time_unix_nano)
    return SpanRow(
        ts=span.start_time_unix_nano // 1000,
        # Enums are open: a kind or status of tomorrow is read as if it was not given.
        kind=span.kind if 0 < span.kind < len(SPAN_KINDS) else 1,
        resource=resource,
        trace_id=span.trace_id,
        span_id=span.span_id,
        parent_span_id=b"" if span.parent_span_id == _NO_SPAN else span.parent_span_id,
        name=clip(span.name),
        duration_ns=min(duration, _MAX_DURATION_NS),
        status=span.status.code if 0 <= span.status.code < len(SPAN_STATUSES) else 0,
        attributes=_attributes(span, resource),
    )


def _check_ids(span: Span) -> None:
    if len(span.trace_id) != _TRACE_ID_BYTES or not any(span.trace_id):
        raise BadTelemetry(f"span {span.name[:64]!r} has no trace id of {_TRACE_ID_BYTES} bytes that are not all zero")
    if len(span.span_id) != _SPAN_ID_BYTES or not any(span.span_id):
        raise BadTelemetry(f"span {span.name[:64]!r} has no span id of {_SPAN_ID_BYTES} bytes that are not all zero")
    if len(span.parent_span_id) not in (0, _SPAN_ID_BYTES):
        raise BadTelemetry(f"span {span.name[:64]!r} has a parent span id that is not {_SPAN_ID_BYTES} bytes long")


def _attributes(span: Span, resource: Resource) -> str:
    found = plain_attributes(span.attributes)
    if resource.version:
        found.setdefault("service.version", resource.version)
    if span.status.message:
        found["status.message"] = clip(span.status.message)
    for event in span.events:
        if event.name == "exception":
            said = plain_attributes(event.attributes)
            # Of several exceptions the last one counts: it is the one that ended the span.
            found["exception.type"] = text_of(said.get("exception.type"))
            found["exception.message"] = text_of(said.get("exception.message"))
    return to_json(found)
