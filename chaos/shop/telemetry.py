"""What every service tells about itself: traces, metrics and logs over OTLP."""

from __future__ import annotations

import logging
import os
import threading
import uuid
from collections.abc import Callable
from typing import Any

from opentelemetry import metrics, trace
from opentelemetry._logs import set_logger_provider
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.instrumentation.logging import LoggingInstrumentor
from opentelemetry.instrumentation.psycopg import PsycopgInstrumentor
from opentelemetry.instrumentation.system_metrics import SystemMetricsInstrumentor
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from starlette.applications import Starlette
from starlette.routing import Match
from starlette.types import Scope

from chaos.shop.settings import Settings

SCHEDULE_DELAY_MS = 1_000
EXPORT_TIMEOUT_SECONDS = 2.0
FLUSH_SECONDS = 1.5
# A flood makes more spans a second than the default queue of 2048 holds.
SPAN_QUEUE = 8_192
PROCESS_METRICS: dict[str, list[str] | None] = {
    "process.cpu.time": ["user", "system"],
    "process.cpu.utilization": None,
    "process.memory.usage": None,
    "cpython.gc.collections": None,
    "cpython.gc.collected_objects": None,
}


class Telemetry:
    """The exporters of one process; `flush` must be called once before it ends."""

    def __init__(self, shutdowns: tuple[Callable[[], Any], ...] = ()) -> None:
        self._shutdowns = shutdowns

    @property
    def on(self) -> bool:
        """Whether anything is exported at all."""
        return bool(self._shutdowns)

    def watch(self, app: Starlette) -> None:
        """Give every request of the application, but the questions after its health, a server span and metrics."""
        if self.on:
            # The Starlette instrumentor has no way to leave out the inner spans; its middleware, used directly, has.
            app.add_middleware(
                OpenTelemetryMiddleware,
                excluded_urls="/health$,/ready$",
                exclude_spans=["receive", "send"],
                default_span_details=_name_after_route,
            )

    def flush(self) -> None:
        """Send what is still waiting, giving up after `FLUSH_SECONDS`: a dead receiver must not hold up a restart."""
        # Daemon threads, so that an exporter that hangs cannot keep the process alive.
        threads = [threading.Thread(target=shutdown, daemon=True) for shutdown in self._shutdowns]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(FLUSH_SECONDS)


def start_telemetry(settings: Settings) -> Telemetry:
    """Set up the SDK and the instrumentation of drivers and clients; do nothing where no endpoint is configured.

    Must run before the first connection pool or HTTP client is made. Only once in a process: the providers are global.
    """
    if settings.otlp_endpoint is None:
        return Telemetry()
    os.environ.setdefault("OTEL_SEMCONV_STABILITY_OPT_IN", "http,database")
    resource = Resource.create(
        {
            "service.name": settings.service.name,
            "service.version": settings.version,
            "service.instance.id": str(uuid.uuid4()),
            "deployment.environment.name": settings.environment,
        }
    )
    shutdowns = (
        _export_spans(settings.otlp_endpoint, resource),
        _export_metrics(settings.otlp_endpoint, resource, settings.metric_interval_ms),
        _export_logs(settings.otlp_endpoint, resource),
    )
    HTTPXClientInstrumentor().instrument(async_request_hook=_name_peer)
    PsycopgInstrumentor().instrument()
    SystemMetricsInstrumentor(config=PROCESS_METRICS).instrument()
    return Telemetry(shutdowns)


def _export_spans(endpoint: str, resource: Resource) -> Callable[[], None]:
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    exporter = OTLPSpanExporter(
        endpoint=f"{endpoint}/v1/traces", timeout=EXPORT_TIMEOUT_SECONDS, compression=Compression.Gzip
    )
    provider.add_span_processor(
        BatchSpanProcessor(exporter, max_queue_size=SPAN_QUEUE, schedule_delay_millis=SCHEDULE_DELAY_MS)
    )
    trace.set_tracer_provider(provider)
    return provider.shutdown


def _export_metrics(endpoint: str, resource: Resource, interval_ms: int) -> Callable[[], None]:
    exporter = OTLPMetricExporter(
        endpoint=f"{endpoint}/v1/metrics", timeout=EXPORT_TIMEOUT_SECONDS, compression=Compression.Gzip
    )
    reader = PeriodicExportingMetricReader(exporter, export_interval_millis=interval_ms)
    provider = MeterProvider(metric_readers=[reader], resource=resource, shutdown_on_exit=False)
    metrics.set_meter_provider(provider)
    return provider.shutdown


def _export_logs(endpoint: str, resource: Resource) -> Callable[[], None]:
    provider = LoggerProvider(resource=resource, shutdown_on_exit=False)
    exporter = OTLPLogExporter(
        endpoint=f"{endpoint}/v1/logs", timeout=EXPORT_TIMEOUT_SECONDS, compression=Compression.Gzip
    )
    provider.add_log_record_processor(BatchLogRecordProcessor(exporter, schedule_delay_millis=SCHEDULE_DELAY_MS))
    set_logger_provider(provider)
    # Lines carry the ids of the request's trace and span; the root logger's handlers are otherwise left alone.
    LoggingInstrumentor().instrument(log_handler_level=logging.INFO)
    return provider.shutdown


async def _name_peer(span: trace.Span, request: Any) -> None:
    # Client spans then say whom they meant to reach, even where nobody was reached.
    peer = (request.extensions or {}).get("peer")
    if peer and span.is_recording():
        span.set_attribute("peer.service", peer)


def _name_after_route(scope: Scope) -> tuple[str, dict[str, Any]]:
    """Name a server span after the template of its route, so that ids do not make thousands of names."""
    method = scope.get("method", "HTTP")
    for route in scope["app"].routes:
        match, _ = route.matches(scope)
        if match is not Match.NONE:
            return f"{method} {route.path}", {"http.route": route.path}
    return method, {}
