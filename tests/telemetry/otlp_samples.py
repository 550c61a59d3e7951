"""OTLP requests for tests, made from the protocol's own messages."""

import os
import time
from collections.abc import Mapping
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric, NumberDataPoint
from opentelemetry.proto.trace.v1.trace_pb2 import Span

SECOND = 1_000_000_000
NOON = 1_772_366_400 * SECOND  # 2026-03-01T12:00:00Z


def pairs(values: Mapping[str, Any]) -> list[KeyValue]:
    return [KeyValue(key=key, value=_value(value)) for key, value in values.items()]


def _value(value: Any) -> AnyValue:
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, int):
        return AnyValue(int_value=value)
    if isinstance(value, float):
        return AnyValue(double_value=value)
    if isinstance(value, bytes):
        return AnyValue(bytes_value=value)
    return AnyValue(string_value=value)


def a_span(
    at: int = NOON, *, milliseconds: float = 5.0, attributes: Mapping[str, Any] | None = None, **fields: Any
) -> Span:
    given = {"trace_id": os.urandom(16), "span_id": os.urandom(8), "name": "GET /", "kind": 2, **fields}
    end = at + round(milliseconds * 1_000_000)
    return Span(start_time_unix_nano=at, end_time_unix_nano=end, attributes=pairs(attributes or {}), **given)


def traces(*spans: Span, **resource: Any) -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    group.resource.attributes.extend(pairs(resource or {"service.name": "orders"}))
    group.scope_spans.add().spans.extend(spans)
    return request


def metrics(*given: Metric, **resource: Any) -> ExportMetricsServiceRequest:
    request = ExportMetricsServiceRequest()
    group = request.resource_metrics.add()
    group.resource.attributes.extend(pairs(resource or {"service.name": "orders"}))
    group.scope_metrics.add().metrics.extend(given)
    return request


def logs(*records: LogRecord, **resource: Any) -> ExportLogsServiceRequest:
    request = ExportLogsServiceRequest()
    group = request.resource_logs.add()
    group.resource.attributes.extend(pairs(resource or {"service.name": "orders"}))
    group.scope_logs.add().log_records.extend(records)
    return request


def a_line(text: str, at: int = NOON, *, attributes: Mapping[str, Any] | None = None, **fields: Any) -> LogRecord:
    return LogRecord(time_unix_nano=at, body=AnyValue(string_value=text), attributes=pairs(attributes or {}), **fields)


def a_number(value: float, at: int = NOON, start: int = 0, **attributes: Any) -> NumberDataPoint:
    return NumberDataPoint(time_unix_nano=at, start_time_unix_nano=start, as_double=value, attributes=pairs(attributes))


def a_gauge(name: str, *points: NumberDataPoint) -> Metric:
    metric = Metric(name=name)
    metric.gauge.data_points.extend(points)
    return metric


def a_sum(name: str, *points: NumberDataPoint, monotonic: bool = True, temporality: int = 2) -> Metric:
    metric = Metric(name=name)
    metric.sum.data_points.extend(points)
    metric.sum.is_monotonic = monotonic
    metric.sum.aggregation_temporality = temporality
    return metric


def a_histogram(name: str, *points: Mapping[str, Any], temporality: int = 2) -> Metric:
    metric = Metric(name=name)
    metric.histogram.aggregation_temporality = temporality
    for point in points:
        metric.histogram.data_points.add(**point)
    return metric


def now() -> int:
    return time.time_ns()
