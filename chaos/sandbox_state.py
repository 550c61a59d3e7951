"""What a running sandbox looks like, written to `sandbox.json` so that other processes find its parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from chaos.errors import BadArgument, NoSandbox, StateBroken
from chaos.ports import choose_ports
from chaos.sandbox_settings import SandboxSettings
from chaos.shop.services import SERVICES, ServiceSpec
from chaos.state_file import StateFile

STATE_NAME: Final = "sandbox.json"
SECRETS_NAME: Final = "sandbox-secrets.json"


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ServiceState(_Value):
    """A service as it runs now.

    Attributes:
        name: Its `service.name`, also the name of its process.
        port: Where it listens on 127.0.0.1.
        version: What it runs as.
        previous_version: What a roll-back would take it to; None when nothing was deployed since.
    """

    name: str
    port: int
    version: str
    previous_version: str | None = None

    @property
    def url(self) -> str:
        """Its base address."""
        return f"http://127.0.0.1:{self.port}"


class LinkState(_Value):
    """A call that goes through the proxy, which listens for the caller on 127.0.0.1 at `port`."""

    name: str
    caller: str
    callee: str
    port: int


class SandboxState(_Value):
    """A running sandbox; the secrets of its database lie in a file of their own.

    Attributes:
        environment: The `deployment.environment.name`.
        otlp_endpoint: Base address of the OTLP/HTTP receiver, None without telemetry.
        metric_interval_milliseconds: Time between two exports of metrics.
        start_seconds: How long a service may take until it is ready.
        control_url: Where the link proxy takes orders.
        services: Every service by name.
        links: Every link by name.
    """

    environment: str
    otlp_endpoint: str | None
    metric_interval_milliseconds: int
    start_seconds: float
    control_url: str
    services: Mapping[str, ServiceState]
    links: Mapping[str, LinkState]

    @property
    def ports(self) -> tuple[int, ...]:
        """Where the services and the links listen."""
        return (*(each.port for each in self.services.values()), *(each.port for each in self.links.values()))

    def service(self, name: str) -> ServiceState:
        """Find a service.

        Raises:
            BadArgument: There is none of that name.
        """
        if name not in self.services:
            raise BadArgument("service", name, self.services)
        return self.services[name]

    def link(self, name: str) -> LinkState:
        """Find a link.

        Raises:
            BadArgument: There is none of that name.
        """
        if name not in self.links:
            raise BadArgument("link", name, self.links)
        return self.links[name]

    def with_service(self, service: ServiceState) -> SandboxState:
        """Give the same state with one service replaced."""
        return self.model_copy(update={"services": {**self.services, service.name: service}})

    def upstream_url(self, caller: str, callee: str) -> str:
        """Say where a service finds another: at the proxy where their link goes through it."""
        for link in self.links.values():
            if (link.caller, link.callee) == (caller, callee):
                return f"http://127.0.0.1:{link.port}"
        return self.services[callee].url


class Secrets(_Value):
    """What gives access to the database.

    Attributes:
        admin_url: Address with the rights of an administrator.
        database_urls: Address for every service that has a database, with its own rights.
    """

    admin_url: str
    database_urls: Mapping[str, str]


def plan(settings: SandboxSettings) -> SandboxState:
    """Decide where everything will listen, before anything does; all at stable versions, no control address yet."""
    ports = choose_ports((*settings.ports.values(), *(link.port for link in settings.links)))
    by_service = dict(zip(settings.ports, ports, strict=False))
    services = {
        spec.name: ServiceState(name=spec.name, port=by_service[spec.name], version=spec.stable_version)
        for spec in SERVICES
    }
    links = {
        link.name: LinkState(name=link.name, caller=link.caller, callee=link.callee, port=port)
        for link, port in zip(settings.links, ports[len(settings.ports) :], strict=True)
    }
    return SandboxState(
        environment=settings.environment,
        otlp_endpoint=settings.otlp_endpoint,
        metric_interval_milliseconds=settings.metric_interval_milliseconds,
        start_seconds=settings.start_seconds,
        control_url="",
        services=services,
        links=links,
    )


def service_environment(
    spec: ServiceSpec, state: SandboxState, database_urls: Mapping[str, str], inherited: Mapping[str, str]
) -> dict[str, str]:
    """Put together the whole environment of one service's process."""
    service = state.service(spec.name)
    environment = {
        **inherited,
        "HOST": "127.0.0.1",
        "PORT": str(service.port),
        "SERVICE_VERSION": service.version,
        "DEPLOYMENT_ENVIRONMENT": state.environment,
        "OTEL_METRIC_EXPORT_INTERVAL": str(state.metric_interval_milliseconds),
    }
    environment |= {f"{name.upper()}_URL": state.upstream_url(spec.name, name) for name in spec.upstreams}
    if spec.database_role:
        environment["DATABASE_URL"] = database_urls[spec.name]
    if state.otlp_endpoint:
        environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = state.otlp_endpoint
    return environment


_Model = TypeVar("_Model", bound=BaseModel)


def read_state(file: StateFile) -> SandboxState:
    """Read `sandbox.json`.

    Raises:
        NoSandbox: There is none.
        StateBroken: It is not what we wrote.
    """
    return _read(file, SandboxState)


def read_secrets(file: StateFile) -> Secrets:
    """Read the secrets beside `sandbox.json`.

    Raises:
        NoSandbox: There are none.
        StateBroken: They are not what we wrote.
    """
    return _read(file, Secrets)


def _read(file: StateFile, model: type[_Model]) -> _Model:
    content = file.read()
    if content is None:
        raise NoSandbox(f"there is no running sandbox at {file.path}; start one first")
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]  # The input may be a secret.
        where = ".".join(str(part) for part in first["loc"])
        raise StateBroken(file.path, f"has a wrong {where or 'form'}: {first['msg']}") from error
