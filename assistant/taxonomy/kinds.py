"""The kinds of fault that a diagnosis can name, and what an engineer does about each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FaultKind(StrEnum):
    """What is wrong, in one word that people, entries and scores share."""

    DATABASE_CONNECTION = "database_connection"
    REQUEST_FLOOD = "request_flood"
    NETWORK_LINK = "network_link"
    BAD_VERSION = "bad_version"
    CODE_ERROR = "code_error"
    WRONG_ANSWER = "wrong_answer"
    SLOW_CODE = "slow_code"
    SLOW_DATABASE = "slow_database"
    RESOURCE_EXHAUSTION = "resource_exhaustion"
    SERVICE_DOWN = "service_down"


@dataclass(frozen=True, slots=True, kw_only=True)
class KindDescription:
    """How a kind is spoken of.

    Attributes:
        title: A few words for tables and headings.
        meaning: One sentence that tells this kind from its neighbours.
        next_steps: What to do first, most useful first.
    """

    title: str
    meaning: str
    next_steps: tuple[str, ...]


DESCRIPTIONS: dict[FaultKind, KindDescription] = {
    FaultKind.DATABASE_CONNECTION: KindDescription(
        title="database connection",
        meaning="The service cannot get a working connection to its database.",
        next_steps=(
            "Try the service's own database credentials from its host: does the server accept them?",
            "Look at the database server's log and its connection count against the limit.",
            "Check what changed for that role: password, login right, connection limit, network rule.",
        ),
    ),
    FaultKind.REQUEST_FLOOD: KindDescription(
        title="request flood",
        meaning="More requests arrive from outside than the service can carry (excess load, denial of service).",
        next_steps=(
            "Look at who sends: one client, one endpoint, or everybody?",
            "Limit the rate at the edge, or block the source.",
            "If the load is legitimate, scale the service that saturates first.",
        ),
    ),
    FaultKind.NETWORK_LINK: KindDescription(
        title="network link",
        meaning="Calls between two services fail or hang on the way; the callee does not see them, or is not slow.",
        next_steps=(
            "From the caller's host, open a connection to the callee: refused, reset or silent?",
            "Check what lies between: proxy, service mesh, network policy, DNS, certificates.",
            "If the callee is optional, open the circuit breaker so that callers stop waiting.",
        ),
    ),
    FaultKind.BAD_VERSION: KindDescription(
        title="bad version",
        meaning="A newly deployed version of the service fails or is slow where the version before was not.",
        next_steps=(
            "Roll the service back to the version before.",
            "Read the first new error line and stack trace of the new version.",
            "Hold further roll-outs of this version.",
        ),
    ),
    FaultKind.CODE_ERROR: KindDescription(
        title="error in the service",
        meaning="The service itself fails requests, and nothing below it fails and nothing was deployed.",
        next_steps=(
            "Read the new error lines and the stack traces of the failing operation.",
            "Look for changed input, configuration, feature flags or data rather than code.",
        ),
    ),
    FaultKind.WRONG_ANSWER: KindDescription(
        title="wrong answer",
        meaning="The service answers without an error, but does less than before: calls or log lines that used to "
        "follow are missing.",
        next_steps=(
            "Compare an answer of the operation with one from before: what is empty, shorter or a default?",
            "Find the last step that is still seen in a trace or in the log; the work ends right after it.",
            "Look for a changed condition, feature flag, input or configuration that returns early.",
        ),
    ),
    FaultKind.SLOW_CODE: KindDescription(
        title="slow service",
        meaning="The service spends longer in itself than before, and nothing below it explains it.",
        next_steps=(
            "Look at the processor use and garbage collection of the service's instances.",
            "Take a profile of a slow operation, or compare a slow trace with one from before.",
        ),
    ),
    FaultKind.SLOW_DATABASE: KindDescription(
        title="slow database",
        meaning="The service waits longer for its database than before; its connections work.",
        next_steps=(
            "Look at the database's running queries and at what each waits for (locks, disk, processor).",
            "Compare the slow query's plan with the plan from before; check for a missing index or stale statistics.",
        ),
    ),
    FaultKind.RESOURCE_EXHAUSTION: KindDescription(
        title="resource exhaustion",
        meaning="An instance runs out of processor, memory, connections or another limited resource.",
        next_steps=(
            "See which resource is at its limit, and on which instances.",
            "Raise the limit or add instances, then look for the leak.",
        ),
    ),
    FaultKind.SERVICE_DOWN: KindDescription(
        title="service down",
        meaning="The service stopped sending telemetry and its callers cannot reach it.",
        next_steps=(
            "Is the process running? Look at its last lines and its exit code.",
            "Start it again; if it dies again, roll back.",
        ),
    ),
}
