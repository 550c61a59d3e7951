from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from known_workspace import known_workspace, serving
from own_ports import write_config

from assistant.client import ServerRefused, ServerUnclear, ServerUnreachable
from assistant.knowledge_values import WrittenEntry
from knowledge_base import AlreadyOpen, HashingEmbedder
from ui.bad_use import BadUse
from ui.connect import NothingToAsk, assistant, knowledge_assistant, running_server, server_url
from ui.exits import Exit
from ui.failures import exit_code_of
from ui.server.workspace import JOURNAL_FILE, open_workspace
from ui.settings import Settings
from ui.settings_reading import LoadedSettings, load_settings


@pytest.fixture
def loaded(tmp_path: Path) -> LoadedSettings:
    write_config(tmp_path)
    return load_settings(folder=tmp_path, environment={})


@pytest.fixture
def settings(loaded: LoadedSettings) -> Settings:
    return loaded.settings


@pytest.fixture
def used(loaded: LoadedSettings) -> LoadedSettings:
    """Settings of a workspace in which something ran before."""
    folder = loaded.settings.workspace.path
    folder.mkdir()
    (folder / JOURNAL_FILE).touch()
    return loaded


def test_where_no_server_runs_the_same_api_answers_in_this_process(used: LoadedSettings) -> None:
    with assistant(used) as client:
        assert client.healthy()
        client.add_drill({"id": "d-1", "name": "ação"})
        assert [one["name"] for one in client.drills()] == ["ação"]
        with pytest.raises(ServerRefused) as refused:
            client.incident("inc-none")
    assert refused.value.status == 404


def test_the_workspace_is_given_back_afterwards(used: LoadedSettings) -> None:
    for _ in range(2):
        with assistant(used) as client:
            assert client.knowledge.entries() == []


def test_a_workspace_that_somebody_else_has_open_is_left_alone(loaded: LoadedSettings) -> None:
    refused = pytest.raises(AlreadyOpen, match="is open in process")
    with open_workspace(loaded.settings, embedder=HashingEmbedder()), refused, assistant(loaded):
        pass


def test_a_running_server_is_asked_for_and_none_is_made_up(settings: Settings) -> None:
    with pytest.raises(ServerUnreachable, match=server_url(settings)), running_server(settings):
        pass
    assert not settings.workspace.path.exists()


def test_where_nothing_ever_ran_nothing_is_made_and_it_says_what_to_do(loaded: LoadedSettings) -> None:
    settings = loaded.settings
    for needs_telemetry, missing in ((False, "no workspace in"), (True, "no telemetry in")):
        with pytest.raises(NothingToAsk) as refused, assistant(loaded, needs_telemetry=needs_telemetry):
            pass
        said = str(refused.value)
        assert said.startswith(f"{missing} {settings.workspace.path}")
        assert f"no server at {server_url(settings)}" in said
        assert "FIREDRILL_WORKSPACE_PATH" in said
    assert not settings.workspace.path.exists()


def test_who_has_no_workspace_is_told_how_knowledge_gets_in(loaded: LoadedSettings) -> None:
    refused = pytest.raises(NothingToAsk, match=r"with `firedrill up`, .* with `firedrill kb import PATH`, or run this")
    with refused, knowledge_assistant(loaded):
        pass


@pytest.mark.parametrize("by", ["file", "environment"])
def test_a_server_with_another_workspace_than_was_asked_for_is_not_spoken_to(tmp_path: Path, by: str) -> None:
    ports = write_config(tmp_path)
    environment = {}
    if by == "file":
        with (tmp_path / "firedrill.toml").open("a", encoding="utf-8") as file:
            file.write('workspace.path = "outro"\n')
    else:
        environment["FIREDRILL_WORKSPACE_PATH"] = "outro"
    asked = load_settings(folder=tmp_path, environment=environment)
    with known_workspace(tmp_path / "o do servidor") as workspace, serving(workspace, ports["server.port"]):
        with pytest.raises(BadUse) as refused, assistant(asked, may_make_workspace=True):
            pass
        said = str(refused.value)
        assert str(tmp_path / "outro") in said
        assert str(tmp_path / "o do servidor") in said
        assert "server.port" in said
        assert asked.origins["workspace.path"] in said
        assert exit_code_of(refused.value) == Exit.BAD_INPUT
    assert not (tmp_path / "outro").exists()


def test_a_workspace_that_is_the_servers_by_another_name_is_spoken_to(tmp_path: Path) -> None:
    ports = write_config(tmp_path)
    (tmp_path / "ligação").symlink_to(tmp_path / "o do servidor")
    asked = load_settings(folder=tmp_path, environment={"FIREDRILL_WORKSPACE_PATH": "ligação"})
    unasked = load_settings(folder=tmp_path, environment={})
    with known_workspace(tmp_path / "o do servidor") as workspace, serving(workspace, ports["server.port"]):
        for loaded in (asked, unasked):
            with assistant(loaded) as client:
                assert client.status().workspace == str(tmp_path / "o do servidor")


def test_what_is_known_can_be_written_before_anything_ever_ran(loaded: LoadedSettings) -> None:
    written = WrittenEntry(kind="runbook", title="Fila parada", symptoms="A fila não anda.")
    with assistant(loaded, may_make_workspace=True) as client:
        client.knowledge.create(written)
    with assistant(loaded) as client:
        assert [entry.title for entry in client.knowledge.entries()] == ["Fila parada"]


def test_without_a_server_no_server_is_said_to_refuse(used: LoadedSettings) -> None:
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
def test_a_stranger_at_the_servers_address_is_not_taken_for_it(used: LoadedSettings, status: int, body: bytes) -> None:
    refused = pytest.raises(ServerUnclear, match=f"{server_url(used.settings)}/health")
    with stranger(used.settings.server.port, status, body), refused, assistant(used):
        pass
