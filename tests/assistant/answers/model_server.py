"""A small OpenAI-compatible server, real enough for LiteLLM: it says what a test tells it to say, or breaks as told."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class ModelServer(ThreadingHTTPServer):
    """Streams `reply` in pieces of `piece` characters, or answers `status`, or sends `raw`; keeps what it was sent.

    After the reply, `hang` goes silent until the server stops, `drip` sends comments for ever, `cut` hangs up.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.reply, self.piece, self.finish = "", 7, "stop"
        self.status, self.raw = 200, b""
        self.hang = self.drip = self.cut = False
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.stopping = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that hang up are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    server: ModelServer
    protocol_version = "HTTP/1.1"  # with chunks, as real servers stream, so that an end can be told from a break

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self.server.requests.append(json.loads(self.rfile.read(length)))
        self.server.headers.append(dict(self.headers))
        if self.server.status != 200:
            self._refuse()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("Connection", "close")
        self.end_headers()
        if self.server.raw:
            self._send(self.server.raw)
            self._send(b"")
            return
        for start in range(0, len(self.server.reply), self.server.piece):
            self._event({"content": self.server.reply[start : start + self.server.piece]}, None)
        while self.server.drip and not self.server.stopping.wait(0.05):
            self._send(b": still thinking\n\n")
        if self.server.hang:
            self.server.stopping.wait()
        if self.server.hang or self.server.cut:
            return
        self._event({}, self.server.finish)
        self._send(b"data: [DONE]\n\n")
        self._send(b"")

    def _send(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def _refuse(self) -> None:
        # A careless server repeats what it was sent; none of that may reach a person.
        body = json.dumps({"error": {"message": f"no: {self.headers['Authorization']}", "code": "x"}}).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _event(self, delta: dict[str, str], finish: str | None) -> None:
        chunk = {
            "id": "c1",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": "test-model",
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        }
        self._send(f"data: {json.dumps(chunk)}\n\n".encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Keep the test's output clean."""


@contextmanager
def running() -> Iterator[ModelServer]:
    server = ModelServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.stopping.set()
        server.shutdown()
        thread.join()
        server.server_close()
