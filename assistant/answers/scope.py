"""What a question is about, told from the names in it and from nothing else."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from assistant.diagnosis.values import Diagnosis, Evidence, Hypothesis

# Words of names that say nothing about which one is meant.
_GENERIC: Final = frozenset(
    {
        *(
            "api",
            "app",
            "backend",
            "id",
            "server",
            "service",
            "services",
            "servicio",
            "servico",
            "svc",
            "v1",
            "v2",
            "v3",
        ),
        *("connect", "delete", "get", "head", "options", "patch", "post", "put", "trace"),
    }
)
_TOKEN: Final = re.compile(r"[a-z0-9]+|[^\W_a-z0-9]+")
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_PLACEHOLDER: Final = re.compile(r"\{[^}]*\}|<[^>]*>|:\w+")
_SHORTEST_STEM: Final = 4
_LONGEST_ENDING: Final = 2


@dataclass(frozen=True, slots=True, order=True)
class Operation:
    """An operation of a service, such as `POST /checkout` at `gateway`."""

    service: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a question is about.

    Attributes:
        services: Services it names, in the order they are known.
        operations: Operations it names, in the order they are known.
    """

    services: tuple[str, ...] = ()
    operations: tuple[Operation, ...] = ()

    @property
    def whole_system(self) -> bool:
        """True when nothing known is named, so the question is about everything."""
        return not self.services and not self.operations

    @property
    def services_concerned(self) -> tuple[str, ...]:
        """The services named, and those whose operations are named."""
        return tuple(dict.fromkeys((*self.services, *(operation.service for operation in self.operations))))

    def covers(self, evidence: Evidence) -> bool:
        """Say whether evidence was seen on what was asked about."""
        return self._names(evidence.service, evidence.operation)

    def holds_cause(self, hypothesis: Hypothesis) -> bool:
        """Say whether the cause lies in what was asked about."""
        linked = hypothesis.link is not None and any(end in self.services for end in hypothesis.link)
        return linked or self._names(hypothesis.service, hypothesis.operation)

    def _names(self, service: str, operation: str | None) -> bool:
        if service in self.services:
            return True
        return operation is not None and Operation(service, operation) in self.operations


WHOLE_SYSTEM: Final = Scope()


def scope_of(question: str, services: Iterable[str], operations: Iterable[Operation] = ()) -> Scope:
    """Find the services and operations that a question names.

    Words are compared without case and accents; `order`, `orders`, `catálogo` and `catalog` meet, as they differ by
    at most two letters at the end. Nothing is translated: `pagamentos` does not find `payments`. Names of several words
    are found by all of their words, or, where no name is found whole, by one of them.
    """
    asked = frozenset(_tokens(question))
    known_services = {name: _name_tokens(name) for name in services}
    known_operations = {operation: _name_tokens(operation.name) for operation in operations}
    for enough in (all, any):
        scope = Scope(
            services=tuple(name for name, tokens in known_services.items() if _is_named(tokens, asked, enough)),
            operations=tuple(one for one, tokens in known_operations.items() if _is_named(tokens, asked, enough)),
        )
        if not scope.whole_system:
            return scope
    return WHOLE_SYSTEM


def names_in(diagnosis: Diagnosis) -> tuple[tuple[str, ...], tuple[Operation, ...]]:
    """Give the services and operations that a diagnosis speaks of, for use where no others are known."""
    spoken: list[Evidence | Hypothesis] = [*diagnosis.evidence, *diagnosis.hypotheses]
    links = (end for hypothesis in diagnosis.hypotheses if hypothesis.link for end in hypothesis.link)
    services = dict.fromkeys((*(one.service for one in spoken), *links))
    operations = dict.fromkeys(Operation(one.service, one.operation) for one in spoken if one.operation)
    return tuple(name for name in services if name), tuple(operations)


def _is_named(tokens: tuple[str, ...], asked: frozenset[str], enough: Callable[[Iterable[object]], bool]) -> bool:
    return bool(tokens) and enough(any(_same_word(token, word) for word in asked) for token in tokens)


def _tokens(text: str) -> list[str]:
    decomposed = unicodedata.normalize("NFKD", text)
    return _TOKEN.findall("".join(char for char in decomposed if not unicodedata.combining(char)).casefold())


def _name_tokens(name: str) -> tuple[str, ...]:
    tokens = _tokens(_CAMEL.sub(" ", _PLACEHOLDER.sub(" ", name)))
    return tuple(token for token in tokens if token not in _GENERIC)


def _same_word(one: str, other: str) -> bool:
    shorter, longer = sorted((one, other), key=len)
    if shorter == longer:
        return True
    near = len(shorter) >= _SHORTEST_STEM and len(longer) - len(shorter) <= _LONGEST_ENDING
    return near and longer.startswith(shorter)
