from __future__ import annotations

import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from chaos.errors import DidNotStart
from chaos.processes import Processes
from chaos.readiness import said_json

ENV = {"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1"}
LIVE_SECONDS = 2.0


class Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def upstream() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join()


class Proxied:
    """The proxy, as whoever sits on either side of it sees it."""

    def __init__(self, control: httpx.Client, port: int, pid: int) -> None:
        self.control, self.port, self.pid = control, port, pid

    def behave(self, mode: str, **numbers: float) -> dict[str, Any]:
        answer = self.control.put("/links/orders-payments", json={"mode": mode, **numbers})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def state(self) -> dict[str, Any]:
        return dict(self.control.get("/links").json()["links"][0])

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=LIVE_SECONDS, trust_env=False)


@pytest.fixture(scope="module")
def started(upstream: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    processes = Processes(tmp_path_factory.mktemp("proxy"))
    link = f"orders-payments=0:127.0.0.1:{upstream}"
    argv = (sys.executable, "-m", "chaos.proxy", "--link", link, "--control-port", "0")
    running = processes.start("proxy", argv, env=ENV, ready=said_json)
    with httpx.Client(base_url=running.announced["control_url"], trust_env=False) as control:
        yield Proxied(control, running.announced["links"]["orders-payments"], running.pid)
    assert processes.stop_all(grace_seconds=5) == ["proxy"]


@pytest.fixture
def proxy(started: Proxied) -> Iterator[Proxied]:
    yield started
    started.behave("open")


def test_an_open_link_carries_everything_unharmed(proxy: Proxied) -> None:
    body = "ação".encode() + os.urandom(3_000_000)
    with proxy.client() as client:
        assert client.post("/", content=body).content == body


def test_a_delayed_request_takes_that_much_longer(proxy: Proxied) -> None:
    with proxy.client() as client:
        client.post("/", content=b"connect")
        proxy.behave("delay", milliseconds=300, jitter_milliseconds=50)
        before = time.monotonic()
        assert client.post("/", content=b"late").content == b"late"
        # httpx may send head and body in two pieces, each of which waits.
        assert 0.25 <= time.monotonic() - before < 1.5


def test_mending_a_link_frees_what_is_being_held_up(proxy: Proxied) -> None:
    proxy.behave("delay", milliseconds=30_000)
    mender = threading.Timer(0.3, proxy.behave, ("open",))
    mender.start()
    with proxy.client() as client:
        assert client.post("/", content=b"free").content == b"free"
    mender.join()


def test_a_reset_link_cuts_new_and_live_connections(proxy: Proxied) -> None:
    with closing(socket.create_connection(("127.0.0.1", proxy.port), LIVE_SECONDS)) as live, proxy.client() as client:
        client.post("/", content=b"connect")
        proxy.behave("reset")
        with pytest.raises(ConnectionResetError):
            live.recv(1)
        with pytest.raises(httpx.TransportError):
            client.post("/", content=b"x" * 100_000)
        proxy.behave("open")
        assert client.post("/", content=b"again").content == b"again"


def test_a_swallowing_link_accepts_and_stays_silent(proxy: Proxied) -> None:
    with proxy.client() as live, proxy.client() as new:
        live.post("/", content=b"connect")
        assert proxy.behave("swallow")["mode"] == "swallow"
        for client in (live, new):
            with pytest.raises(httpx.ReadTimeout):
                client.post("/", content=b"lost", timeout=0.4)


def test_a_connection_that_lost_bytes_is_reset_when_the_link_is_mended(proxy: Proxied) -> None:
    with closing(socket.create_connection(("127.0.0.1", proxy.port), LIVE_SECONDS)) as live:
        live.sendall(b"POST / HTTP/1.1\r\nContent-Length: 4\r\n")
        proxy.behave("swallow")
        live.sendall(b"\r\nlost")
        deadline = time.monotonic() + LIVE_SECONDS
        while not proxy.state()["disturbed_connections"] and time.monotonic() < deadline:
            time.sleep(0.01)
        proxy.behave("open")
        with pytest.raises(ConnectionResetError):
            live.recv(1)


def test_a_refusing_link_does_not_even_accept(proxy: Proxied) -> None:
    with proxy.client() as client:
        client.post("/", content=b"connect")
        proxy.behave("refuse")
        with pytest.raises(httpx.TransportError):  # the connection that it had
            client.post("/", content=b"x" * 100_000)
        with pytest.raises(httpx.ConnectError):
            client.post("/", content=b"x")
        proxy.behave("refuse")
        proxy.behave("open")
        assert client.post("/", content=b"again").content == b"again"


def test_a_link_whose_port_was_taken_meanwhile_says_so_and_stays_as_it_was(proxy: Proxied) -> None:
    proxy.behave("refuse")
    with socket.socket() as thief:
        thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        thief.bind(("127.0.0.1", proxy.port))
        thief.listen()
        answer = proxy.control.put("/links/orders-payments", json={"mode": "open"})
        assert answer.status_code == 409
        assert str(proxy.port) in answer.json()["error"]
        assert proxy.state()["mode"] == "refuse"


def test_the_callee_hanging_up_is_passed_on(proxy: Proxied) -> None:
    with closing(socket.create_connection(("127.0.0.1", proxy.port), LIVE_SECONDS)) as live:
        live.sendall(b"no http at all\r\n\r\n")
        while live.recv(4096):
            pass


def test_counts_tell_what_was_disturbed(proxy: Proxied) -> None:
    before = proxy.state()
    proxy.behave("reset")
    with proxy.client() as client, pytest.raises(httpx.TransportError):
        client.post("/", content=b"x" * 100_000)
    after = proxy.state()
    assert after["accepted_connections"] == before["accepted_connections"] + 1
    assert after["disturbed_connections"] > before["disturbed_connections"]
    assert after["live_connections"] == 0


@pytest.mark.parametrize(
    ("path", "body", "status", "message"),
    [
        ("/links/orders-banks", b'{"mode": "open"}', 404, "no link 'orders-banks'; there is orders-payments"),
        ("/links/orders-payments", b'{"mode": "explode"}', 400, "no mode 'explode'; choose one of open, delay"),
        ("/links/orders-payments", b'{"mode": ["open"]}', 400, "no mode"),
        ("/links/orders-payments", b'{"mode": "delay"}', 400, "milliseconds must lie above 0"),
        ("/links/orders-payments", b'{"mode": "delay", "milliseconds": NaN}', 400, "milliseconds must lie above 0"),
        ("/links/orders-payments", b'{"mode": "delay", "milliseconds": "9"}', 400, "must be a number"),
        ("/links/orders-payments", b'{"mode": "reset", "milliseconds": 9}', 400, "takes no milliseconds"),
        ("/links/orders-payments", b'{"mode": "open", "speed": 9}', 400, "speed is not known"),
        ("/links/orders-payments", b"[]", 400, "send a JSON object"),
        ("/links/orders-payments", b"\xff", 400, "not JSON"),
        ("/links/orders-payments", b" " * 5000, 413, "at most 4096 bytes"),
        ("/elsewhere", b"{}", 404, "nothing at /elsewhere"),
    ],
)
def test_a_bad_wish_is_refused_with_its_reason(
    proxy: Proxied, path: str, body: bytes, status: int, message: str
) -> None:
    answer = proxy.control.put(path, content=body)
    assert (answer.status_code, answer.json()["error"].count(message)) == (status, 1), answer.text
    assert proxy.state()["mode"] == "open"


def test_the_proxy_stays_small(proxy: Proxied) -> None:
    assert psutil.Process(proxy.pid).memory_info().rss < 40 * 2**20


@pytest.mark.parametrize("link", ["nonsense", "a=1:2", "a=x:127.0.0.1:1", "=1:127.0.0.1:1"])
def test_a_link_that_makes_no_sense_ends_the_start(tmp_path: Path, link: str) -> None:
    with pytest.raises(DidNotStart, match="NAME=LISTEN_PORT:HOST:PORT"):
        Processes(tmp_path).start(
            "proxy", (sys.executable, "-m", "chaos.proxy", "--link", link), env=ENV, ready=said_json
        )
