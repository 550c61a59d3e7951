"""A receiver of OTLP over HTTP that only remembers, for tests of whatever sends."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

KINDS = {
    "/v1/traces": ExportTraceServiceRequest,
    "/v1/metrics": ExportMetricsServiceRequest,
    "/v1/logs": ExportLogsServiceRequest,
}


def attributes(keyvalues: Any) -> dict[str, Any]:
    return {kv.key: getattr(kv.value, kv.value.WhichOneof("value") or "string_value") for kv in keyvalues}


@dataclass(frozen=True)
class Seen:
    resource: dict[str, Any]
    item: Any

    @property
    def service(self) -> str:
        return str(self.resource["service.name"])

    @property
    def attributes(self) -> dict[str, Any]:
        return attributes(self.item.attributes)


class Receiver:
    """Listens on a free port until `close`."""

    def __init__(self) -> None:
        self._requests: list[Any] = []
        self._lock = threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                with receiver._lock:
                    receiver._requests.append(KINDS[self.path].FromString(body))
                self.send_response(200)
                self.send_header("content-type", "application/x-protobuf")
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def spans(self) -> list[Seen]:
        return list(self._items(ExportTraceServiceRequest, "resource_spans", "scope_spans", "spans"))

    def logs(self) -> list[Seen]:
        return list(self._items(ExportLogsServiceRequest, "resource_logs", "scope_logs", "log_records"))

    def metrics(self) -> list[Seen]:
        return list(self._items(ExportMetricsServiceRequest, "resource_metrics", "scope_metrics", "metrics"))

    def _items(self, kind: type, resources: str, scopes: str, items: str) -> Iterator[Seen]:
        with self._lock:
            requests = [request for request in self._requests if isinstance(request, kind)]
        for request in requests:
            for resource in getattr(request, resources):
                about = attributes(resource.resource.attributes)
                for scope in getattr(resource, scopes):
                    for item in getattr(scope, items):
                        yield Seen(about, item)
