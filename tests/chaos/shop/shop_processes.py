"""The shop as tests run it: real processes on free ports, stopped by their ids."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeVar

import httpx

from chaos.shop import SERVICES, service

ROOT = Path(__file__).parents[3]
START_SECONDS = 30
STOP_SECONDS = 10
T = TypeVar("T")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(question: Callable[[], T], seconds: float, what: str) -> T:
    deadline = time.monotonic() + seconds
    while True:
        answer = question()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what}")
        time.sleep(0.05)


class Shop:
    """Five services, each restartable as another version."""

    def __init__(self, database_urls: Mapping[str, str], otlp_url: str, logs: Path) -> None:
        self._database_urls, self._otlp_url, self._logs = database_urls, otlp_url, logs
        self._ports = {spec.name: free_port() for spec in SERVICES}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._files: list[IO[bytes]] = []
        self.client = httpx.Client(base_url=self.url("gateway"), timeout=10.0)

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self._ports[name]}"

    def start(self, name: str, version: str | None = None) -> None:
        spec = service(name)
        environ = base_environment() | {
            "PORT": str(self._ports[name]),
            "SERVICE_VERSION": version or spec.stable_version,
            "OTEL_EXPORTER_OTLP_ENDPOINT": self._otlp_url,
            "OTEL_METRIC_EXPORT_INTERVAL": "500",
            **{f"{upstream.upper()}_URL": self.url(upstream) for upstream in spec.upstreams},
        }
        if spec.database_role:
            environ["DATABASE_URL"] = self._database_urls[name]
        log = (self._logs / f"{name}.log").open("ab")
        self._files.append(log)
        self.processes[name] = subprocess.Popen(
            [sys.executable, "-m", spec.module], cwd=ROOT, env=environ, stdout=log, stderr=log
        )

    def wait_ready(self, name: str) -> None:
        wait_until(lambda: self.answers(name), START_SECONDS, f"{name} ready; it said: {self.said(name)}")

    def answers(self, name: str, path: str = "/ready") -> bool:
        try:
            return httpx.get(self.url(name) + path, timeout=5.0).status_code == 200
        except httpx.TransportError:
            return False

    def said(self, name: str) -> str:
        return (self._logs / f"{name}.log").read_text(encoding="utf-8")

    def stop(self, name: str) -> int:
        process = self.processes.pop(name)
        process.terminate()
        try:
            return process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise

    def deploy(self, name: str, version: str) -> None:
        self.stop(name)
        self.start(name, version)
        self.wait_ready(name)

    def close(self) -> None:
        self.client.close()
        for name in list(self.processes):
            self.stop(name)
        for file in self._files:
            file.close()


def base_environment() -> dict[str, str]:
    kept = ("PATH", "HOME", "LANG", "VIRTUAL_ENV")
    return {key: os.environ[key] for key in kept if key in os.environ} | {"PYTHONWARNINGS": "error::DeprecationWarning"}


@dataclass(frozen=True)
class PreparedDatabase:
    admin_url: str
    urls: dict[str, str]


def start_database(folder: Path) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "chaos.shop.database", "--data", str(folder)],
        cwd=ROOT,
        env=base_environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, f"the database did not start: exit code {process.wait()}"
    answer: dict[str, Any] = json.loads(line)
    return process, str(answer["admin_url"])
