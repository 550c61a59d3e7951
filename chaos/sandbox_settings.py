from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from chaos.shop.services import SERVICES

DEFAULT_PORTS: Final[Mapping[str, int]] = MappingProxyType(
    {"gateway": 8080, "catalog": 8081, "orders": 8082, "payments": 8083, "inventory": 8084}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkSettings:
    """A call between two services that goes through the link proxy.

    Attributes:
        caller: The service that calls.
        callee: The service that is called.
        port: Where the proxy listens for the caller; 0 for any free one.
    """

    caller: str
    callee: str
    port: int = 0

    def __post_init__(self) -> None:
        spec = next((spec for spec in SERVICES if spec.name == self.caller), None)
        if spec is None or self.callee not in spec.upstreams:
            raise ValueError(f"the shop has no call from {self.caller!r} to {self.callee!r}")

    @property
    def name(self) -> str:
        """Name of the link, as faults take it."""
        return f"{self.caller}-{self.callee}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxSettings:
    """How the shop is to be run on this machine.

    Attributes:
        ports: Port of every service; 0 for any free one.
        links: Calls that go through the proxy and can be disturbed there.
        control_port: Where the proxy takes orders; 0 for any free one.
        database_url: Address of a PostgreSQL server with the rights of an administrator; None for our own.
        otlp_endpoint: Base address of the OTLP/HTTP receiver; None for a shop without telemetry.
        environment: The `deployment.environment.name`.
        load_users: How many customers visit at once; a dozen make about 13 requests a second.
        load_daily: Whether their number follows the hours of a (short) day.
        metric_interval_milliseconds: Time between two exports of metrics.
        start_seconds: How long each process may take until it is ready.
    """

    ports: Mapping[str, int] = field(default_factory=lambda: DEFAULT_PORTS)
    links: tuple[LinkSettings, ...] = (LinkSettings(caller="orders", callee="payments", port=8091),)
    control_port: int = 8090
    database_url: str | None = field(default=None, repr=False)
    otlp_endpoint: str | None = "http://127.0.0.1:4318"
    environment: str = "demo"
    load_users: int = 12
    load_daily: bool = False
    metric_interval_milliseconds: int = 2000
    start_seconds: float = 40.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "ports", MappingProxyType(dict(self.ports)))
        names = {spec.name for spec in SERVICES}
        if set(self.ports) != names:
            raise ValueError(f"ports must name exactly {', '.join(sorted(names))}, got {', '.join(sorted(self.ports))}")
        fixed = [
            port for port in (*self.ports.values(), self.control_port, *(link.port for link in self.links)) if port
        ]
        if any(not 0 < port < 2**16 for port in fixed):
            raise ValueError(f"ports lie between 1 and 65535 (0 for any free one), got {fixed}")
        if len(set(fixed)) < len(fixed):
            raise ValueError(f"a port is given twice in {fixed}")
        if len({link.name for link in self.links}) < len(self.links):
            raise ValueError("a link is given twice")


def free_ports() -> SandboxSettings:
    """Give settings under which a second shop can run beside the first: any free ports, no telemetry."""
    return SandboxSettings(
        ports=dict.fromkeys(DEFAULT_PORTS, 0),
        links=(LinkSettings(caller="orders", callee="payments"),),
        control_port=0,
        otlp_endpoint=None,
    )
