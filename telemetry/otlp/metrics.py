"""OTLP metrics as series and points.

Points that say nothing (no value, NaN, an infinity, no time, buckets that do not fit their bounds) are left out and
counted as rejected: one such point would turn every mean and rate over its step into nonsense. Points that are
flagged as having no recorded value are left out without a word, because that is what the flag asks for.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any, Final

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AggregationTemporality,
    DataPointFlags,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
)

from telemetry.otlp.attributes import canonical_json, clip, plain_attributes, resource_of
from telemetry.rows import Batch, PointRow, Resource, Series, SeriesKind

_NO_VALUE: Final = DataPointFlags.DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK
_DELTA: Final = AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA
_MAX_COUNT: Final = 2**63 - 1
_REJECTION: Final = "left out: points with no time, no finite value, or buckets that do not fit their bounds"


def metrics_batch(request: ExportMetricsServiceRequest) -> Batch:
    """Read a metrics request."""
    rows: list[PointRow] = []
    rejected = 0
    for resource_metrics in request.resource_metrics:
        resource = resource_of(resource_metrics.resource.attributes)
        for scope_metrics in resource_metrics.scope_metrics:
            for metric in scope_metrics.metrics:
                for row in _points(metric, resource):
                    if row is None:
                        rejected += 1
                    else:
                        rows.append(row)
    return Batch(points=tuple(rows), rejected=rejected, rejection=_REJECTION if rejected else "")


def _points(metric: Metric, resource: Resource) -> Iterator[PointRow | None]:
    shape = metric.WhichOneof("data")
    if shape == "gauge":
        yield from _numbers(metric, metric.gauge.data_points, resource, SeriesKind.GAUGE, delta=False)
    elif shape == "sum":
        # What goes up and down and is sent as changes has no level that anybody knows: only its rate can be told.
        delta = metric.sum.aggregation_temporality == _DELTA
        kind = SeriesKind.COUNTER if metric.sum.is_monotonic or delta else SeriesKind.UPDOWN
        yield from _numbers(metric, metric.sum.data_points, resource, kind, delta=delta)
    elif shape == "histogram":
        delta = metric.histogram.aggregation_temporality == _DELTA
        for point in _recorded(metric.histogram.data_points):
            yield _histogram_point(metric, point, resource, delta=delta)
    elif shape == "exponential_histogram":
        delta = metric.exponential_histogram.aggregation_temporality == _DELTA
        for point in _recorded(metric.exponential_histogram.data_points):
            total = point.sum if point.HasField("sum") else None
            yield _counted(metric, point, resource, total, delta=delta)
    elif shape == "summary":
        for point in _recorded(metric.summary.data_points):
            yield _counted(metric, point, resource, point.sum, delta=False)


def _recorded(points: Iterable[Any]) -> Iterator[Any]:
    return (point for point in points if not point.flags & _NO_VALUE)


def _series(
    metric: Metric, point: Any, resource: Resource, kind: SeriesKind, *, delta: bool, bounds: str = ""
) -> Series:
    return Series(
        resource=resource,
        name=clip(metric.name),
        attributes=canonical_json(plain_attributes(point.attributes)),
        unit=clip(metric.unit),
        kind=kind,
        delta=delta,
        bounds=bounds,
    )


def _numbers(
    metric: Metric, points: Iterable[NumberDataPoint], resource: Resource, kind: SeriesKind, *, delta: bool
) -> Iterator[PointRow | None]:
    for point in _recorded(points):
        which = point.WhichOneof("value")
        value = float(getattr(point, which)) if which else math.nan
        if not math.isfinite(value) or not point.time_unix_nano:
            yield None
            continue
        series = _series(metric, point, resource, kind, delta=delta)
        yield PointRow(
            point.time_unix_nano // 1000,
            series,
            point.start_time_unix_nano // 1000,
            value,
            measurements=None,
            buckets=None,
        )


def _histogram_point(metric: Metric, point: HistogramDataPoint, resource: Resource, *, delta: bool) -> PointRow | None:
    bounds, counts = list(point.explicit_bounds), list(point.bucket_counts)
    rising = all(low < high for low, high in pairwise(bounds))
    if (counts and len(counts) != len(bounds) + 1) or not rising or not all(map(math.isfinite, bounds)):
        return None
    total = point.sum if point.HasField("sum") else None
    buckets = struct.pack(f"<{len(counts)}Q", *counts) if counts and bounds else None
    return _counted(metric, point, resource, total, delta=delta, bounds=bounds, buckets=buckets)


def _counted(
    metric: Metric,
    point: Any,
    resource: Resource,
    total: float | None,
    *,
    delta: bool,
    bounds: list[float] | None = None,
    buckets: bytes | None = None,
) -> PointRow | None:
    if not point.time_unix_nano or (total is not None and not math.isfinite(total)):
        return None
    text = canonical_json(bounds) if bounds and buckets else ""
    series = _series(metric, point, resource, SeriesKind.HISTOGRAM, delta=delta, bounds=text)
    return PointRow(
        ts=point.time_unix_nano // 1000,
        series=series,
        start_ts=point.start_time_unix_nano // 1000,
        value=total,
        measurements=min(point.count, _MAX_COUNT),
        buckets=buckets,
    )
