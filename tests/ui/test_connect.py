from __future__ import annotations

from pathlib import Path

import pytest
from own_ports import write_config

from assistant.client import ServerRefused, ServerUnreachable
from knowledge_base import AlreadyOpen, HashingEmbedder
from ui.connect import assistant, running_server, server_url
from ui.server.workspace import open_workspace
from ui.settings import Settings
from ui.settings_reading import load_settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    write_config(tmp_path)
    return load_settings(folder=tmp_path, environment={}).settings


def test_where_no_server_runs_the_same_api_answers_in_this_process(settings: Settings) -> None:
    with assistant(settings) as client:
        assert client.healthy()
        client.add_drill({"id": "d-1", "name": "ação"})
        assert [one["name"] for one in client.drills()] == ["ação"]
        with pytest.raises(ServerRefused) as refused:
            client.incident("inc-none")
    assert refused.value.status == 404


def test_the_workspace_is_given_back_afterwards(settings: Settings) -> None:
    for _ in range(2):
        with assistant(settings) as client:
            assert client.entries() == []


def test_a_workspace_that_somebody_else_has_open_is_left_alone(settings: Settings) -> None:
    refused = pytest.raises(AlreadyOpen, match="is open in process")
    with open_workspace(settings, embedder=HashingEmbedder()), refused, assistant(settings):
        pass


def test_a_running_server_is_asked_for_and_none_is_made_up(settings: Settings) -> None:
    with pytest.raises(ServerUnreachable, match=server_url(settings)), running_server(settings):
        pass
    assert not settings.workspace.path.exists()
