"""Whatever stops a demo, nothing that it started goes on."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from own_ports import write_config

from ui.background import Background
from ui.demo.workspace import demo_settings
from ui.settings_reading import load_settings

pytestmark = pytest.mark.slow

PATIENCE_SECONDS = 60
ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder() -> Iterator[Path]:
    # Not pytest's own folder: as root, PostgreSQL runs as another user, who has to pass through all above its data.
    with tempfile.TemporaryDirectory(prefix="firedrill-demo-") as name:
        yield Path(name)
        # Where a test failed, what it started must not go on and slow down all the others.
        Background(demo_settings(load_settings(folder=Path(name), environment={}).settings)).stop()


def demo(folder: Path) -> subprocess.Popen[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("FIREDRILL_")}
    return subprocess.Popen(
        [sys.executable, "-m", "ui.cli", "demo", "--no-ui"],
        cwd=folder,
        env={**environment, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def left_of(folder: Path) -> list[str]:
    """Name the processes that work in a folder or name it on their command line."""
    found = []
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
            if process.pid != os.getpid() and (str(folder) in " ".join(words) or process.cwd() == str(folder)):
                found.append(" ".join(words))
        except psutil.Error:
            continue
    return found


def recorded(folder: Path) -> set[str]:
    names: set[str] = set()
    for path in folder.glob(".firedrill/demo/*/**/processes.json"):
        names |= {entry["name"] for entry in json.loads(path.read_text())}
    return names


@pytest.mark.parametrize("until", ["collector", "server", "gateway"])
def test_ctrl_c_while_it_starts_leaves_nothing_running(folder: Path, until: str) -> None:
    write_config(folder)
    process = demo(folder)
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while until not in recorded(folder):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=PATIENCE_SECONDS)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert left_of(folder) == []
    assert recorded(folder) == set()


def test_a_port_that_is_taken_ends_it_before_anything_starts(folder: Path) -> None:
    port = write_config(folder)["shop.orders_port"]
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        process = demo(folder)
        _, said = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 2
    assert f"port {port} is taken by" in said
    assert f"(pid {os.getpid()})" in said
    assert [left.name for left in (folder / ".firedrill").iterdir()] == ["demo.lock"]
