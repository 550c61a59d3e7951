"""What a failure is about, from what the failed span says: the service's own code, its database, or a call."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final, Literal

from assistant.diagnosis.trace_view import attributes_of

FailureSort = Literal["own_errors", "database_errors", "link_errors", "abandoned_calls"]

_SAID: Final = ("exception.type", "exception.message", "status.message", "otel.status_description", "error.type")
_EXCEPTION: Final = ("exception.type", "exception.message")

# Names of database products, drivers and pools, and the ports that databases listen on.
_DATABASE: Final = re.compile(
    r"postgres|psycopg|asyncpg|mysql|mariadb|sqlalchemy|sqlstate|sqltransient|jdbc|hikari|oracle|mongo|redis|cassandra"
    r"|database|\bsql\b|:(?:5432|3306|1521|1433|27017|6379)\b",
    re.IGNORECASE,
)
_CONNECTION: Final = re.compile(
    r"connect|communications? link|pool|too many clients|not permitted to log in|authentication|access denied|refused"
    r"|administrator command|server closed|shutting down|starting up|server ?selection"
    # What drivers of Python call it, in whatever language the message is.
    r"|operationalerror|interfaceerror",
    re.IGNORECASE,
)
# The classes of SQLSTATE that are about the connection: 08, 28 (not let in), 53 (no resources), 57P (shut down).
_SQLSTATE: Final = re.compile(r"(?:08|28|53)\w{3}|57P\w{2}")
_SQLSTATE_KEYS: Final = ("db.response.status_code", "db.postgresql.sqlstate", "db.sqlstate")


def sort_of_failure(kind: str, database: bool, abandoned: bool, attributes_text: str) -> FailureSort:
    """Say of what sort a failure is.

    Args:
        kind: Kind of the failed span.
        database: Whether it is a call to a database.
        abandoned: Whether its callee was still at work when the caller gave up.
        attributes_text: Attributes of the span, as recorded.
    """
    if kind == "CLIENT" and not database:
        return "abandoned_calls" if abandoned else "link_errors"
    attributes = attributes_of(attributes_text)
    said = " ".join(str(attributes.get(key) or "") for key in _SAID)
    # A statement that the database answered with an error is the fault of whoever wrote the statement.
    states = (str(attributes.get(key) or "") for key in _SQLSTATE_KEYS)
    connection = bool(_CONNECTION.search(said)) or any(_SQLSTATE.fullmatch(state) for state in states)
    if connection and (database or _DATABASE.search(said)):
        return "database_errors"
    return "own_errors"


def what_it_said(attributes_texts: Iterable[str]) -> tuple[str, ...]:
    """Give the commonest exceptions of some spans, exactly as written; untrusted text."""
    said: Counter[str] = Counter()
    for text in attributes_texts:
        attributes = attributes_of(text)
        exception = ": ".join(str(attributes[key]) for key in _EXCEPTION if attributes.get(key))
        if exception:
            said[exception] += 1
    return tuple(text for text, _ in said.most_common(3))
