"""Far more requests than usual arrive at the gateway, from a process outside of the shop."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from chaos.errors import BadArgument, DidNotStart, FaultError, FaultFailed
from chaos.processes import Processes
from chaos.readiness import said_json
from chaos.sandbox import find_sandbox

FLOOD_PROCESS: Final = "flood"
DEFAULT_PATH: Final = "/search?q=queijo"
DEFAULT_USERS: Final = 100
# One gateway carries some 200 a second on one core of a 2020s server; more than that queues, and is then refused.
DEFAULT_REQUESTS_PER_SECOND: Final = 240.0
DEFAULT_LIMIT_SECONDS: Final = 120
MOST_USERS: Final = 500
MOST_REQUESTS_PER_SECOND: Final = 1000.0
LONGEST_SECONDS: Final = 600
_LOCAL_HOSTS: Final = ("127.0.0.1", "localhost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Flood:
    """How much is sent where; as `start_flood` describes its arguments.

    Raises:
        FaultError: A number is out of bounds.
    """

    target_path: str
    users: int
    requests_per_second: float
    limit_seconds: int

    def __post_init__(self) -> None:
        if not self.target_path.startswith("/") or self.target_path.startswith("//"):
            raise FaultError(f"target_path must be a path such as {DEFAULT_PATH}, got {self.target_path!r}")
        bounds = (
            ("users", self.users, MOST_USERS),
            ("requests_per_second", self.requests_per_second, MOST_REQUESTS_PER_SECOND),
            ("limit_seconds", self.limit_seconds, LONGEST_SECONDS),
        )
        for name, value, most in bounds:
            if not 1 <= value <= most:
                raise FaultError(f"{name} must lie between 1 and {most:g}, got {value:g}")


def start_flood(
    target_path: str = DEFAULT_PATH,
    users: int = DEFAULT_USERS,
    requests_per_second: float = DEFAULT_REQUESTS_PER_SECOND,
    limit_seconds: int = DEFAULT_LIMIT_SECONDS,
) -> dict[str, Any]:
    """Flood the gateway with GET requests until `stop_flood`, or until the limit; replaces a flood that runs.

    Args:
        target_path: What is asked for, with its query.
        users: Requests that may be under way at once: what bounds the flood once the gateway is slow.
        requests_per_second: What is sent while the gateway keeps up.
        limit_seconds: After this the flood ends by itself.

    Raises:
        FaultError: An argument is out of bounds, or the gateway is not on this machine; nothing was touched.
        FaultFailed: The load generator did not start.
    """
    flood = Flood(
        target_path=target_path, users=users, requests_per_second=requests_per_second, limit_seconds=limit_seconds
    )
    sandbox = find_sandbox()
    gateway = sandbox.state().service("gateway").url
    argv = _argv(flood, gateway)
    stop_flood()
    try:
        running = sandbox.processes.start(FLOOD_PROCESS, argv, env=sandbox.inherited, ready=said_json)
    except DidNotStart as error:
        raise FaultFailed(f"the flood did not start: {error}") from error
    return {"target": gateway + target_path, "pid": running.pid, **asdict(flood)}


def stop_flood() -> dict[str, Any]:
    """End the flood; no harm where there is none."""
    return {"stopped": _processes().stop(FLOOD_PROCESS, grace_seconds=1.0)}


def flood_is_running() -> bool:
    """Say whether the flood is still being sent."""
    return _processes().find(FLOOD_PROCESS) is not None


def require_local(url: str) -> None:
    """Make sure that an address is this machine's own.

    Raises:
        BadArgument: It is not; nothing is ever sent there.
    """
    host = urlsplit(url).hostname
    if host not in _LOCAL_HOSTS:
        raise BadArgument("flood target on this machine at", str(host), _LOCAL_HOSTS)


def _processes() -> Processes:
    return find_sandbox().processes


def _argv(flood: Flood, gateway: str) -> tuple[str, ...]:
    require_local(gateway)
    return (
        *(sys.executable, "-m", "locust", "-f", str(Path(__file__).with_name("flood_load.py")), "--headless"),
        *("--only-summary", "--host", gateway, "--users", str(flood.users), "--spawn-rate", str(flood.users)),
        *("--run-time", f"{flood.limit_seconds}s", "--stop-timeout", "0", "--path", flood.target_path),
        *("--rate", f"{flood.requests_per_second / flood.users:g}", "--limit", str(flood.limit_seconds)),
    )
