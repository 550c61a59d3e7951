"""Where incidents, questions and drill results are kept: one document a row, in SQLite or PostgreSQL."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import URL, DateTime, Engine, String, Text, create_engine, event, make_url, select
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from assistant.diagnosis.values import Diagnosis
from assistant.errors import JournalError, NotFound
from assistant.incidents import Incident, IncidentStatus
from assistant.questions import Question, QuestionState

_log = logging.getLogger(__name__)

DEFAULT_LIMIT: Final = 50
_OBJECT: Final = TypeAdapter(dict[str, Any])
_Document = TypeVar("_Document", Incident, Question)


class _Base(DeclarativeBase):
    pass


class _IncidentRow(_Base):
    __tablename__ = "incidents"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    status: Mapped[str] = mapped_column(String(16), index=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
    document: Mapped[str] = mapped_column(Text)


class _QuestionRow(_Base):
    __tablename__ = "questions"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    incident_id: Mapped[str | None] = mapped_column(String(64), index=True)
    state: Mapped[str] = mapped_column(String(16), index=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
    document: Mapped[str] = mapped_column(Text)


class _DrillRow(_Base):
    __tablename__ = "drills"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
    document: Mapped[str] = mapped_column(Text)


class Journal:
    """All that happened and was said, as documents that outlive the process.

    A list leaves out, and logs, what cannot be read; asking for one such document raises `JournalError`.

    Safe to use from several threads of the one process that owns the workspace. Raises `JournalError` where the
    database cannot be opened, read or written.

    Args:
        url: SQLAlchemy URL of the database, or the path of an SQLite file; tables are made where they are missing.
    """

    def __init__(self, url: str | Path) -> None:
        # Changes read a document and write it back; one at a time, or one would undo the other.
        self._changing = threading.Lock()
        self._left_out: set[int] = set()
        try:
            # A path is no URL: question marks and percent signs in it mean themselves.
            location = URL.create("sqlite", database=str(url)) if isinstance(url, Path) else make_url(url)
        except ArgumentError as error:
            # The text may hold a password, so it is not repeated.
            raise JournalError("the URL of the incident database cannot be read as SQLAlchemy's") from error
        self.name = location.render_as_string(hide_password=True)
        try:
            self._engine = create_engine(location)
        except (SQLAlchemyError, ImportError) as error:
            raise JournalError(f"the incident database {self.name} cannot be opened: {error}") from error
        if location.get_backend_name() == "sqlite":
            event.listen(self._engine, "connect", _keep_safe_and_quick)
        try:
            with self._translated("opened"):
                _Base.metadata.create_all(self._engine)
        except JournalError:
            self.close()
            raise

    @property
    def engine(self) -> Engine:
        """The database engine, for whoever keeps more tables beside these."""
        return self._engine

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    def add_incident(self, incident: Incident) -> None:
        """Keep a new incident."""
        self._write(_incident_row(incident))

    def incident(self, incident_id: str) -> Incident:
        """Give one incident.

        Raises:
            NotFound: There is no such incident.
        """
        return self._parsed(Incident, self._document(_IncidentRow, incident_id, "incident"))

    def incidents(self, *, status: IncidentStatus | None = None, limit: int = DEFAULT_LIMIT) -> list[Incident]:
        """List incidents, newest first."""
        query = select(_IncidentRow.document).order_by(_IncidentRow.at.desc(), _IncidentRow.id.desc()).limit(limit)
        if status is not None:
            query = query.where(_IncidentRow.status == status.value)
        return self._listed(Incident, self._scalars(query))

    def change_incident(self, incident_id: str, change: Callable[[Incident], Incident]) -> Incident:
        """Replace an incident by what `change` makes of it, with nobody else changing it meanwhile.

        Raises:
            NotFound: There is no such incident.
            ValueError: The change would make its timeline run backwards; nothing was changed.
        """
        with self._changing:
            changed = change(self.incident(incident_id))
            # model_copy skips validation; a timeline that runs backwards must not get in.
            checked = Incident.model_validate(changed.model_dump())
            self._write(_incident_row(checked))
        return checked

    def save_question(self, question: Question) -> None:
        """Keep a question as it is now."""
        self._write(
            _QuestionRow(
                id=question.id,
                incident_id=question.incident_id,
                state=question.state.value,
                at=question.asked_at.astimezone(UTC),
                document=question.model_dump_json(),
            )
        )

    def question(self, question_id: str) -> Question:
        """Give one question with its answer as far as it is written.

        Raises:
            NotFound: There is no such question.
        """
        return self._parsed(Question, self._document(_QuestionRow, question_id, "question"))

    def questions(self, *, incident_id: str | None, limit: int = DEFAULT_LIMIT) -> list[Question]:
        """List the latest questions about an incident, or about the system (None), oldest first."""
        if incident_id is not None and _is_no_id(incident_id):
            return []
        query = (
            select(_QuestionRow.document)
            .where(_QuestionRow.incident_id == incident_id)
            .order_by(_QuestionRow.at.desc(), _QuestionRow.id.desc())
            .limit(limit)
        )
        return self._listed(Question, reversed(self._scalars(query)))

    def unfinished_questions(self) -> list[Question]:
        """List the questions that a server which stopped has left unanswered, oldest first."""
        open_states = (QuestionState.WAITING.value, QuestionState.WORKING.value)
        query = (
            select(_QuestionRow.document)
            .where(_QuestionRow.state.in_(open_states))
            .order_by(_QuestionRow.at, _QuestionRow.id)
        )
        return self._listed(Question, self._scalars(query))

    def add_drill(self, drill_id: str, document: str) -> None:
        """Keep a drill's result, a JSON document that only evaluation reads."""
        self._write(_DrillRow(id=drill_id, at=datetime.now(UTC), document=document))

    def drills(self, *, limit: int = DEFAULT_LIMIT) -> list[str]:
        """List drill results, newest first."""
        query = select(_DrillRow.document).order_by(_DrillRow.at.desc(), _DrillRow.id.desc()).limit(limit)
        return [document for document in self._scalars(query) if self._is_object(document)]

    def _document(self, table: type[Any], key: str, what: str) -> str:
        found = [] if _is_no_id(key) else self._scalars(select(table.document).where(table.id == key))
        if not found:
            raise NotFound(what, key)
        return found[0]

    def _parsed(self, kind: type[_Document], document: str) -> _Document:
        try:
            return kind.model_validate_json(document)
        except ValidationError as error:
            first = error.errors(include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise JournalError(
                f"the incident database {self.name} holds a document that cannot be read ({where}: {first['msg']}); "
                "was it written by another version?"
            ) from error

    def _listed(self, kind: type[_Document], documents: Iterable[str]) -> list[_Document]:
        """Read what can be read: one document of another version must not hide all others."""
        found = []
        for document in documents:
            try:
                found.append(self._parsed(kind, document))
            except JournalError as error:
                self._leave_out(document, error)
        return found

    def _is_object(self, document: str) -> bool:
        try:
            _OBJECT.validate_json(document)
        except ValidationError:
            self._leave_out(document, f"a drill's result in the incident database {self.name} is no JSON object")
            return False
        return True

    def _leave_out(self, document: str, problem: object) -> None:
        # Lists are read every few seconds; each document is told of once.
        if (key := hash(document)) not in self._left_out:
            self._left_out.add(key)
            _log.warning("left out of a list: %s", problem)

    def _scalars(self, query: Any) -> list[str]:
        with self._translated("read"), Session(self._engine) as session:
            rows: Sequence[str] = session.scalars(query).all()
        return list(rows)

    def _write(self, row: _Base) -> None:
        with self._translated("written"), Session(self._engine) as session:
            session.merge(row)
            session.commit()

    @contextmanager
    def _translated(self, done: str) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            # The statement and its values are left out: documents can hold what should not reach a log.
            said = getattr(error, "orig", None) or error
            raise JournalError(
                f"the incident database {self.name} cannot be {done}: {said} ({type(error).__name__})"
            ) from error


def _is_no_id(key: str) -> bool:
    return "\0" in key  # PostgreSQL refuses even to look for it.


def _incident_row(incident: Incident) -> _IncidentRow:
    return _IncidentRow(
        id=incident.id,
        status=incident.status.value,
        at=incident.timeline.detected.astimezone(UTC),
        document=incident.model_dump_json(),
    )


def _keep_safe_and_quick(connection: Any, _record: object) -> None:
    # A question's answer is written many times as it grows; a power cut may take the last of it, and no more.
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")


def without_plots(diagnosis: Diagnosis | None) -> Diagnosis | None:
    """Give a diagnosis without the points of its plots, for lists."""
    if diagnosis is None:
        return None
    bare = tuple(item.model_copy(update={"series": ()}) for item in diagnosis.evidence)
    return diagnosis.model_copy(update={"evidence": bare})
