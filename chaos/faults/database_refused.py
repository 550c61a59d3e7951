"""The database no longer lets a service in: its role may not log in, and its sessions are ended."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from psycopg import sql

from chaos.errors import BadArgument, FaultFailed
from chaos.sandbox import Sandbox, find_sandbox
from chaos.shop.services import SERVICES

_CONNECT_SECONDS: Final = 5
_EMPTY_SECONDS: Final = 5.0
_SESSION_END_MILLISECONDS: Final = 1000


def refuse_connections(service: str) -> dict[str, Any]:
    """Take the right to log in from a service's role, then end its sessions.

    Raises:
        BadArgument: No such service, or it has no database; nothing was touched.
        FaultFailed: The database does not answer or does not obey.
    """
    role, sandbox = _role(service), find_sandbox()
    with _admin(sandbox, service) as connection:
        _require_role(connection, role)
        connection.execute(sql.SQL("ALTER ROLE {} NOLOGIN").format(sql.Identifier(role)))
        ended = _end_sessions(connection, role)
    return {"service": service, "role": role, "refused": True, "sessions_ended": ended}


def accept_connections(service: str) -> dict[str, Any]:
    """Give a service's role the right to log in; the service has to come back by itself.

    Raises:
        BadArgument: No such service, or it has no database; nothing was touched.
        FaultFailed: The database does not answer or does not obey.
    """
    role, sandbox = _role(service), find_sandbox()
    with _admin(sandbox, service) as connection:
        _require_role(connection, role)
        connection.execute(sql.SQL("ALTER ROLE {} LOGIN").format(sql.Identifier(role)))
    return {"service": service, "role": role, "refused": False}


def connections_are_refused(service: str) -> bool:
    """Say whether a service's role may not log in.

    Raises:
        BadArgument: No such service, or it has no database.
        FaultFailed: The database does not answer.
    """
    role, sandbox = _role(service), find_sandbox()
    with _admin(sandbox, service) as connection:
        return not _require_role(connection, role)


def _role(service: str) -> str:
    roles = {spec.name: spec.database_role for spec in SERVICES if spec.database_role}
    if service not in roles:
        raise BadArgument("service with a database", service, roles)
    return roles[service]


@contextmanager
def _admin(sandbox: Sandbox, service: str) -> Iterator[psycopg.Connection]:
    try:
        url = sandbox.secrets().admin_url
        with psycopg.connect(url, autocommit=True, connect_timeout=_CONNECT_SECONDS) as connection:
            yield connection
    except psycopg.Error as error:
        raise FaultFailed(f"the database of {service} did not do as its administrator asked: {error}") from error


def _require_role(connection: psycopg.Connection, role: str) -> bool:
    """Say whether a role may log in; raise where there is no such role."""
    found = connection.execute("SELECT rolcanlogin FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
    if found is None:
        raise FaultFailed(f"the database has no role {role!r}; was it prepared for the shop?")
    return bool(found[0])


def _end_sessions(connection: psycopg.Connection, role: str) -> int:
    # Repeated, because a session that was being opened while the right was taken shows up a moment later.
    ended, deadline = 0, time.monotonic() + _EMPTY_SECONDS
    query = "SELECT pg_terminate_backend(pid, %s) FROM pg_stat_activity WHERE usename = %s"
    while sessions := connection.execute(query, (_SESSION_END_MILLISECONDS, role)).fetchall():
        ended += sum(1 for (gone,) in sessions if gone)
        if time.monotonic() > deadline:
            raise FaultFailed(f"{len(sessions)} sessions of {role!r} do not end; the role can no longer log in")
    return ended
