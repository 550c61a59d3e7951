"""A real collector as a subprocess, for tests."""

import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

START_SECONDS = 60


@dataclass(frozen=True)
class RunningCollector:
    process: subprocess.Popen[str]
    store: Path
    grpc_port: int
    http_port: int

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def grpc(self) -> str:
        return f"127.0.0.1:{self.grpc_port}"


def command(store: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "telemetry.collector", "--store", str(store), *arguments]


@contextmanager
def running_collector(store: Path, *arguments: str) -> Iterator[RunningCollector]:
    ports = ("--grpc-port", "0", "--http-port", "0")
    process = subprocess.Popen(
        command(store, *ports, *arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        readable, _, _ = select.select([process.stdout], [], [], START_SECONDS)
        line = process.stdout.readline() if readable else ""
        assert line, f"the collector said nothing: {process.stderr.read() if process.poll() is not None else ''}"
        said = json.loads(line)
        yield RunningCollector(process, store, said["grpc_port"], said["http_port"])
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()
