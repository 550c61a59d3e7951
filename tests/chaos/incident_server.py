"""A small HTTP server that keeps incidents and drills, and says of them what the real one would."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx

from assistant.client import AssistantClient
from assistant.diagnosis import Diagnosis, Hypothesis
from assistant.incidents import Incident, IncidentStatus, Timeline, Truth
from telemetry import Alert, Stretch


def incident(key: str, detected: datetime, top: Hypothesis | None = None, **changes: Any) -> Incident:
    """Make an incident, diagnosed two seconds after its detection where there is a cause to name."""
    diagnosis = diagnosed(detected, top) if top else None
    times = Timeline(detected=detected, diagnosed=detected + timedelta(seconds=2) if top else None)
    made = Incident(id=key, system="shop", title="Something is wrong", timeline=times, diagnosis=diagnosis)
    return made.model_copy(update=changes)


def diagnosed(at: datetime, *hypotheses: Hypothesis) -> Diagnosis:
    window = Stretch(start=at - timedelta(minutes=10), end=at + timedelta(seconds=2))
    abstained = not hypotheses
    return Diagnosis(
        recording_id="r",
        system="shop",
        alert=Alert(at=at, description="errors"),
        window=window,
        hypotheses=hypotheses,
        none_probability=1.0 if abstained else 0.1,
        abstained=abstained,
        abstention_reason="Nothing stands out." if abstained else None,
    )


@dataclass
class Records:
    """What the server holds; tests read and change it."""

    incidents: dict[str, Incident] = field(default_factory=dict)
    truths: dict[str, Truth] = field(default_factory=dict)
    drills: list[dict[str, Any]] = field(default_factory=list)
    diagnosis: Diagnosis | None = None
    telemetry_problem: str | None = None
    keeps_drills: bool = True
    diagnoses_asked: list[Any] = field(default_factory=list)

    def add(self, one: Incident) -> None:
        self.incidents[one.id] = one

    def answer(self, method: str, path: str, body: Any) -> Any:
        path, _, query = path.partition("?")
        parts = path.strip("/").split("/")
        return self._take(parts, body) if method == "POST" else self._show(parts, httpx.QueryParams(query))

    def _show(self, parts: list[str], query: httpx.QueryParams) -> Any:
        match parts:
            case ["incidents"]:
                wanted = query.get("status")
                newest_first = sorted(self.incidents.values(), key=lambda one: one.timeline.detected, reverse=True)
                return [_plain(one) for one in newest_first if wanted in {None, one.status.value}]
            case ["incidents", key] if key in self.incidents:
                return _plain(self.incidents[key])
            case ["status"]:
                telemetry = {"problem": self.telemetry_problem}
                return {"version": "0", "system": "shop", "workspace": ".", "telemetry": telemetry}
        return None

    def _take(self, parts: list[str], body: Any) -> Any:
        match parts:
            case ["incidents", key, "truth"] if key in self.incidents:
                self.truths[key] = Truth.model_validate(body)
                return _plain(self.incidents[key])
            case ["drills"] if self.keeps_drills:
                self.drills.append(body)
                return {"id": body["id"]}
            case ["diagnoses"] if self.diagnosis is not None:
                self.diagnoses_asked.append(body)
                return _plain(self.diagnosis)
        return None


@dataclass
class IncidentServer:
    """A server that listens, and a client of it."""

    url: str
    records: Records
    assistant: AssistantClient
    stop: Any


@contextmanager
def incident_server() -> Iterator[IncidentServer]:
    """Serve on a free port until the end of the block, or until `stop` is called."""
    records = Records()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._say(records.answer("GET", self.path, None))

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self._say(records.answer("POST", self.path, body))

        def _say(self, content: Any) -> None:
            said = json.dumps({"detail": "there is no such thing"} if content is None else content).encode()
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()

    def stop() -> None:
        if thread.is_alive():
            server.shutdown()
            thread.join()
            server.server_close()

    url = f"http://127.0.0.1:{server.server_address[1]}"
    with httpx.Client(base_url=url, timeout=5, trust_env=False) as http:
        try:
            yield IncidentServer(url=url, records=records, assistant=AssistantClient(http), stop=stop)
        finally:
            stop()


def resolved(one: Incident) -> Incident:
    return one.model_copy(update={"status": IncidentStatus.RESOLVED})


def _plain(value: Incident | Diagnosis) -> Any:
    return value.model_dump(mode="json")
