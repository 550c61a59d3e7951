"""A fault as (component, class, mechanism): where it lies, how it shows, and how it comes about.

The classes are the failure modes of Avižienis, Laprie, Randell and Landwehr, "Basic Concepts and Taxonomy of Dependable
and Secure Computing" (IEEE TDSC 1(1), 2004): content failures, signalled or not, timing failures, and halts.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from assistant.taxonomy.kinds import FaultKind


class Component(StrEnum):
    """Where the fault lies."""

    SERVICE = "service"
    DATABASE = "database"
    NETWORK = "network"
    INSTANCE = "instance"
    LOAD = "load"


class Failure(StrEnum):
    """How it shows to whoever calls: the class of the fault."""

    ERROR = "error"
    WRONG = "wrong"
    LATE = "late"
    HALT = "halt"


class Mechanism(StrEnum):
    """How it comes about."""

    CHANGE = "change"
    EXCEPTION = "exception"
    OMISSION = "omission"
    COMPUTATION = "computation"
    QUERY = "query"
    CONNECTION = "connection"
    DELAY = "delay"
    LOSS = "loss"
    PROCESSOR = "processor"
    MEMORY = "memory"
    DISK = "disk"
    EXCESS = "excess"
    STOP = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultClass:
    """What a word says of a fault; an empty part is one of which it says nothing.

    Attributes:
        kind: The kind that the word means, None where it is too vague to mean one.
        components: Where the fault may lie, any one of these.
        failures: How it may show, any one of these.
        mechanisms: How it may come about, any one of these.
    """

    kind: FaultKind | None = None
    components: frozenset[Component] = frozenset()
    failures: frozenset[Failure] = frozenset()
    mechanisms: frozenset[Mechanism] = frozenset()


def _kind(
    kind: FaultKind, component: Component, failures: tuple[Failure, ...], *mechanisms: Mechanism
) -> tuple[FaultKind, FaultClass]:
    return kind, FaultClass(
        kind=kind,
        components=frozenset({component}),
        failures=frozenset(failures),
        mechanisms=frozenset(mechanisms),
    )


CLASSES: Final[dict[FaultKind, FaultClass]] = dict(
    (
        _kind(FaultKind.DATABASE_CONNECTION, Component.DATABASE, (Failure.ERROR,), Mechanism.CONNECTION),
        _kind(FaultKind.REQUEST_FLOOD, Component.LOAD, (Failure.LATE, Failure.ERROR), Mechanism.EXCESS),
        _kind(
            FaultKind.NETWORK_LINK,
            Component.NETWORK,
            (Failure.LATE, Failure.ERROR),
            Mechanism.DELAY,
            Mechanism.LOSS,
            Mechanism.CONNECTION,
        ),
        # A bad version may fail in any way, so its kind says nothing of the class.
        _kind(FaultKind.BAD_VERSION, Component.SERVICE, (), Mechanism.CHANGE),
        _kind(FaultKind.CODE_ERROR, Component.SERVICE, (Failure.ERROR,), Mechanism.EXCEPTION),
        _kind(FaultKind.WRONG_ANSWER, Component.SERVICE, (Failure.WRONG,), Mechanism.OMISSION),
        _kind(FaultKind.SLOW_CODE, Component.SERVICE, (Failure.LATE,), Mechanism.COMPUTATION),
        _kind(FaultKind.SLOW_DATABASE, Component.DATABASE, (Failure.LATE,), Mechanism.QUERY),
        _kind(
            FaultKind.RESOURCE_EXHAUSTION,
            Component.INSTANCE,
            (Failure.LATE,),
            Mechanism.PROCESSOR,
            Mechanism.MEMORY,
            Mechanism.DISK,
            Mechanism.CONNECTION,
        ),
        _kind(FaultKind.SERVICE_DOWN, Component.INSTANCE, (Failure.HALT,), Mechanism.STOP),
    )
)
