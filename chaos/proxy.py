"""A process that stands on the links between services and disturbs them on request.

Started as `python -m chaos.proxy --link NAME=LISTEN_PORT:HOST:PORT ... --control-port N` it prints one JSON line once
it serves: `{"control_url": ..., "links": {name: port}}`. `GET /links` on the control address says what every link does;
`PUT /links/NAME` with `{"mode": "delay", "milliseconds": 300, "jitter_milliseconds": 50}` changes one. Modes are
`open`, `delay`, `reset`, `swallow` and `refuse`. Everything listens on 127.0.0.1 only.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import unquote

from chaos.link import Behaviour, Link, Mode

_LARGEST_BODY_BYTES: Final = 4096
_CHANGE_SECONDS: Final = 5.0


class Refusal(Exception):
    """A control request that cannot be served; the message goes back to whoever asked."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(status, message)
        self.status, self.message = status, message


class Switchboard:
    """The links by name, operated from the control server's threads while the loop carries their traffic."""

    def __init__(self, links: Sequence[Link], loop: asyncio.AbstractEventLoop) -> None:
        self._links = {link.name: link for link in links}
        self._loop = loop

    def describe(self) -> dict[str, Any]:
        """Say what every link does."""
        return {"links": [_describe(link) for link in self._links.values()]}

    def change(self, name: str, wish: object) -> dict[str, Any]:
        """Give a link another behaviour and say what it does now.

        Raises:
            Refusal: There is no such link or behaviour, or its port was taken meanwhile; the link is as it was.
        """
        link = self._links.get(name)
        if link is None:
            raise Refusal(HTTPStatus.NOT_FOUND, f"there is no link {name!r}; there is {', '.join(self._links)}")
        behaviour = parse_behaviour(wish)
        try:
            asyncio.run_coroutine_threadsafe(link.behave(behaviour), self._loop).result(_CHANGE_SECONDS)
        except OSError as error:
            raise Refusal(HTTPStatus.CONFLICT, f"link {name!r} cannot listen on port {link.port}: {error}") from error
        return _describe(link)


def parse_behaviour(wish: object) -> Behaviour:
    """Read a behaviour as the control API takes it.

    Raises:
        Refusal: It is none; the message says which part is not.
    """
    if not isinstance(wish, dict) or "mode" not in wish:
        raise Refusal(HTTPStatus.BAD_REQUEST, 'send a JSON object with a mode, such as {"mode": "reset"}')
    known = ("mode", "milliseconds", "jitter_milliseconds")
    if unknown := [str(key) for key in wish if key not in known]:
        raise Refusal(HTTPStatus.BAD_REQUEST, f"{', '.join(unknown)} is not known here; {', '.join(known)} are")
    if wish["mode"] not in list(Mode):
        modes = ", ".join(Mode)
        raise Refusal(HTTPStatus.BAD_REQUEST, f"there is no mode {wish['mode']!r}; choose one of {modes}")
    numbers = {key: value for key, value in wish.items() if key != "mode"}
    for key, value in numbers.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Refusal(HTTPStatus.BAD_REQUEST, f"{key} must be a number, got {value!r}")
    try:
        return Behaviour(mode=Mode(wish["mode"]), **numbers)
    except ValueError as error:
        raise Refusal(HTTPStatus.BAD_REQUEST, str(error)) from error


def parse_link(text: str) -> Link:
    """Read `NAME=LISTEN_PORT:HOST:PORT`.

    Raises:
        argparse.ArgumentTypeError: It is not of that form.
    """
    name, _, address = text.partition("=")
    parts = address.split(":")
    if not name or len(parts) != 3 or not (parts[0].isdecimal() and parts[2].isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME=LISTEN_PORT:HOST:PORT")
    return Link(name, int(parts[0]), (parts[1], int(parts[2])))


def control_server(switchboard: Switchboard, port: int) -> ThreadingHTTPServer:
    """Make the control API's server; the caller runs and closes it.

    Raises:
        OSError: The port is taken.
    """

    class Control(BaseHTTPRequestHandler):
        timeout = 10  # seconds of silence after which a client is dropped

        def do_GET(self) -> None:
            self._answer(self._links)

        def do_PUT(self) -> None:
            self._answer(self._change)

        def _links(self) -> dict[str, Any]:
            if self.path != "/links":
                raise Refusal(HTTPStatus.NOT_FOUND, f"there is nothing at {self.path}; GET /links, PUT /links/NAME")
            return switchboard.describe()

        def _change(self) -> dict[str, Any]:
            before, _, name = self.path.partition("/links/")
            if before or not name:
                raise Refusal(HTTPStatus.NOT_FOUND, f"there is nothing at {self.path}; GET /links, PUT /links/NAME")
            return switchboard.change(unquote(name), self._body())

        def _body(self) -> object:
            length = self.headers.get("Content-Length", "")
            if not length.isdecimal():
                raise Refusal(HTTPStatus.LENGTH_REQUIRED, "send a JSON body with its Content-Length")
            if int(length) > _LARGEST_BODY_BYTES:
                raise Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"send at most {_LARGEST_BODY_BYTES} bytes")
            try:
                return json.loads(self.rfile.read(int(length)))
            except ValueError as error:
                raise Refusal(HTTPStatus.BAD_REQUEST, f"the body is not JSON: {error}") from error

        def _answer(self, give: Any) -> None:
            status, content = HTTPStatus.OK, {}
            try:
                content = give()
            except Refusal as refusal:
                status, content = refusal.status, {"error": refusal.message}
            body = json.dumps(content, ensure_ascii=False).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return ThreadingHTTPServer(("127.0.0.1", port), Control)


def _describe(link: Link) -> dict[str, Any]:
    return {
        "name": link.name,
        "port": link.port,
        "upstream": f"{link.upstream[0]}:{link.upstream[1]}",
        "mode": link.behaviour.mode.value,
        "milliseconds": link.behaviour.milliseconds,
        "jitter_milliseconds": link.behaviour.jitter_milliseconds,
        "live_connections": link.live,
        "accepted_connections": link.accepted,
        "disturbed_connections": link.disturbed,
    }


async def _serve(links: Sequence[Link], control_port: int) -> None:
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    for link in links:
        await link.open()
    server = control_server(Switchboard(links, loop), control_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    ready: Mapping[str, Any] = {
        "control_url": f"http://127.0.0.1:{server.server_address[1]}",
        "links": {link.name: link.port for link in links},
    }
    print(json.dumps(ready), flush=True)
    await stopped.wait()
    server.shutdown()
    server.server_close()


def main() -> int:
    """Run the proxy until it is told to stop."""
    parser = argparse.ArgumentParser(prog="python -m chaos.proxy", description="Disturb links between services.")
    parser.add_argument("--link", action="append", required=True, type=parse_link, metavar="NAME=PORT:HOST:PORT")
    parser.add_argument("--control-port", type=int, default=0)
    options = parser.parse_args()
    names = [link.name for link in options.link]
    if len(set(names)) < len(names):
        parser.error(f"every link needs a name of its own, got {', '.join(names)}")
    try:
        asyncio.run(_serve(options.link, options.control_port))
    except OSError as error:
        print(f"cannot listen: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
