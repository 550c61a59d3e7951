from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, select, text, update
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.orm import Session

from knowledge_base.errors import RecordsUnavailable
from knowledge_base.records.schema import bring_up_to_date
from knowledge_base.records.tables import ChangeRow

RECORDS_FILE: Final = "entries.sqlite"
# How long a writer waits for another process that writes, before it says so.
WAIT_SECONDS: Final = 30
_SUPPORTED: Final = ("sqlite", "postgresql")
_DRIVER: Final = "postgresql+psycopg"
_EXAMPLE: Final = f"{_DRIVER}://user:password@host/name"
_READ_CHANGE: Final = select(ChangeRow.number).where(ChangeRow.id == 1)


class Database:
    """The relational database of the knowledge base, SQLite or PostgreSQL, with its tables up to date.

    Safe to share between threads. Whoever writes through `writing` does so one after the other, in this process and in
    others on the same database. Every method raises `RecordsUnavailable` where the database does not answer.

    Take no lock inside of `writing` that somebody may hold while beginning one.

    Args:
        url: SQLAlchemy URL of the database, or the path of an SQLite file; it and its tables are made where missing.

    Raises:
        RecordsUnavailable: The database cannot be opened, or was written by a newer version.
    """

    def __init__(self, url: str | Path) -> None:
        try:
            # A path is no URL: question marks and percent signs in it mean themselves.
            location = URL.create("sqlite", database=str(url)) if isinstance(url, Path) else make_url(url)
        except ArgumentError as error:
            # The text may hold a password, so it is not repeated.
            problem = f"its URL cannot be read; give knowledge.database_url one such as {_EXAMPLE}"
            raise RecordsUnavailable("the configured database", problem) from error
        self.name = location.render_as_string(hide_password=True)
        self._one_writer = threading.RLock()
        self._here = _Here()
        self._engine = self._opened(location)
        # The same pool; the option tells `_begin_sqlite` to lock before the first statement.
        self._writer = self._engine.execution_options(writes=True)
        try:
            with self._translated(), self._writer.begin() as connection:
                bring_up_to_date(connection, self.name)
        except RecordsUnavailable:
            self.close()
            raise

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Read from one state of the database; inside of `writing`, from what was written so far."""
        if self._here.session is not None:
            with self._translated():
                yield self._here.session
            return
        with self._translated(), Session(self._engine) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Write all or nothing, while nobody else writes; what is read inside stays true until the end.

        Inside of another `writing` of the same thread it becomes a part of that one, and an error takes back this part.
        """
        if self._here.session is not None:
            with self._translated(), self._part(self._here.session):
                yield self._here.session
            return
        actions: list[Callable[[], None]] = []
        with self._one_writer:
            with self._translated(), Session(self._writer) as session, session.begin():
                if session.get_bind().dialect.name == "postgresql":
                    session.execute(text(f"SET LOCAL lock_timeout = '{WAIT_SECONDS}s'"))
                session.execute(_READ_CHANGE.with_for_update())
                self._here.session, self._here.actions = session, actions
                try:
                    yield session
                finally:
                    self._here.session, self._here.actions = None, []
            # Still one writer at a time: what follows a commit happens in the order of commits.
            for action in actions:
                action()

    @contextmanager
    def adding(self) -> Iterator[Session]:
        """Add rows that nobody decides by, all or nothing, without waiting for those who use `writing`.

        SQLite has one writer at any time and waits all the same.
        """
        if self._here.session is not None:
            with self.writing() as session:
                yield session
            return
        with self._translated(), Session(self._writer) as session, session.begin():
            yield session

    def after_commit(self, action: Callable[[], None]) -> None:
        """Do something once what is being written is kept, at once where nothing is; not at all if it is taken back.

        What it raises reaches the caller of the outermost `writing`, whose writing is kept nevertheless.
        """
        if self._here.session is None:
            action()
        else:
            self._here.actions.append(action)

    def change(self) -> int:
        """Give the number of the last change of anything that a search depends on; 0 before the first."""
        with self.reading() as session:
            return session.scalars(_READ_CHANGE).one()

    def next_changes(self, session: Session, count: int) -> int:
        """Take as many change numbers for what `session` is `writing`, and give the first of them."""
        first = session.scalars(_READ_CHANGE).one() + 1
        session.execute(update(ChangeRow).where(ChangeRow.id == 1).values(number=first + count - 1))
        return first

    def _opened(self, location: URL) -> Engine:
        backend = location.get_backend_name()
        if backend not in _SUPPORTED:
            problem = f"is neither SQLite nor PostgreSQL; give knowledge.database_url one such as {_EXAMPLE}"
            raise RecordsUnavailable(self.name, problem)
        sqlite = backend == "sqlite"
        arguments = {"timeout": WAIT_SECONDS} if sqlite else {}
        try:
            # A server may have been started again since a connection was last used.
            engine = create_engine(location, pool_pre_ping=not sqlite, connect_args=arguments, hide_parameters=True)
        except (SQLAlchemyError, ImportError) as error:
            raise RecordsUnavailable(self.name, f"cannot be opened: {_one_line(error)}{_advice(location)}") from error
        if sqlite:
            event.listen(engine, "connect", _settle_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
        return engine

    @contextmanager
    def _part(self, session: Session) -> Iterator[None]:
        done_before = len(self._here.actions)
        try:
            with session.begin_nested():
                yield
        except BaseException:
            del self._here.actions[done_before:]
            raise

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            # The statement and its values are left out: entries can hold what should not reach a log.
            said = getattr(error, "orig", None) or error
            raise RecordsUnavailable(self.name, f"{_one_line(said)} ({type(error).__name__})") from error


def _one_line(said: object) -> str:
    # Drivers explain themselves over several lines, and a log or terminal wants one.
    return " ".join(str(said).split())


def _advice(location: URL) -> str:
    """Say what to try where a driver cannot be loaded."""
    if location.get_backend_name() != "postgresql":
        return ""
    if location.drivername != _DRIVER:
        return f"; let knowledge.database_url begin with {_DRIVER}://"
    return "; pip install 'firedrill[postgresql]' brings what speaks to PostgreSQL"


class _Here(threading.local):
    """What this thread is writing at the moment."""

    def __init__(self) -> None:
        self.session: Session | None = None
        self.actions: list[Callable[[], None]] = []


def _settle_sqlite(connection: Any, _record: object) -> None:
    # Python's module would begin transactions at the first change only, so reads before it would not be a part.
    connection.isolation_level = None
    cursor = connection.cursor()
    # Readers go on while somebody writes, and what was committed survives a power cut.
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A reader that turns writer is refused when another wrote meanwhile; who is going to write says so at once.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
