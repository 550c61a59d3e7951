"""What the shop is made of: the one list that launchers, drills and the services themselves read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSpec:
    """One service of the shop, as somebody who starts it must know it.

    Attributes:
        name: Its `service.name`.
        module: What `python -m` runs.
        stable_version: The `SERVICE_VERSION` that works.
        bad_releases: Versions with a defect, each with the one endpoint it breaks, such as `GET /search`.
        upstreams: Names of the services it calls; it finds each by the environment variable `<NAME>_URL`.
        database_role: The PostgreSQL role of its `DATABASE_URL`; None when it keeps nothing.
    """

    name: str
    module: str
    stable_version: str
    bad_releases: Mapping[str, str] = field(default_factory=dict)
    upstreams: tuple[str, ...] = ()
    database_role: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "bad_releases", MappingProxyType(dict(self.bad_releases)))

    @property
    def versions(self) -> tuple[str, ...]:
        """Every version that the service can be started as, the stable one first."""
        return (self.stable_version, *self.bad_releases)


# Callees come before their callers, which is also a good order to start them in.
SERVICES: tuple[ServiceSpec, ...] = (
    ServiceSpec(
        name="inventory",
        module="chaos.shop.inventory",
        stable_version="1.9.0",
        bad_releases={"2.0.0": "POST /reservations"},
        database_role="shop_inventory",
    ),
    ServiceSpec(
        name="payments",
        module="chaos.shop.payments",
        stable_version="3.1.0",
        bad_releases={"3.2.0": "POST /charges"},
    ),
    ServiceSpec(
        name="catalog",
        module="chaos.shop.catalog",
        stable_version="1.4.0",
        bad_releases={"1.5.0": "GET /products/{id}"},
        upstreams=("inventory",),
        database_role="shop_catalog",
    ),
    ServiceSpec(
        name="orders",
        module="chaos.shop.orders",
        stable_version="2.3.0",
        bad_releases={"2.4.0": "GET /orders"},
        upstreams=("inventory", "payments"),
        database_role="shop_orders",
    ),
    ServiceSpec(
        name="gateway",
        module="chaos.shop.gateway",
        stable_version="5.2.0",
        bad_releases={"5.3.0": "GET /search"},
        upstreams=("catalog", "orders"),
    ),
)


def service(name: str) -> ServiceSpec:
    """Find a service by name.

    Raises:
        KeyError: The shop has no such service.
    """
    for spec in SERVICES:
        if spec.name == name:
            return spec
    raise KeyError(f"the shop has no service {name!r}; it has {', '.join(spec.name for spec in SERVICES)}")
