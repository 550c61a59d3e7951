"""What is drilled: every fault that the shop can be given, with what shows it and what is then true. Data only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from assistant.taxonomy import FaultKind
from bench.shop_effects import CallsHurt, Effect, RequestsHurt, Silence, StatementsSlow, Surge
from bench.shop_faults import BadRelease, DatabaseRefused, Fault, Flood, Killed, LinkBroken, Nothing, TableLocked
from chaos.shop.services import SERVICES

_DELAY_MILLISECONDS: Final = 700.0
_JITTER_MILLISECONDS: Final = 200.0
# Half of the calls are at least this slow under that delay; a healthy call takes a few milliseconds.
_DELAYED_MILLISECONDS: Final = 400.0
_WAITED_MILLISECONDS: Final = 100.0
_SURGE_PER_SECOND: Final = 60.0
_LINK_MODES: Final = ("delay", "reset", "swallow", "refuse")
_FLOODED: Final = {
    "home": "/",
    "products": "/products?category=queijos&page=1",
    "history": "/orders?customer=ana-1",
    "search": "/search?q=queijo",
}
_LOCKED_TABLES: Final = {"catalog": "products", "inventory": "stock", "orders": "orders"}
QUIET_RUNS: Final = 6
# What the experiments that ship with the product break; nobody may call these never drilled.
DRILLED: Final = frozenset(
    {
        "database-refused-orders",
        "flood-search",
        "link-swallow-orders-payments",
        "release-catalog-1.5.0",
        "release-inventory-2.0.0",
    }
)


@dataclass(frozen=True, slots=True)
class Truth:
    """What is broken: the service at fault (of a link, the callee), its kind, and the endpoint where there is one."""

    service: str
    kind: FaultKind
    operation: str | None = None


@dataclass(frozen=True, slots=True)
class Drill:
    """One thing to record.

    Attributes:
        name: Unique in the matrix.
        fault: What is broken.
        effect: What shows it; None where there is nothing to wait for.
        truth: What is then true; None for a quiet run.
    """

    name: str
    fault: Fault
    effect: Effect | None
    truth: Truth | None

    @property
    def drilled_before(self) -> bool:
        """Whether an experiment that ships with the product does the same."""
        return self.name in DRILLED


def matrix() -> tuple[Drill, ...]:
    """List everything that can be drilled, the quiet runs last; each list is fresh, as faults may have state."""
    return (*_databases(), *_links(), *_releases(), *_floods(), *_deaths(), *_locks(), *_quiet())


def _databases() -> list[Drill]:
    return [
        Drill(
            f"database-refused-{spec.name}",
            DatabaseRefused(spec.name),
            RequestsHurt(spec.name),
            Truth(spec.name, FaultKind.DATABASE_CONNECTION),
        )
        for spec in SERVICES
        if spec.database_role
    ]


def _links() -> list[Drill]:
    found = []
    for spec in SERVICES:
        for callee in spec.upstreams:
            for mode in _LINK_MODES:
                held_up = (_DELAY_MILLISECONDS, _JITTER_MILLISECONDS) if mode == "delay" else (0.0, 0.0)
                found.append(
                    Drill(
                        f"link-{mode}-{spec.name}-{callee}",
                        LinkBroken(spec.name, callee, mode, *held_up),
                        CallsHurt(spec.name, callee, _DELAYED_MILLISECONDS),
                        Truth(callee, FaultKind.NETWORK_LINK),
                    )
                )
    return found


def _releases() -> list[Drill]:
    return [
        Drill(
            f"release-{spec.name}-{version}",
            BadRelease(spec.name, version),
            RequestsHurt(spec.name, operation),
            Truth(spec.name, FaultKind.BAD_VERSION, operation),
        )
        for spec in SERVICES
        for version, operation in spec.bad_releases.items()
    ]


def _floods() -> list[Drill]:
    return [
        Drill(
            f"flood-{name}",
            Flood(path),
            Surge("gateway", _SURGE_PER_SECOND),
            Truth("gateway", FaultKind.REQUEST_FLOOD),
        )
        for name, path in _FLOODED.items()
    ]


def _deaths() -> list[Drill]:
    callers = {callee: spec.name for spec in SERVICES for callee in spec.upstreams}
    return [
        Drill(
            f"killed-{spec.name}",
            Killed(spec.name),
            CallsHurt(callers[spec.name], spec.name) if spec.name in callers else Silence(spec.name),
            Truth(spec.name, FaultKind.SERVICE_DOWN),
        )
        for spec in SERVICES
    ]


def _locks() -> list[Drill]:
    return [
        Drill(
            f"locked-{service}-{table}",
            TableLocked(service, table),
            StatementsSlow(service, _WAITED_MILLISECONDS),
            Truth(service, FaultKind.SLOW_DATABASE),
        )
        for service, table in _LOCKED_TABLES.items()
    ]


def _quiet() -> list[Drill]:
    return [Drill(f"quiet-{number}", Nothing(), None, None) for number in range(1, QUIET_RUNS + 1)]
