"""What the decoder hands to the store: rows of plain values, the same whatever they arrived as."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

# Positions are what OTLP sends and what the store keeps.
SPAN_KINDS = ("INTERNAL", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
SPAN_STATUSES = ("UNSET", "OK", "ERROR")


class Signal(StrEnum):
    """The three things that OTLP carries."""

    TRACES = "traces"
    METRICS = "metrics"
    LOGS = "logs"


class SeriesKind(StrEnum):
    """How the points of a series are to be read."""

    GAUGE = "gauge"
    COUNTER = "counter"
    UPDOWN = "updown"
    HISTOGRAM = "histogram"


class Resource(NamedTuple):
    """Who sent something: the parts that are asked for by name, and all of it as canonical JSON."""

    service: str
    version: str
    instance: str
    environment: str
    attributes: str


class SpanRow(NamedTuple):
    """One span. Times are microseconds since 1970, the duration is in nanoseconds, ids are raw bytes."""

    ts: int
    kind: int
    resource: Resource
    trace_id: bytes
    span_id: bytes
    parent_span_id: bytes
    name: str
    duration_ns: int
    status: int
    attributes: str


class Series(NamedTuple):
    """What points have in common.

    `attributes` is canonical JSON; `delta` tells delta from cumulative temporality; `bounds` are the upper bounds of
    a histogram's buckets as a JSON list, empty where there are none (summaries, exponential histograms).
    """

    resource: Resource
    name: str
    attributes: str
    unit: str
    kind: SeriesKind
    delta: bool
    bounds: str


class PointRow(NamedTuple):
    """One point. Of a histogram, `value` is the sum and `buckets` the counts as little-endian 64-bit integers."""

    ts: int
    series: Series
    start_ts: int
    value: float | None
    measurements: int | None
    buckets: bytes | None


class LogRow(NamedTuple):
    """One log line, its time in microseconds since 1970."""

    ts: int
    resource: Resource
    severity: str
    body: str
    trace_id: bytes
    span_id: bytes
    attributes: str


class EventRow(NamedTuple):
    """One deployment, flag change or the like, its time in microseconds since 1970."""

    ts: int
    service: str
    event_type: str
    version: str
    metadata: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Everything of one request that is to be stored, all of it or nothing.

    Attributes:
        rejected: How many items of the request were left out on purpose.
        rejection: Why, in words for the sender; empty when nothing was.
    """

    spans: tuple[SpanRow, ...] = ()
    points: tuple[PointRow, ...] = ()
    logs: tuple[LogRow, ...] = ()
    events: tuple[EventRow, ...] = ()
    rejected: int = 0
    rejection: str = ""

    def __len__(self) -> int:
        return len(self.spans) + len(self.points) + len(self.logs) + len(self.events)
