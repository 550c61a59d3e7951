"""What the server can be asked about the knowledge base, one method a route."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, Literal, TypeAlias

from assistant.knowledge_values import EntryOutcomes, ImportJob, IndexState, WrittenEntry
from assistant.server_calls import AnswerTooLate, ServerCalls, segment
from knowledge_base.entry import Entry, ReviewStatus, Revision
from knowledge_base.review.merging import Choice
from knowledge_base.review.values import (
    DuplicatePair,
    FieldChange,
    LedgerLine,
    Outcome,
    OutcomeRecord,
    ReviewAction,
)
from knowledge_base.search.question import Comparison, Filters, Found, Question

POLL_SECONDS: Final = 0.25
ANYTHING: Final = Filters()

DuplicateState: TypeAlias = Literal["open", "merged", "distinct"]
ExportForm: TypeAlias = Literal["markdown", "jsonl", "zip"]
"""One Markdown text, JSON Lines, or a zip of Markdown files; each can be imported again with nothing lost."""


class KnowledgeClient:
    """Asks the server about what is known, and has it changed.

    Every method raises:
        ServerUnreachable: Nobody answered, or not in time.
        ServerRefused: The server said no; `status` and `detail` say why (404: there is no such thing; 409: somebody
            else changed it meanwhile, or its review does not allow that; 422: it makes no sense as it was asked).
        ServerUnclear: What answered does not speak as this version does.
    """

    def __init__(self, calls: ServerCalls) -> None:
        self._calls = calls

    def entries(
        self,
        filters: Filters = ANYTHING,
        *,
        status: ReviewStatus | None = None,
        overdue: bool = False,
        limit: int = 100,
        offset: int = 0,
    ) -> list[Entry]:
        """List entries, the last changed first.

        Args:
            filters: What they have to be.
            status: Only those that people have vouched for that far.
            overdue: Only those that somebody should have looked at again by now.
            limit: Most of them to give, 1 to 1000.
            offset: How many to leave out at the beginning.
        """
        asked: dict[str, str | int | bool] = {**_asked(filters), "limit": limit, "offset": offset}
        if status is not None:
            asked["status"] = status.value
        if overdue:
            asked["overdue"] = True
        return self._calls.ask("GET", "/entries", list[Entry], params=asked)

    def counts(self) -> dict[ReviewStatus, int]:
        """Say how many entries there are of each review status, none left out."""
        return self._calls.ask("GET", "/entries/counts", dict[ReviewStatus, int])

    def entry(self, entry_id: str) -> Entry:
        """Give one entry."""
        return self._calls.ask("GET", _path(entry_id), Entry)

    def markdown(self, entry_id: str) -> str:
        """Give one entry as Markdown with front matter, which can be edited and imported with nothing lost."""
        return self._calls.text(_path(entry_id, "markdown"))

    def search(self, text: str, limit: int = 10, filters: Filters = ANYTHING) -> Found:
        """Find the entries most like a text, best first; the search is noted, so that feedback can refer to it."""
        asked: dict[str, str | int | bool] = {**_asked(filters), "q": text, "limit": limit}
        return self._calls.ask("GET", "/entries/search", Found, params=asked)

    def compare(self, question: Question, limit: int = 10) -> Comparison:
        """Ask one question in every way that there is, side by side; nothing is noted."""
        body = question.model_dump(mode="json")
        return self._calls.ask("POST", "/entries/compare", Comparison, params={"limit": limit}, body=body)

    def create(self, written: WrittenEntry, author: str = "", entry_id: str = "") -> Entry:
        """Write a new entry, a draft; its id is made of its title where none is given."""
        body = {"entry": written.model_dump(mode="json"), "author": author, "id": entry_id or None}
        return self._calls.ask("POST", "/entries", Entry, body=body)

    def edit(self, entry: Entry, author: str = "", based_on: int | None = None) -> Entry:
        """Write an entry anew.

        Args:
            entry: What it says now; its status, its times and its merges stay what they were.
            author: Who wrote it.
            based_on: Number of the latest revision that the author saw; refused (409) where there is a later one. With
                None whatever is there is written over.
        """
        body = {"entry": WrittenEntry.of(entry).model_dump(mode="json"), "author": author, "based_on": based_on}
        return self._calls.ask("PUT", _path(entry.id), Entry, body=body)

    def revisions(self, entry_id: str) -> list[Revision]:
        """Give how an entry came to be, oldest first."""
        return self._calls.ask("GET", _path(entry_id, "revisions"), list[Revision])

    def differences(self, entry_id: str, before: int | None = None, after: int | None = None) -> list[FieldChange]:
        """Give what differs between two revisions; by default between the last one and the one before it."""
        asked = {key: number for key, number in (("before", before), ("after", after)) if number is not None}
        return self._calls.ask("GET", _path(entry_id, "differences"), list[FieldChange], params=asked)

    def restore(self, entry_id: str, number: int, author: str = "") -> Entry:
        """Write an entry again as a revision had it; that is a new revision, and none is lost."""
        body = {"number": number, "author": author}
        return self._calls.ask("POST", _path(entry_id, "restore"), Entry, body=body)

    def review(self, entry_id: str, action: ReviewAction, author: str = "", note: str = "") -> Entry:
        """Take an entry a step on its way to being known, or off it."""
        body = {"action": action.value, "author": author, "note": note}
        return self._calls.ask("POST", _path(entry_id, "review"), Entry, body=body)

    def judge(
        self, entry_id: str, outcome: Outcome, recall_id: str = "", author: str = "", note: str = ""
    ) -> OutcomeRecord:
        """Say what became of an entry that was recalled; one that misled sinks and goes back to review."""
        body = {"outcome": outcome, "recall_id": recall_id, "author": author, "note": note}
        return self._calls.ask("POST", _path(entry_id, "outcomes"), OutcomeRecord, body=body)

    def outcomes_of(self, entry_id: str) -> EntryOutcomes:
        """Give what became of one entry whenever it was recalled."""
        return self._calls.ask("GET", _path(entry_id, "outcomes"), EntryOutcomes)

    def outcomes(self, limit: int = 100) -> list[LedgerLine]:
        """Give the latest judgements, newest first, and which rankings they changed."""
        return self._calls.ask("GET", "/outcomes", list[LedgerLine], params={"limit": limit})

    def duplicates(self, state: DuplicateState = "open", limit: int = 100) -> list[DuplicatePair]:
        """Give pairs of entries that may tell the same, the most alike first."""
        return self._calls.ask("GET", "/duplicates", list[DuplicatePair], params={"state": state, "limit": limit})

    def merge(self, keep: str, other: str, choices: Mapping[str, Choice], author: str = "") -> Entry:
        """Make one entry of two; the other is deprecated, and both provenances are kept.

        Args:
            keep: Id of the entry that stays.
            other: Id of the entry that is merged into it.
            choices: Field name to whose it is; one that is not named is that of the entry that stays, or of the other
                where the one that stays says nothing. Texts can be those of both, one after the other.
            author: Who decided.
        """
        body = {"keep": keep, "other": other, "choices": dict(choices), "author": author}
        return self._calls.ask("POST", "/duplicates/merge", Entry, body=body)

    def keep_both(self, one: str, other: str, author: str = "") -> DuplicatePair:
        """Say that two entries tell different things; they are not asked about again."""
        body = {"one": one, "other": other, "author": author}
        return self._calls.ask("POST", "/duplicates/distinct", DuplicatePair, body=body)

    def start_import(
        self,
        path: Path | None = None,
        files: Sequence[tuple[str, bytes]] = (),
        *,
        author: str = "",
        dry_run: bool = False,
        expected: str = "",
        keep_review: bool = False,
    ) -> ImportJob:
        """Have the server import in its own time; ask `import_job` how far it is.

        Args:
            path: A file, folder, checkout or archive on the server's machine, absolute.
            files: Name and content of each file, instead of a path.
            author: Who imports.
            dry_run: Only say what would be done.
            expected: `digest` of an earlier dry run; where anything would be done differently now, it fails instead.
            keep_review: Take the review status as our own exports have it, to restore a backup; otherwise what is new
                is a draft, whatever it says of itself.
        """
        sent = [{"name": name, "content_base64": base64.b64encode(content).decode()} for name, content in files]
        body = {
            "path": None if path is None else str(path),
            "files": sent,
            "author": author,
            "dry_run": dry_run,
            "expected": expected,
            "keep_review": keep_review,
        }
        return self._calls.ask("POST", "/imports", ImportJob, body=body)

    def import_job(self, job_id: str) -> ImportJob:
        """Say how far an import is; its files are told once it is over."""
        return self._calls.ask("GET", f"/imports/{segment(job_id)}", ImportJob)

    def wait_for_import(
        self,
        job_id: str,
        timeout_seconds: float,
        on_update: Callable[[ImportJob], None] = lambda _job: None,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> ImportJob:
        """Ask for an import until it is over, telling on the way how far it is.

        Args:
            job_id: The import.
            timeout_seconds: Patience, without any progress.
            on_update: Told of the import as first seen and whenever it has changed since.
            sleep: Waits for so many seconds.
            clock: Seconds that only run forward.

        Raises:
            AnswerTooLate: Nothing moved for so long; the server goes on working.
        """
        seen: ImportJob | None = None
        give_up_at = clock() + timeout_seconds
        while True:
            job = self.import_job(job_id)
            if job != seen:
                on_update(job)
                seen, give_up_at = job, clock() + timeout_seconds
            if job.state.is_over:
                return job
            if clock() >= give_up_at:
                raise AnswerTooLate(f"import {job_id}", timeout_seconds)
            sleep(POLL_SECONDS)

    def index_state(self) -> IndexState:
        """Compare the index with the records; that takes a while where there are many."""
        return self._calls.ask("GET", "/index", IndexState)

    def export(self, form: ExportForm, filters: Filters = ANYTHING) -> Iterator[bytes]:
        """Give every entry, deprecated ones too, as one file, piece by piece."""
        return self._calls.pieces("/export", params={**_asked(filters), "format": form})


def _path(entry_id: str, part: str = "") -> str:
    return f"/entries/{segment(entry_id)}" + (f"/{part}" if part else "")


def _asked(filters: Filters) -> dict[str, str | int | bool]:
    """Give what was asked for; a filter that stands for anything is left out."""
    return {key: value for key, value in filters.model_dump(mode="json").items() if value}
