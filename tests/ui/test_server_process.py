"""The server as a process of its own: alone in its workspace, and gone when told to go."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from own_ports import free_ports, write_config

from assistant.client import AssistantClient, ServerRefused, ServerUnreachable
from assistant.questions import QuestionState
from ui.connect import assistant
from ui.settings_reading import load_settings

pytestmark = pytest.mark.slow

PATIENCE_SECONDS = 60


@dataclass(frozen=True)
class Running:
    process: subprocess.Popen[bytes]
    folder: Path
    port: int


def firedrill(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ui.cli", *arguments]
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **environment},
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        port = write_config(folder)["server.port"]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "ui.cli", "serve"],
                cwd=folder,
                env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
                stdout=log,
                stderr=log,
            )
        try:
            _await_health(process, port, folder / "log")
            yield Running(process, folder, port)
        finally:
            process.kill()
            process.wait()


def _await_health(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            httpx.get(f"http://127.0.0.1:{port}/health", trust_env=False).raise_for_status()
            return
        except httpx.HTTPError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)


def test_a_question_without_telemetry_fails_with_a_notice(server: Running) -> None:
    with assistant(load_settings(folder=server.folder, environment={})) as client:
        question = client.wait_for_answer(client.ask("o que há?").id, PATIENCE_SECONDS)
        assert client.status().telemetry.problem is not None
    assert question.state is QuestionState.FAILED
    assert question.notice


def test_five_megabytes_are_too_large_for_a_question(server: Running) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", trust_env=False, timeout=30) as http:
        with pytest.raises((ServerRefused, ServerUnreachable)) as refused:
            AssistantClient(http).ask("x" * 5_000_000)
        # A server may hang up on who goes on sending; where its answer arrives, it says why.
        assert not isinstance(refused.value, ServerRefused) or refused.value.status == 413
        assert AssistantClient(http).healthy()


def test_a_second_server_on_the_workspace_is_told_who_has_it(server: Running) -> None:
    (other,) = free_ports(1)
    before = sorted(path.name for path in (server.folder / ".firedrill").rglob("*"))
    refused = firedrill(server.folder, "serve", FIREDRILL_SERVER_PORT=str(other))
    assert refused.returncode == 2
    assert f"process {server.process.pid}" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert sorted(path.name for path in (server.folder / ".firedrill").rglob("*")) == before


def test_a_second_server_on_the_port_is_told_who_has_it(server: Running, tmp_path: Path) -> None:
    refused = firedrill(tmp_path, "serve", FIREDRILL_SERVER_PORT=str(server.port))
    assert refused.returncode == 2
    assert f"port {server.port} is taken by" in refused.stderr
    assert f"(pid {server.process.pid})" in refused.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_is_told_to_end_ends_within_five_seconds(server: Running) -> None:
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(5) == 0
    log = (server.folder / "log").read_text()
    assert f"serving {server.folder / '.firedrill'} at http://127.0.0.1:{server.port}" in log
    assert log.rstrip().endswith("ended")
    assert "Traceback" not in log
