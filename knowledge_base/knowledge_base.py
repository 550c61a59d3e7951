"""The front object: what is known is written here, and found here."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from knowledge_base.embedding.embedder import Embedder
from knowledge_base.entry import Entry, ReviewStatus, Revision
from knowledge_base.errors import (
    Conflict,
    EntryNotFound,
    KnowledgeBaseError,
    NotOpen,
    RecordsUnavailable,
    RevisionNotFound,
)
from knowledge_base.folder_lock import FolderLock
from knowledge_base.index.check import IndexCheck
from knowledge_base.review.transitions import MACHINE_AUTHOR, ReviewRules, edited, restored
from knowledge_base.review.values import Recalled
from knowledge_base.search.passages import fingerprint, passages
from knowledge_base.search.question import Comparison, Filters, Found, Match, Question

if TYPE_CHECKING:
    # Chroma, SQLAlchemy and bm25s take most of a second to import, so `open` does it.
    from knowledge_base.exchange.plan import ImportOutcome, ImportPlan
    from knowledge_base.exchange.values import FileReport
    from knowledge_base.index.keeper import IndexKeeper, Progress
    from knowledge_base.index.server import IndexServer
    from knowledge_base.index.vector_index import IndexRow
    from knowledge_base.records.duplicates import DuplicateRecords
    from knowledge_base.records.feedback import FeedbackRecords
    from knowledge_base.records.records import Records
    from knowledge_base.search.reranker import Reranker
    from knowledge_base.search.searcher import Searcher

INDEX_FOLDER: Final = "index"
ENTRIES_LISTED: Final = 100
ANYTHING: Final = Filters()
_INDEXED_AT_ONCE: Final = 200

_log = logging.getLogger(__name__)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class KnowledgeBase:
    """Entries in a database, which is the truth, and an index to find them by, which is made from it.

    One process may hold a folder; several, each with a folder of its own, may share a database and an index server.
    Within a process an instance is safe to share between threads. Made by `open`.

    Attributes:
        folder: Holds the lock, and what no server holds.
        reviews: Where people vouch for entries.
        ledger: What was recalled, and what people made of it.
        duplicates: Entries that may tell the same.
    """

    def __init__(
        self,
        folder: Path,
        *,
        records: Records,
        feedback: FeedbackRecords,
        duplicates: DuplicateRecords,
        keeper: IndexKeeper,
        searcher: Searcher,
        rules: ReviewRules,
        clock: Callable[[], datetime],
        resources: ExitStack,
    ) -> None:
        from knowledge_base.review.desk import ReviewDesk  # noqa: PLC0415 - brings SQLAlchemy
        from knowledge_base.review.duplicate_queue import DuplicateQueue  # noqa: PLC0415 - as above
        from knowledge_base.review.ledger import OutcomeLedger  # noqa: PLC0415 - as above

        self.folder = folder
        self._records, self._keeper, self._searcher = records, keeper, searcher
        self._rules, self._clock, self._resources = rules, clock, resources
        # Taken after the database's own lock or without it, and never held while beginning to write there.
        self._indexing = threading.RLock()
        self._is_open = True
        self.reviews = ReviewDesk(self, records, rules=rules, clock=clock)
        self.ledger = OutcomeLedger(self, records, feedback, clock=clock)
        self.duplicates = DuplicateQueue(self, records, duplicates, rules=rules, clock=clock)

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        embedder: Embedder,
        database_url: str | None = None,
        index_server: IndexServer | None = None,
        rules: ReviewRules | None = None,
        reranker: Reranker | None = None,
        clock: Callable[[], datetime] = _utc_now,
        anew: bool = False,
        progress: Progress | None = None,
    ) -> Self:
        """Open a folder, made where it is missing, and bring its index in step with the records.

        What differed, after a crash or a deleted index, is repaired, logged, and told by `opening`.

        Args:
            folder: Holds the lock, the index unless a server does, and the records unless `database_url` says where.
            embedder: What makes the vectors; has to be the one that the index was made with.
            database_url: SQLAlchemy URL of the records, None for an SQLite file in the folder.
            index_server: The Chroma server that holds the index, None for one in the folder.
            rules: How people vouch for entries.
            reranker: Reads the best matches again, together with the question; None for our own features only.
            clock: Says when an entry was changed, timezone-aware.
            anew: Make the index anew from the records, which is how another embedder is taken.
            progress: Told how many entries of how many are indexed, where some have to be.

        Raises:
            AlreadyOpen: Another process holds the folder.
            OtherModel: The index was made with another model, and `anew` is false.
            IndexUnavailable: No index can be opened or made.
            RecordsUnavailable: The database cannot be opened or read.
            ModelUnavailable: Something has to be embedded, and the model cannot be loaded.
        """
        from knowledge_base.index.embedded import EmbeddedIndex  # noqa: PLC0415 - brings Chroma
        from knowledge_base.index.keeper import IndexKeeper  # noqa: PLC0415 - as above
        from knowledge_base.index.server import ServerIndex  # noqa: PLC0415 - as above
        from knowledge_base.index.vector_index import ModelId  # noqa: PLC0415 - as above
        from knowledge_base.records.database import RECORDS_FILE, Database  # noqa: PLC0415 - brings SQLAlchemy
        from knowledge_base.records.duplicates import DuplicateRecords  # noqa: PLC0415 - as above
        from knowledge_base.records.feedback import FeedbackRecords  # noqa: PLC0415 - as above
        from knowledge_base.records.records import Records  # noqa: PLC0415 - as above
        from knowledge_base.search.catalogue import Catalogue  # noqa: PLC0415 - brings bm25s
        from knowledge_base.search.searcher import Searcher  # noqa: PLC0415 - as above

        with ExitStack() as opened:
            lock = _lock(folder)
            opened.callback(lock.release)
            database = Database(database_url if database_url is not None else folder / RECORDS_FILE)
            opened.callback(database.close)
            records = Records(database, fingerprint)
            if anew:
                # Another version may have made those that are kept; index and records have to speak of the same.
                records.fingerprint_anew()
            model = ModelId.of(embedder)
            index = ServerIndex(index_server, model) if index_server else EmbeddedIndex(folder / INDEX_FOLDER, model)
            keeper = IndexKeeper(index, records, embedder, passages, fingerprint, anew=anew, progress=progress)
            opened.callback(keeper.close)
            if not anew and not keeper.opening.in_step:
                _log.warning("knowledge base %s: %s; repaired", folder, keeper.opening)
            return cls(
                folder,
                records=records,
                feedback=FeedbackRecords(database),
                duplicates=DuplicateRecords(database),
                keeper=keeper,
                searcher=Searcher(Catalogue(records, index), records, embedder, reranker=reranker),
                rules=rules or ReviewRules(),
                clock=clock,
                resources=opened.pop_all(),
            )
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Let go of the folder; again is harmless."""
        self._is_open = False
        with self._searcher.paused(), self._indexing:
            self._resources.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def opening(self) -> IndexCheck:
        """What differed between records and index when the folder was opened; it was repaired then."""
        return self._keeper.opening

    def warm_up(self) -> None:
        """Read what a search compares with; with very many entries the first search would take long otherwise.

        Raises:
            KnowledgeBaseError: It cannot be read.
        """
        self._check_open()
        self._searcher.warm_up()

    def put(self, entry: Entry, *, author: str = "", note: str = "", based_on: int | None = None) -> Entry:
        """Write an entry, new or in place of the one of the same id, and give it back as it is kept.

        `updated_at` is set; `created_at` and the review status stay what they were. An entry that changes nothing
        leaves no revision.

        Args:
            entry: What to keep.
            author: Who wrote it, for its history.
            note: What was done, for its history.
            based_on: The latest revision that the author saw; None to write over whatever is there.

        Raises:
            Conflict: Somebody else wrote it after `based_on`; nothing was written.
            ModelUnavailable: It cannot be embedded; nothing was written.
            RecordsUnavailable: It cannot be recorded; nothing was written.
            IndexUnavailable: It was recorded and cannot be found yet; opening the folder again repairs that.
        """
        with self._writing():
            latest = self._records.latest_revision(entry.id)
            if based_on is not None and based_on != latest:
                raise Conflict(entry.id, based_on=based_on, latest=latest)
            before = self._records.get(entry.id)
            kept = self.write(edited(before, entry, self._rules), author=author, note=note)
        if before is None:
            self._notice_duplicates([kept])
        return kept

    def put_many(self, entries: Sequence[Entry], *, author: str = "", progress: Progress | None = None) -> None:
        """Write entries as they are given, all or none, and index them then; what is indexed is told as progress.

        Raises:
            RecordsUnavailable: They cannot be recorded; nothing was written.
            IndexUnavailable: They were recorded and some cannot be found by meaning yet; opening the folder again
                repairs that.
        """
        self._check_open()
        self._records.write(entries, author=author, at=self._clock())
        self._index_all(entries, progress)

    def preview_import(self, reports: Iterable[FileReport], *, keep_review: bool = False) -> ImportPlan:
        """Say what an import of what was read would do; nothing is written.

        Args:
            reports: What the files gave, see `knowledge_base.exchange`.
            keep_review: Take the review status as our own exports have it, to restore a backup.

        Raises:
            RecordsUnavailable: The database does not answer.
        """
        from knowledge_base.exchange.plan import plan_import  # noqa: PLC0415 - only imports need it

        self._check_open()
        return plan_import(reports, self._records, keep_review=keep_review)

    def import_plan(self, plan: ImportPlan, *, author: str = "", progress: Progress | None = None) -> ImportOutcome:
        """Carry a plan out: the entries of a file all or none, save those that somebody wrote after it was planned.

        What is written can be found by its words at once, and by its meaning when it is indexed, which is told as
        progress. However it ends, importing the same again writes what is missing; and what was written and not
        indexed is indexed when the folder is opened again.

        Raises:
            RecordsUnavailable: The database does not answer; the files before are written.
            IndexUnavailable: Everything was written, and some of it cannot be found by meaning yet.
            ModelUnavailable: As above.
        """
        from knowledge_base.exchange.plan import ImportOutcome  # noqa: PLC0415 - only imports need it

        self._check_open()
        written: list[Entry] = []
        overtaken: list[str] = []
        for file in plan.files:
            wanted = [planned for planned in file.entries if planned.is_written]
            if not wanted:
                continue
            now = self._clock()
            with self._writing():
                known = self._records.many([planned.entry.id for planned in wanted])
                kept = []
                for planned in wanted:
                    before = known.get(planned.entry.id)
                    if (before.updated_at if before else None) != planned.compared_with:
                        overtaken.append(planned.entry.id)
                        continue
                    # A backup brings its review with it.
                    entry = planned.entry if plan.keep_review else edited(before, planned.entry, self._rules)
                    kept.append(entry.model_copy(update={"updated_at": now}))
                self._records.write(kept, author=author, note=f"imported from {file.name}", at=now)
            written += kept
        self._index_all(written, progress)
        self._notice_duplicates(written)
        return ImportOutcome(written=len(written), overtaken=tuple(overtaken))

    def remember(self, entry: Entry) -> Entry:
        """Keep what a machine made of an incident, and give it back as it is kept; never over what a person wrote.

        Once somebody has written into an entry, or vouched for it, only what is still open there is filled in.

        Raises:
            KnowledgeBaseError: As for `put`.
        """
        with self._writing():
            before = self._records.get(entry.id)
            people = {revision.author for revision in self._records.revisions(entry.id)} - {MACHINE_AUTHOR}
            if before is not None and (people or before.status is not ReviewStatus.DRAFT):
                entry = _filled_in(before, entry)
            kept = self.write(edited(before, entry, self._rules), author=MACHINE_AUTHOR, note="")
        if before is None:
            self._notice_duplicates([kept])
        return kept

    def write(self, entry: Entry, *, author: str, note: str) -> Entry:
        """Keep an entry as it is given, its review status included, and give it back as it is kept.

        Raises:
            KnowledgeBaseError: As for `put`.
        """
        with self._writing():
            before = self._records.get(entry.id)
            now = self._clock()
            kept = entry.model_copy(update={"updated_at": now})
            if before is not None:
                kept = kept.model_copy(update={"created_at": before.created_at})
                if kept.model_copy(update={"updated_at": before.updated_at}) == before:
                    return before
            rows = self._keeper.rows([kept])
            self._records.write([kept], author=author, note=note, at=now)
            self._records.database.after_commit(lambda: self._index([kept], rows))
            return kept

    def get(self, entry_id: str) -> Entry:
        """Read one entry.

        Raises:
            EntryNotFound: There is none of that id.
            RecordsUnavailable: The database does not answer.
        """
        self._check_open()
        found = self._records.get(entry_id)
        if found is None:
            raise EntryNotFound(entry_id, self._records.ids())
        return found

    def many(self, ids: Collection[str]) -> dict[str, Entry]:
        """Read entries by id, in the order asked; those that are not there are left out.

        Raises:
            RecordsUnavailable: The database does not answer.
        """
        self._check_open()
        return self._records.many(ids)

    def entries(
        self,
        filters: Filters = ANYTHING,
        *,
        status: ReviewStatus | None = None,
        overdue_on: date | None = None,
        limit: int | None = ENTRIES_LISTED,
        offset: int = 0,
    ) -> list[Entry]:
        """List entries, the last changed first; those deprecated too.

        Args:
            filters: What they have to be.
            status: Only those of this review status.
            overdue_on: Only those that somebody had to look at again until this day.
            limit: Most to give, None for all.
            offset: How many to leave out first.

        Raises:
            RecordsUnavailable: The database does not answer.
        """
        self._check_open()
        return self._records.entries(filters, status=status, overdue_on=overdue_on, limit=limit, offset=offset)

    def every(self, filters: Filters = ANYTHING) -> Iterator[Entry]:
        """Read entries one after the other, by id, however many there are.

        Raises:
            RecordsUnavailable: The database does not answer.
        """
        self._check_open()
        yield from self._records.every(filters)

    def count(self) -> int:
        """Say how many entries there are, deprecated ones included.

        Raises:
            RecordsUnavailable: The database does not answer.
        """
        return sum(self.count_by_status().values())

    def count_by_status(self) -> dict[ReviewStatus, int]:
        """Count the entries of each review status.

        Raises:
            RecordsUnavailable: The database does not answer.
        """
        self._check_open()
        return self._records.count_by_status()

    def history(self, entry_id: str) -> tuple[Revision, ...]:
        """Read how an entry came to be, oldest first.

        Raises:
            EntryNotFound: There is none of that id.
            RecordsUnavailable: The database does not answer.
        """
        self._check_open()
        found = self._records.revisions(entry_id)
        if not found:
            raise EntryNotFound(entry_id, self._records.ids())
        return found

    def restore(self, entry_id: str, number: int, *, author: str = "") -> Entry:
        """Write the content of an earlier revision again, as a new revision.

        Raises:
            EntryNotFound: There is no such entry.
            RevisionNotFound: It has no such revision.
            KnowledgeBaseError: As for `put`.
        """
        with self._writing():
            revisions = {revision.number: revision.entry for revision in self.history(entry_id)}
            if number not in revisions:
                raise RevisionNotFound(entry_id, number, max(revisions))
            now = revisions[max(revisions)]
            after = edited(now, restored(now, revisions[number]), self._rules)
            return self.write(after, author=author, note=f"restored revision {number}")

    def search(
        self,
        question: Question,
        *,
        limit: int = 5,
        exclude: Collection[str] = (),
        minimum_score: float | None = None,
    ) -> list[Match]:
        """Find what is known and like this, the most alike first; empty where nothing is alike enough.

        Deprecated entries are never found; drafts are, and say so in their status.

        Args:
            question: What is happening, as far as it is known.
            limit: Most matches to give, at least 1.
            exclude: Ids that are not to be found, such as that of the very incident asked about.
            minimum_score: Least score that counts as alike, in 0..1; None for the one that was fitted.

        Raises:
            BadSearch: Neither text nor signature was given, or the limit is below 1.
            ModelUnavailable: The text cannot be embedded.
            IndexUnavailable: The index cannot be searched.
            RecordsUnavailable: The database does not answer.
        """
        self._check_open()
        return self._searcher.search(question, limit=limit, exclude=exclude, minimum_score=minimum_score)

    def recall(self, question: Question, *, incident: str = "", limit: int = 5, exclude: Collection[str] = ()) -> Found:
        """Search for somebody who is going to be shown what is found, and note it, so that it can be judged.

        Args:
            question: What is happening, as far as it is known.
            incident: Id of the incident it is asked for, empty for somebody's search.
            limit: Most matches to give, at least 1.
            exclude: Ids that are not to be found.

        Raises:
            KnowledgeBaseError: As for `search`.
        """
        matches = self.search(question, limit=limit, exclude=exclude)
        shown = [_as_shown(match, rank) for rank, match in enumerate(matches, start=1)]
        try:
            recall_id = self.ledger.note_recall(question.text, shown, incident=incident).id
        except RecordsUnavailable as error:
            # Whoever asks at three in the morning wants the answer, and not that it was noted.
            _log.warning("a recall could not be noted: %s", error)
            recall_id = ""
        return Found(recall_id=recall_id, matches=tuple(matches))

    def compare(self, question: Question, *, limit: int = 10, exclude: Collection[str] = ()) -> Comparison:
        """Ask a question in every way of comparing, and give the rankings side by side.

        Raises:
            KnowledgeBaseError: As for `search`.
        """
        self._check_open()
        return self._searcher.compare(question, limit=limit, exclude=exclude)

    def rebuild(self, progress: Progress | None = None) -> int:
        """Make the index anew from the records, and say how many entries it holds; searches wait for it.

        Raises:
            IndexUnavailable: It cannot be written.
            ModelUnavailable: The model cannot be loaded; the index is left as it was.
            RecordsUnavailable: The database does not answer.
        """
        self._check_open()
        with self._searcher.paused(), self._indexing:
            return self._keeper.rebuild(progress)

    def check(self) -> IndexCheck:
        """Compare the index with the records, and repair nothing.

        Raises:
            IndexUnavailable: The index cannot be read.
            RecordsUnavailable: The database does not answer.
        """
        self._check_open()
        with self._indexing:
            return self._keeper.check()

    def _notice_duplicates(self, entries: Sequence[Entry]) -> None:
        """Queue those that look like something known; that they cannot be compared must not undo that they are kept."""
        try:
            self.duplicates.notice(self._searcher.twins(entries, self.duplicates.least_similarity))
        except KnowledgeBaseError as error:
            _log.warning("could not look for duplicates of %d entries: %s", len(entries), error)

    def _index_all(self, entries: Sequence[Entry], progress: Progress | None) -> None:
        for start in range(0, len(entries), _INDEXED_AT_ONCE):
            some = entries[start : start + _INDEXED_AT_ONCE]
            self._index(some, self._keeper.rows(some))
            if progress is not None:
                progress(min(start + _INDEXED_AT_ONCE, len(entries)), len(entries))

    def _index(self, entries: Sequence[Entry], rows: Sequence[IndexRow]) -> None:
        with self._indexing:
            self._keeper.write(entries, rows)

    def _check_open(self) -> None:
        if not self._is_open:
            raise NotOpen(str(self.folder))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self._check_open()
        with self._records.database.writing():
            yield


def _as_shown(match: Match, rank: int) -> Recalled:
    return Recalled(
        entry_id=match.entry.id,
        title=match.entry.title,
        rank=rank,
        relevance=min(1.0, match.score / match.feedback),
        feedback=match.feedback,
    )


def _filled_in(before: Entry, made: Entry) -> Entry:
    """Give what people wrote, with what they left open filled in, and where it comes from kept complete."""
    lacking = {name: getattr(made, name) for name in ("cause", "fix", "fault_kind") if getattr(before, name) is None}
    if made.signature:
        lacking["signature"] = made.signature
    return before.model_copy(update={**lacking, "provenance": {**made.provenance, **before.provenance}})


def _lock(folder: Path) -> FolderLock:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return FolderLock(folder)
    except OSError as error:
        raise KnowledgeBaseError(f"knowledge base {folder} cannot be opened: {error}") from error
