from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from own_ports import write_config

from assistant.client import ServerRefused, ServerUnclear, ServerUnreachable
from assistant.knowledge_values import WrittenEntry
from knowledge_base import AlreadyOpen, HashingEmbedder
from ui.connect import NothingToAsk, assistant, running_server, server_url
from ui.server.workspace import JOURNAL_FILE, open_workspace
from ui.settings import Settings
from ui.settings_reading import load_settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    write_config(tmp_path)
    return load_settings(folder=tmp_path, environment={}).settings


@pytest.fixture
def used(settings: Settings) -> Settings:
    """Settings of a workspace in which something ran before."""
    settings.workspace.path.mkdir()
    (settings.workspace.path / JOURNAL_FILE).touch()
    return settings


def test_where_no_server_runs_the_same_api_answers_in_this_process(used: Settings) -> None:
    with assistant(used) as client:
        assert client.healthy()
        client.add_drill({"id": "d-1", "name": "ação"})
        assert [one["name"] for one in client.drills()] == ["ação"]
        with pytest.raises(ServerRefused) as refused:
            client.incident("inc-none")
    assert refused.value.status == 404


def test_the_workspace_is_given_back_afterwards(used: Settings) -> None:
    for _ in range(2):
        with assistant(used) as client:
            assert client.knowledge.entries() == []


def test_a_workspace_that_somebody_else_has_open_is_left_alone(settings: Settings) -> None:
    refused = pytest.raises(AlreadyOpen, match="is open in process")
    with open_workspace(settings, embedder=HashingEmbedder()), refused, assistant(settings):
        pass


def test_a_running_server_is_asked_for_and_none_is_made_up(settings: Settings) -> None:
    with pytest.raises(ServerUnreachable, match=server_url(settings)), running_server(settings):
        pass
    assert not settings.workspace.path.exists()


def test_where_nothing_ever_ran_nothing_is_made_and_it_says_what_to_do(settings: Settings) -> None:
    for needs_telemetry, missing in ((False, "no workspace in"), (True, "no telemetry in")):
        with pytest.raises(NothingToAsk) as refused, assistant(settings, needs_telemetry=needs_telemetry):
            pass
        said = str(refused.value)
        assert said.startswith(f"{missing} {settings.workspace.path}")
        assert f"no server at {server_url(settings)}" in said
        assert "FIREDRILL_WORKSPACE_PATH" in said
    assert not settings.workspace.path.exists()


def test_what_is_known_can_be_written_before_anything_ever_ran(settings: Settings) -> None:
    written = WrittenEntry(kind="runbook", title="Fila parada", symptoms="A fila não anda.")
    with assistant(settings, may_make_workspace=True) as client:
        client.knowledge.create(written)
    with assistant(settings) as client:
        assert [entry.title for entry in client.knowledge.entries()] == ["Fila parada"]


def test_without_a_server_no_server_is_said_to_refuse(used: Settings) -> None:
    with pytest.raises(ServerRefused) as refused, assistant(used) as client:
        client.incident("inc-none")
    assert str(refused.value) == "there is no incident 'inc-none'"


@contextmanager
def stranger(port: int, status: int, body: bytes) -> Iterator[None]:
    """Listen where the server should, and be something else."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(("status", "body"), [(200, b'{"status": "UP"}'), (200, b"fine"), (404, b"no such page")])
def test_a_stranger_at_the_servers_address_is_not_taken_for_it(used: Settings, status: int, body: bytes) -> None:
    refused = pytest.raises(ServerUnclear, match=f"{server_url(used)}/health")
    with stranger(used.server.port, status, body), refused, assistant(used):
        pass
