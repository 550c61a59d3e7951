"""OTLP requests, protobuf or JSON, as rows for the store. The whole of a request is taken, or nothing of it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from google.protobuf import json_format
from google.protobuf.message import DecodeError, Message
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

from telemetry.errors import BadTelemetry
from telemetry.otlp.logs import logs_batch
from telemetry.otlp.metrics import metrics_batch
from telemetry.otlp.traces import traces_batch
from telemetry.rows import Batch, Signal


class Encoding(Enum):
    """How a request is written; the value is its content type over HTTP."""

    PROTOBUF = "application/x-protobuf"
    JSON = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """What OTLP calls the messages of one signal.

    Attributes:
        grpc_service: Full name of the gRPC service whose `Export` takes the request.
        request: Message class of the request.
        response: Message class of the response.
        rejected_field: Field of the response's partial success that counts what was left out.
        to_batch: Reads a request.
    """

    grpc_service: str
    request: type[Message]
    response: type[Message]
    rejected_field: str
    to_batch: Callable[[Any], Batch]


PROTOCOLS: Final[Mapping[Signal, Protocol]] = {
    Signal.TRACES: Protocol(
        grpc_service="opentelemetry.proto.collector.trace.v1.TraceService",
        request=trace_service_pb2.ExportTraceServiceRequest,
        response=trace_service_pb2.ExportTraceServiceResponse,
        rejected_field="rejected_spans",
        to_batch=traces_batch,
    ),
    Signal.METRICS: Protocol(
        grpc_service="opentelemetry.proto.collector.metrics.v1.MetricsService",
        request=metrics_service_pb2.ExportMetricsServiceRequest,
        response=metrics_service_pb2.ExportMetricsServiceResponse,
        rejected_field="rejected_data_points",
        to_batch=metrics_batch,
    ),
    Signal.LOGS: Protocol(
        grpc_service="opentelemetry.proto.collector.logs.v1.LogsService",
        request=logs_service_pb2.ExportLogsServiceRequest,
        response=logs_service_pb2.ExportLogsServiceResponse,
        rejected_field="rejected_log_records",
        to_batch=logs_batch,
    ),
}

# OTLP/JSON writes these as hex, where the protobuf JSON mapping has base64 for every other field of bytes. User
# data cannot be mistaken for them: its keys are values (`{"key": ..., "value": ...}`).
_ID_BYTES: Final = {
    "traceId": 16,
    "trace_id": 16,
    "spanId": 8,
    "span_id": 8,
    "parentSpanId": 8,
    "parent_span_id": 8,
}


def decode(signal: Signal, body: bytes, encoding: Encoding = Encoding.PROTOBUF) -> Batch:
    """Read one export request, decompressed already.

    Raises:
        BadTelemetry: The body is not what it claims to be. The message says where it stops making sense.
    """
    protocol = PROTOCOLS[signal]
    if encoding is Encoding.JSON:
        return protocol.to_batch(_from_json(signal, body))
    try:
        request = protocol.request.FromString(body)
    except (DecodeError, ValueError) as error:
        raise BadTelemetry(f"the body is no OTLP {signal} request in protobuf: {error}") from error
    return protocol.to_batch(request)


def response_for(signal: Signal, batch: Batch) -> Message:
    """Answer an export that was stored: empty, unless something was left out."""
    protocol = PROTOCOLS[signal]
    if not batch.rejected:
        return protocol.response()
    partial = {protocol.rejected_field: batch.rejected, "error_message": batch.rejection}
    return protocol.response(partial_success=partial)


def _from_json(signal: Signal, body: bytes) -> Message:
    request = PROTOCOLS[signal].request()
    try:
        document = json.loads(body)
        if not isinstance(document, dict):
            raise BadTelemetry(f"OTLP {signal} in JSON must be an object, got {type(document).__name__}")
        return json_format.ParseDict(_with_base64_ids(document), request, ignore_unknown_fields=True)
    except RecursionError as error:
        raise BadTelemetry(f"the OTLP {signal} request in JSON is nested too deeply") from error
    # json_format assumes well-formed input in places, and then fails with whatever Python says there.
    except (json_format.ParseError, ValueError, TypeError, AttributeError, LookupError, ArithmeticError) as error:
        raise BadTelemetry(f"the body is no OTLP {signal} request in JSON: {error}") from error


def _with_base64_ids(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _base64_id(key, item) if key in _ID_BYTES and isinstance(item, str) else _with_base64_ids(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_with_base64_ids(item) for item in value]
    return value


def _base64_id(key: str, text: str) -> str:
    try:
        raw = bytes.fromhex(text)
    except ValueError as error:
        raise BadTelemetry(f"{key} must be hex digits (not base64), got {text[:64]!r}") from error
    if len(raw) not in (0, _ID_BYTES[key]):
        raise BadTelemetry(f"{key} must have {2 * _ID_BYTES[key]} hex digits, got {text[:64]!r}")
    return base64.b64encode(raw).decode("ascii")
