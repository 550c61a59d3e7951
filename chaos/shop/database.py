"""The shop's database: prepared on any PostgreSQL, and run from a wheel where there is none."""

from __future__ import annotations

import argparse
import json
import secrets
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote, urlencode

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from chaos.shop.errors import DatabaseError
from chaos.shop.goods import INITIAL_STOCK, products
from chaos.shop.postgres import start_postgres
from chaos.shop.services import SERVICES
from chaos.shop.tables import TABLES

CONNECT_SECONDS = 10
# Any number will do that nobody else locks: two preparations at once must take turns.
PREPARATION_LOCK = 4_051_977
ADMIN_SCHEMA = "shop_admin"


def prepare(admin_url: str) -> dict[str, str]:
    """Make the shop's roles, schemas, tables and goods, and give each service's own address of the database.

    Doing it again changes nothing and gives the same addresses: passwords are drawn once and kept in a schema that
    only the administrator can read. A role that had been shut out is let in again.

    Args:
        admin_url: A `postgresql://` address of a role that may create roles and schemas.

    Raises:
        DatabaseError: The address is wrong, the server does not answer, or the role may not do this.
    """
    keepers = {spec.name: spec.database_role for spec in SERVICES if spec.database_role}
    target = "the database server"
    try:
        target = _without_password(admin_url)
        with psycopg.connect(admin_url, connect_timeout=CONNECT_SECONDS) as connection:
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (PREPARATION_LOCK,))
            passwords = {role: _prepare_role(connection, role) for role in keepers.values()}
            for service, role in keepers.items():
                _prepare_tables(connection, service, role)
            _stock_shelves(connection)
    except psycopg.ProgrammingError as error:
        raise DatabaseError(f"{target} cannot be prepared for the shop: {_reason(error)}") from error
    except psycopg.OperationalError as error:
        raise DatabaseError(
            f"{target} does not answer: {_reason(error)}. Is the server running, and is the address right?"
        ) from error
    return {service: _url_for(admin_url, role, passwords[role]) for service, role in keepers.items()}


def _prepare_role(connection: psycopg.Connection, role: str) -> str:
    connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(ADMIN_SCHEMA)))
    credentials = sql.Identifier(ADMIN_SCHEMA, "credentials")
    connection.execute(
        sql.SQL("CREATE TABLE IF NOT EXISTS {} (role text PRIMARY KEY, password text NOT NULL)").format(credentials)
    )
    connection.execute(
        sql.SQL("INSERT INTO {} VALUES (%s, %s) ON CONFLICT (role) DO NOTHING").format(credentials),
        (role, secrets.token_urlsafe(24)),
    )
    row = connection.execute(sql.SQL("SELECT password FROM {} WHERE role = %s").format(credentials), (role,)).fetchone()
    password = str(row[0]) if row else ""
    exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
    verb = sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}" if exists else "CREATE ROLE {} LOGIN PASSWORD {}")
    connection.execute(verb.format(sql.Identifier(role), sql.Literal(password)))
    return password


def _prepare_tables(connection: psycopg.Connection, service: str, role: str) -> None:
    name = sql.Identifier(role)
    # The default search path begins with the schema named like the role, so queries need not say which.
    connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(name))
    connection.execute(sql.SQL("SET LOCAL search_path TO {}").format(name))
    connection.execute(TABLES[service].encode())
    connection.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(name, name))
    connection.execute(
        sql.SQL("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {} TO {}").format(name, name)
    )


def _stock_shelves(connection: psycopg.Connection) -> None:
    goods = list(products())
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO shop_catalog.products (id, name, category, description, price_cents)"
            " VALUES (%s, %s, %s, %s, %s) ON CONFLICT (id) DO NOTHING",
            [(good.id, good.name, good.category, good.description, good.price_cents) for good in goods],
        )
        cursor.executemany(
            "INSERT INTO shop_inventory.stock VALUES (%s, %s) ON CONFLICT (product_id) DO NOTHING",
            [(good.id, INITIAL_STOCK) for good in goods],
        )


def _url_for(admin_url: str, role: str, password: str) -> str:
    parts = conninfo_to_dict(admin_url)
    database = quote(str(parts.pop("dbname", "") or parts.get("user", "")), safe="")
    kept = {key: str(value) for key, value in parts.items() if key not in {"user", "password"}}
    return f"postgresql://{quote(role)}:{quote(password, safe='')}@/{database}?{urlencode(kept, quote_via=quote)}"


def _without_password(url: str) -> str:
    parts = conninfo_to_dict(url)
    return f"the database {parts.get('dbname', '')!r} at {parts.get('host', 'localhost')} as {parts.get('user', '')!r}"


def _reason(error: psycopg.Error) -> str:
    return error.diag.message_primary or str(error).strip()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the embedded server until SIGTERM or SIGINT; say its address in one line of JSON once it is ready."""
    parser = argparse.ArgumentParser(prog="python -m chaos.shop.database", description=main.__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the server's data; made if missing")
    options = parser.parse_args(arguments)
    stops = (signal.SIGTERM, signal.SIGINT)
    # Blocked before the server starts, so that no signal can end us and leave it running.
    signal.pthread_sigmask(signal.SIG_BLOCK, stops)
    try:
        server = start_postgres(options.data)
    except DatabaseError as error:
        print(error, file=sys.stderr)
        return 3
    try:
        print(json.dumps({"admin_url": server.admin_url}), flush=True)
        signal.sigwait(stops)
    finally:
        server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
