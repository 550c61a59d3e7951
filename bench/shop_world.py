"""The shop with its load and a collector, in a folder of its own; nothing of it outlives the block that uses it."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from chaos import LinkSettings, Processes, Sandbox, SandboxSettings, said_json
from chaos.probes import TELEMETRY_VARIABLE
from chaos.sandbox import SANDBOX_VARIABLE
from chaos.shop.services import SERVICES
from telemetry import StoredTelemetry
from ui.interruption import undisturbed

_COLLECTOR: Final = "collector"
_STORE: Final = "telemetry.db"


@dataclass(frozen=True, slots=True)
class World:
    """What runs.

    Attributes:
        source: The telemetry of it.
        sandbox: Its processes.
    """

    source: StoredTelemetry
    sandbox: Sandbox


def every_link(otlp_endpoint: str | None) -> SandboxSettings:
    """Give settings on free ports in which each call between two services goes through the link proxy."""
    links = tuple(LinkSettings(caller=spec.name, callee=callee) for spec in SERVICES for callee in spec.upstreams)
    return SandboxSettings(
        ports={spec.name: 0 for spec in SERVICES}, links=links, control_port=0, otlp_endpoint=otlp_endpoint
    )


@contextmanager
def running_world(told: Callable[[str], None], environ: Mapping[str, str] = os.environ) -> Iterator[World]:
    """Start everything where the faults' code finds it, and stop it whatever happens; logs are kept of a failure.

    Raises:
        ChaosError: A part does not start; what had started was stopped.
    """
    folder = Path(tempfile.mkdtemp(prefix="firedrill-bench-"))
    sandbox, processes = Sandbox(folder / "sandbox", environ), Processes(folder / "run")
    before = {name: os.environ.get(name) for name in (SANDBOX_VARIABLE, TELEMETRY_VARIABLE)}
    try:
        endpoint = _start_collector(processes, folder / _STORE, environ)
        told(_COLLECTOR)
        sandbox.start(every_link(endpoint), told=told)
        # The code of the drills' faults and probes, made for processes of their own, finds its world by these.
        os.environ |= {SANDBOX_VARIABLE: str(sandbox.state_path), TELEMETRY_VARIABLE: str(folder / _STORE)}
        yield World(StoredTelemetry(folder / _STORE), sandbox)
    except Exception:
        told(f"failed; what its processes wrote is kept in {folder}")
        with undisturbed():
            _stop(sandbox, processes)
        raise
    except BaseException:
        with undisturbed():
            _stop(sandbox, processes)
            shutil.rmtree(folder)
        raise
    else:
        with undisturbed():
            _stop(sandbox, processes)
            shutil.rmtree(folder)
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def _start_collector(processes: Processes, store: Path, environ: Mapping[str, str]) -> str:
    running = processes.start(
        _COLLECTOR,
        (
            *(sys.executable, "-m", "telemetry.collector", "--store", str(store)),
            *("--grpc-port", "0", "--http-port", "0"),
        ),
        env=environ,
        ready=said_json,
    )
    return f"http://127.0.0.1:{running.announced['http_port']}"


def _stop(sandbox: Sandbox, processes: Processes) -> None:
    try:
        sandbox.stop()
    finally:
        processes.stop_all()
