"""Settings files with ports of their own, for tests that start real processes."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from pathlib import Path

from ui.settings import Settings


def free_ports(count: int) -> list[int]:
    """Find ports that nobody listens on, all different."""
    with ExitStack() as opened:
        probes = [opened.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def write_config(folder: Path) -> dict[str, int]:
    """Write a `firedrill.toml` in which every port is free; gives the ports by key."""
    keys = [key for key, _ in Settings().ports()]
    ports = dict(zip(keys, free_ports(len(keys)), strict=True))
    lines = [f"{key} = {port}" for key, port in ports.items()]  # Dotted keys at the top are sections, too.
    (folder / "firedrill.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return ports
