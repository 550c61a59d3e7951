from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from own_ports import write_config

from chaos import AlreadyRunning, PortTaken
from ui.background import Background
from ui.settings_reading import load_settings


@pytest.fixture
def background(tmp_path: Path) -> Iterator[Background]:
    write_config(tmp_path)
    loaded = load_settings(folder=tmp_path, environment={})
    opened = Background(loaded.settings, config=loaded.file)
    yield opened
    opened.stop()


@pytest.mark.parametrize("key", ["server.port", "collector.grpc_port", "pages.port", "shop.link_control_port"])
def test_a_port_that_is_taken_is_named_before_anything_is_started(background: Background, key: str) -> None:
    port = dict(background.settings.ports())[key]
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        with pytest.raises(PortTaken, match=rf"port {port} is taken by .* \(pid {os.getpid()}\)"):
            background.start()
    assert background.rows() == []
    assert not background.settings.workspace.path.exists()


def test_the_port_of_the_pages_matters_only_where_there_are_pages(background: Background) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", background.settings.pages.port))
        taken.listen()
        background.require_room(pages=False)


def test_what_runs_already_is_left_running(background: Background) -> None:
    sleeper = background.processes.start("server", (sys.executable, "-c", "input()"), env=os.environ)
    sleeping = background.processes.start(
        "collector", (sys.executable, "-c", "import signal; signal.pause()"), env=os.environ
    )
    with pytest.raises(AlreadyRunning, match="is running already"):
        background.start()
    assert background.processes.find("collector") == sleeping
    assert sleeper.name in {row.name for row in background.rows()}
    assert "collector" in background.stop()
    assert background.rows() == []


def test_stopping_where_nothing_ever_ran_leaves_no_trace(background: Background) -> None:
    assert background.stop() == []
    assert background.rows() == []
    assert not background.settings.workspace.path.exists()


def test_the_server_is_told_of_the_settings_file_and_of_the_workspace(background: Background, tmp_path: Path) -> None:
    assert background._environment["FIREDRILL_CONFIG"] == str(tmp_path / "firedrill.toml")


def test_the_daily_shape_of_the_load_is_passed_on(tmp_path: Path) -> None:
    loaded = load_settings(folder=tmp_path, environment={"FIREDRILL_SHOP_DAILY_LOAD": "yes"})
    assert Background(loaded.settings)._sandbox_settings().load_daily


def test_without_the_shop_its_ports_may_be_taken(background: Background) -> None:
    with socket.create_server(("127.0.0.1", background.settings.shop.gateway_port)):
        background.require_room(shop=False)
        with pytest.raises(PortTaken):
            background.require_room()
