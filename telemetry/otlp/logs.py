"""OTLP log records as log lines, and those with an event name as events."""

from __future__ import annotations

from typing import Any, Final

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from telemetry.otlp.attributes import (
    MAX_BODY_CHARACTERS,
    clip,
    plain_attributes,
    plain_value,
    resource_of,
    text_of,
    to_json,
)
from telemetry.rows import Batch, EventRow, LogRow, Resource

_SEVERITIES: Final = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
_NUMBERS_PER_SEVERITY: Final = 4


def logs_batch(request: ExportLogsServiceRequest) -> Batch:
    """Read a logs request. A record with an event name becomes an event, any other a log line."""
    lines: list[LogRow] = []
    events: list[EventRow] = []
    for resource_logs in request.resource_logs:
        resource = resource_of(resource_logs.resource.attributes)
        for scope_logs in resource_logs.scope_logs:
            for record in scope_logs.log_records:
                attributes = plain_attributes(record.attributes)
                event_type = clip(record.event_name) or text_of(attributes.pop("event.name", None))
                if event_type:
                    events.append(_event(record, resource, attributes, event_type))
                else:
                    lines.append(_line(record, resource, attributes))
    return Batch(logs=tuple(lines), events=tuple(events))


def _line(record: LogRecord, resource: Resource, attributes: dict[str, Any]) -> LogRow:
    return LogRow(
        ts=_ts(record),
        resource=resource,
        severity=clip(record.severity_text) or _severity(record.severity_number),
        body=_body(record),
        # Ids that are none mean a line outside of any trace, as OTLP has it, and not a broken request.
        trace_id=record.trace_id if len(record.trace_id) == 16 and any(record.trace_id) else b"",
        span_id=record.span_id if len(record.span_id) == 8 and any(record.span_id) else b"",
        attributes=to_json(attributes),
    )


def _event(record: LogRecord, resource: Resource, attributes: dict[str, Any], event_type: str) -> EventRow:
    body = _body(record)
    return EventRow(
        ts=_ts(record),
        # A deployer speaks about another service than itself.
        service=text_of(attributes.get("service.name")) or resource.service,
        event_type=event_type,
        version=text_of(attributes.get("service.version")) or resource.version,
        metadata=to_json({**attributes, "body": body} if body else attributes),
    )


def _body(record: LogRecord) -> str:
    return clip(text_of(plain_value(record.body, MAX_BODY_CHARACTERS)), MAX_BODY_CHARACTERS)


def _ts(record: LogRecord) -> int:
    return (record.time_unix_nano or record.observed_time_unix_nano) // 1000


def _severity(number: int) -> str:
    level = (number - 1) // _NUMBERS_PER_SEVERITY
    return _SEVERITIES[level] if 0 <= level < len(_SEVERITIES) else ""
