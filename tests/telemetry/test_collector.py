import asyncio
import gzip
import json
import logging
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from collector_process import RunningCollector, command, running_collector
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcSpans
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter as HttpMetrics
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpSpans
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from otlp_samples import a_gauge, a_line, a_number, a_span, logs, metrics, now, traces
from starlette.testclient import TestClient

from telemetry.collector.compression import MAX_REQUEST_BYTES, gunzip
from telemetry.collector.grpc_door import grpc_server
from telemetry.collector.http_door import http_app
from telemetry.collector.intake import Intake
from telemetry.errors import BadTelemetry, Overloaded, StoreError, TooLarge
from telemetry.otlp import Encoding
from telemetry.rows import Batch, Signal
from telemetry.store.reader import StoredTelemetry

PROTOBUF = {"Content-Type": "application/x-protobuf"}
JSON = {"Content-Type": "application/json"}
SERVICE = {"service.name": "orders"}


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCollector]:
    with running_collector(tmp_path_factory.mktemp("collector") / "store.db") as running:
        yield running


@pytest.fixture(scope="module")
def client(collector: RunningCollector) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=collector.http, timeout=30) as opened:
        yield opened


def stored_spans(store: Path, service: str = "orders") -> Any:
    moment = datetime.now(UTC)
    return StoredTelemetry(store).spans(moment - timedelta(hours=1), moment + timedelta(hours=1), services=[service])


def export_over_grpc(collector: RunningCollector, body: bytes, **options: Any) -> bytes:
    limits = [("grpc.max_send_message_length", -1)]
    with grpc.insecure_channel(collector.grpc, options=limits) as channel:
        method = channel.unary_unary("/opentelemetry.proto.collector.trace.v1.TraceService/Export")
        answer: bytes = method(body, timeout=30, **options)
        return answer


@pytest.mark.parametrize("transport", ["grpc", "grpc gzip", "http", "http gzip"])
def test_spans_of_a_real_sdk_arrive(collector: RunningCollector, transport: str) -> None:
    endpoint = f"{collector.http}/v1/traces"
    exporters: dict[str, SpanExporter] = {
        "grpc": GrpcSpans(endpoint=collector.grpc, insecure=True),
        "grpc gzip": GrpcSpans(endpoint=collector.grpc, insecure=True, compression=grpc.Compression.Gzip),
        "http": HttpSpans(endpoint=endpoint),
        "http gzip": HttpSpans(endpoint=endpoint, compression=Compression.Gzip),
    }
    provider = TracerProvider(resource=Resource.create({"service.name": transport, "service.version": "7"}))
    provider.add_span_processor(BatchSpanProcessor(exporters[transport]))
    tracer = provider.get_tracer("test")
    with pytest.raises(LookupError), tracer.start_as_current_span("Prüfung"), tracer.start_as_current_span("innen"):
        raise LookupError("weg")
    provider.shutdown()
    found = stored_spans(collector.store, transport)
    assert found["name"].tolist() == ["Prüfung", "innen"]
    assert found["status"].tolist() == ["ERROR", "ERROR"]
    assert found["parent_span_id"].tolist() == ["", found["span_id"][0]]
    assert json.loads(found["attributes"][1])["exception.message"] == "weg"
    assert json.loads(found["attributes"][1])["service.version"] == "7"


def test_metrics_of_a_real_sdk_arrive(collector: RunningCollector) -> None:
    reader = PeriodicExportingMetricReader(HttpMetrics(endpoint=f"{collector.http}/v1/metrics"), 3_600_000)
    provider = MeterProvider(resource=Resource.create({"service.name": "shop"}), metric_readers=[reader])
    meter = provider.get_meter("test")
    began = datetime.now(UTC)
    meter.create_counter("sold").add(3, {"item": "pão"})
    meter.create_histogram("waited", unit="ms").record(12)
    meter.create_gauge("open").set(4)
    provider.shutdown()
    frame = StoredTelemetry(collector.store).metrics(began, datetime.now(UTC) + timedelta(seconds=1), 60)
    values = frame[frame["service"] == "shop"].set_index("metric")["value"]
    assert values["open"] == 4
    assert values["mean(waited)"] == 12
    assert values['rate(sold{item="pão"})'] == pytest.approx(3 / 60)


def test_json_by_hand_with_gzip_is_answered_in_json(client: httpx.Client, collector: RunningCollector) -> None:
    span = {"traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331", "name": "à la main", "kind": 2,
            "startTimeUnixNano": str(now()), "endTimeUnixNano": str(now())}  # fmt: skip
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "hand"}}]}
    document = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [span]}]}]}
    body = gzip.compress(json.dumps(document).encode())
    answer = client.post("/v1/traces", content=body, headers={**JSON, "Content-Encoding": "gzip"})
    assert (answer.status_code, answer.headers["content-type"], answer.json()) == (200, "application/json", {})
    assert stored_spans(collector.store, "hand")["trace_id"].tolist() == ["0af7651916cd43dd8448eb211c80319c"]


def test_points_left_out_are_told_as_a_partial_success(client: httpx.Client) -> None:
    request = metrics(a_gauge("g", a_number(float("nan"), now()), a_number(1.0, now())))
    answer = client.post("/v1/metrics", content=request.SerializeToString(), headers=PROTOBUF)
    assert answer.status_code == 200
    assert b"left out" in answer.content


@pytest.mark.parametrize(
    ("path", "headers", "body", "status", "said"),
    [
        ("/v1/traces", PROTOBUF, b"\xff\xff", 400, "protobuf"),
        ("/v1/traces", JSON, b"{", 400, "JSON"),
        ("/v1/logs", {**PROTOBUF, "Content-Encoding": "gzip"}, b"plain", 400, "is not"),
        ("/v1/logs", {**PROTOBUF, "Content-Encoding": "gzip"}, gzip.compress(b"x" * 99)[:-9], 400, "too early"),
        ("/v1/logs", {**PROTOBUF, "Content-Encoding": "br"}, b"", 415, "gzip or nothing"),
        ("/v1/traces", {"Content-Type": "text/plain"}, b"", 415, "application/x-protobuf"),
        ("/v1/traces", PROTOBUF, b"\0" * (MAX_REQUEST_BYTES + 1), 413, "smaller batches"),
        ("/v1/profiles", PROTOBUF, b"", 404, "/v1/traces"),
    ],
)
def test_bad_requests_are_refused_with_a_status_that_says_why(
    client: httpx.Client, path: str, headers: dict[str, str], body: bytes, status: int, said: str
) -> None:
    answer = client.post(path, content=body, headers=headers)
    protobuf = answer.headers["content-type"] == PROTOBUF["Content-Type"]
    message = Status.FromString(answer.content).message if protobuf else answer.json()["message"]
    assert answer.status_code == status
    assert said in message
    assert protobuf == (path != "/v1/profiles" and headers["Content-Type"] == PROTOBUF["Content-Type"])


def test_nothing_of_a_malformed_request_is_stored(client: httpx.Client, collector: RunningCollector) -> None:
    request = traces(a_span(now()), a_span(now(), trace_id=b"short"), **{"service.name": "half"})
    assert client.post("/v1/traces", content=request.SerializeToString(), headers=PROTOBUF).status_code == 400
    assert stored_spans(collector.store, "half").empty


def memory_bytes(process: subprocess.Popen[str]) -> int:
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) * 1024


def test_a_gzip_bomb_is_refused_and_not_inflated(client: httpx.Client, collector: RunningCollector) -> None:
    bomb = gzip.compress(bytes(400 * 1024 * 1024), compresslevel=9)
    before = memory_bytes(collector.process)
    answer = client.post("/v1/traces", content=bomb, headers={**PROTOBUF, "Content-Encoding": "gzip"})
    assert answer.status_code == 413
    with pytest.raises(grpc.RpcError) as refused:
        export_over_grpc(collector, bytes(400 * 1024 * 1024), compression=grpc.Compression.Gzip)
    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert memory_bytes(collector.process) - before < 100 * 1024 * 1024


def test_a_malformed_grpc_request_is_an_invalid_argument(collector: RunningCollector) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        export_over_grpc(collector, b"\xff\xff")
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_health_and_status_say_how_it_is(client: httpx.Client) -> None:
    client.post("/v1/logs", content=logs(a_line("x", now())).SerializeToString(), headers=PROTOBUF)
    assert client.get("/health").json() == {"status": "ok"}
    status = client.get("/status").json()
    assert status["stored"]["logs"] >= 1
    assert status["waiting_requests"] == 0
    assert datetime.fromisoformat(status["newest"]).tzinfo is not None


def test_gunzip_reads_several_members_up_to_the_limit_and_not_beyond() -> None:
    body = gzip.compress(b"a" * 60) + gzip.compress(b"b" * 40)
    assert gunzip(body, limit=100) == b"a" * 60 + b"b" * 40
    with pytest.raises(TooLarge):
        gunzip(body, limit=99)


def send_until_killed(collector: RunningCollector, acknowledged: list[int], enough: threading.Event) -> None:
    body = traces(*(a_span(now()) for _ in range(50)), **SERVICE).SerializeToString()
    with httpx.Client(base_url=collector.http, timeout=30) as client:
        try:
            while client.post("/v1/traces", content=body, headers=PROTOBUF).status_code == 200:
                acknowledged.append(50)
                if len(acknowledged) >= 100:
                    enough.set()
        except httpx.HTTPError:
            return


def test_what_is_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    acknowledged: list[int] = []
    enough = threading.Event()
    with running_collector(tmp_path / "store.db") as collector:
        senders = [threading.Thread(target=send_until_killed, args=(collector, acknowledged, enough)) for _ in range(4)]
        for sender in senders:
            sender.start()
        assert enough.wait(60)
        collector.process.send_signal(signal.SIGKILL)
        collector.process.wait()
        for sender in senders:
            sender.join()
    # One request a sender may have been stored, and killed before it was acknowledged.
    assert sum(acknowledged) <= len(stored_spans(tmp_path / "store.db")) <= sum(acknowledged) + 4 * 50
    with running_collector(tmp_path / "store.db") as collector:
        assert len(stored_spans(collector.store)) >= sum(acknowledged)


def test_sigterm_stores_what_was_taken_and_ends_cleanly_and_soon(tmp_path: Path) -> None:
    with running_collector(tmp_path / "store.db") as collector, httpx.Client(base_url=collector.http) as client:
        body = traces(a_span(now()), **SERVICE).SerializeToString()
        assert client.post("/v1/traces", content=body, headers=PROTOBUF).status_code == 200
        began = time.monotonic()  # The client keeps its connection open meanwhile.
        collector.process.terminate()
        assert collector.process.wait(10) == 0
        assert time.monotonic() - began < 3
        assert collector.process.stderr is not None
        assert collector.process.stderr.read() == ""
    assert len(stored_spans(tmp_path / "store.db")) == 1


@pytest.mark.parametrize("door", ["--grpc-port", "--http-port"])
def test_a_port_that_is_taken_names_the_process_that_has_it(tmp_path: Path, door: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        other = "--http-port" if door == "--grpc-port" else "--grpc-port"
        arguments = command(tmp_path / "store.db", door, str(port), other, "0")
        ended = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert f"port {port} on 127.0.0.1 is taken by process {os.getpid()} (" in ended.stderr


def test_a_second_collector_on_the_same_store_is_refused(collector: RunningCollector) -> None:
    arguments = command(collector.store, "--grpc-port", "0", "--http-port", "0")
    ended = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert f"is written by process {collector.process.pid}" in ended.stderr


@pytest.mark.parametrize(
    "arguments",
    [["--http-port", "70000"], ["--grpc-port", "x"], ["--retention-hours", "0"], ["--retention-hours", "nan"]],
)
def test_arguments_that_make_no_sense_are_refused(tmp_path: Path, arguments: list[str]) -> None:
    ended = subprocess.run(
        command(tmp_path / "store.db", *arguments), capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 2
    assert arguments[0] in ended.stderr
    assert not list(tmp_path.iterdir())


def test_old_telemetry_goes_by_itself(tmp_path: Path) -> None:
    with running_collector(tmp_path / "store.db") as collector, httpx.Client(base_url=collector.http) as client:
        old, new = a_span(now() - 2 * 3_600_000_000_000, name="old"), a_span(now() - 600_000_000_000, name="new")
        client.post("/v1/traces", content=traces(old, new, **SERVICE).SerializeToString(), headers=PROTOBUF)
    source, moment = StoredTelemetry(tmp_path / "store.db"), datetime.now(UTC)
    assert len(source.spans(moment - timedelta(hours=3), moment)) == 2
    with running_collector(tmp_path / "store.db", "--retention-hours", "1"):
        deadline = time.monotonic() + 30
        while len(found := source.spans(moment - timedelta(hours=3), moment)) == 2 and time.monotonic() < deadline:
            pass
    assert found["name"].tolist() == ["new"]


class HeldWriter:
    """A store that writes when the test says so, or refuses to."""

    def __init__(self, refuse: bool = False) -> None:
        self.go = threading.Event()
        self.commits: list[int] = []
        self._refuse = refuse

    def write(self, batches: list[Batch]) -> None:
        assert self.go.wait(30)
        if self._refuse:
            raise StoreError("no space left on the disk")
        self.commits.append(len(batches))

    def prune(self, before: datetime) -> int:
        return 0


SMALL = traces(a_span(), **SERVICE).SerializeToString()


def take_many(intake: Intake, writer: HeldWriter, count: int) -> list[Batch | BaseException]:
    async def ask() -> list[Batch | BaseException]:
        asked = [asyncio.create_task(intake.take(Signal.TRACES, SMALL, Encoding.PROTOBUF)) for _ in range(count)]
        await asyncio.sleep(0)  # Each has gone as far as it can before the store answers.
        writer.go.set()
        return await asyncio.gather(*asked, return_exceptions=True)

    try:
        return asyncio.run(ask())
    finally:
        assert intake.close(10)


def test_exports_at_the_same_time_share_transactions() -> None:
    writer = HeldWriter()
    answers = take_many(Intake(writer), writer, 100)
    assert all(isinstance(answer, Batch) for answer in answers)
    assert sum(writer.commits) == 100
    assert len(writer.commits) <= 3


def test_a_full_queue_refuses_what_comes_next_and_takes_what_was_there() -> None:
    writer = HeldWriter()
    answers = take_many(Intake(writer, max_waiting_requests=5), writer, 8)
    assert [isinstance(answer, Overloaded) for answer in answers] == [False] * 5 + [True] * 3


def test_one_request_may_be_larger_than_the_queue_but_no_second_one() -> None:
    writer = HeldWriter()
    answers = take_many(Intake(writer, max_waiting_bytes=1), writer, 2)
    assert [isinstance(answer, Overloaded) for answer in answers] == [False, True]


def test_a_store_that_fails_is_told_to_every_sender_and_the_writer_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    writer = HeldWriter(refuse=True)
    with caplog.at_level(logging.CRITICAL):
        answers = take_many(Intake(writer), writer, 3)
    assert [str(answer) for answer in answers] == ["no space left on the disk"] * 3


def test_a_batch_that_cannot_be_stored_does_not_cost_its_neighbours() -> None:
    class Picky(HeldWriter):
        def write(self, batches: list[Batch]) -> None:
            super().write(batches)
            if any(batch.spans[0].name == "poison" for batch in batches):
                raise OverflowError("int too large")

    async def ask(intake: Intake, writer: HeldWriter) -> list[Batch | BaseException]:
        bodies = [traces(a_span(name=name), **SERVICE).SerializeToString() for name in ("a", "poison", "b")]
        asked = [asyncio.create_task(intake.take(Signal.TRACES, body, Encoding.PROTOBUF)) for body in bodies]
        await asyncio.sleep(0)
        writer.go.set()
        return await asyncio.gather(*asked, return_exceptions=True)

    writer = Picky()
    intake = Intake(writer)
    try:
        answers = asyncio.run(ask(intake, writer))
    finally:
        assert intake.close(10)
    assert [isinstance(answer, StoreError) for answer in answers] == [False, True, False]


def test_a_malformed_request_leaves_the_queue_as_it_was() -> None:
    intake = Intake(HeldWriter())
    try:
        with pytest.raises(BadTelemetry):
            asyncio.run(intake.take(Signal.TRACES, b"\xff", Encoding.PROTOBUF))
        assert intake.waiting_requests == 0
    finally:
        assert intake.close(10)


class Troubled:
    """An intake that takes nothing."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def take(self, *_: object) -> Batch:
        raise self._error


@pytest.mark.parametrize(("error", "status"), [(Overloaded("full"), 429), (StoreError("disk"), 503)])
def test_http_senders_are_told_to_try_again(error: Exception, status: int) -> None:
    with TestClient(http_app(Troubled(error), dict)) as client:  # type: ignore[arg-type]
        answer = client.post("/v1/traces", content=SMALL, headers=PROTOBUF)
    assert (answer.status_code, answer.headers["retry-after"]) == (status, "1")
    assert Status.FromString(answer.content).message == str(error)


@pytest.mark.parametrize(
    ("error", "code"),
    [(Overloaded("full"), grpc.StatusCode.RESOURCE_EXHAUSTED), (StoreError("disk"), grpc.StatusCode.UNAVAILABLE)],
)
def test_grpc_senders_are_told_when_to_try_again(error: Exception, code: grpc.StatusCode) -> None:
    async def ask() -> grpc.aio.AioRpcError:
        server = grpc_server(Troubled(error))  # type: ignore[arg-type]
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        try:
            async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
                method = channel.unary_unary("/opentelemetry.proto.collector.trace.v1.TraceService/Export")
                with pytest.raises(grpc.aio.AioRpcError) as refused:
                    await method(SMALL, timeout=10)
                return refused.value
        finally:
            await server.stop(None)

    refused = asyncio.run(ask())
    details = Status.FromString(dict(refused.trailing_metadata())["grpc-status-details-bin"]).details
    assert (refused.code(), refused.details()) == (code, str(error))
    assert details[0].Is(RetryInfo.DESCRIPTOR)
