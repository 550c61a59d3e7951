"""The front object: what is known is written here, and found here."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Literal, Self

from knowledge_base.embedding import Embedder
from knowledge_base.entry import Entry, Match, ReviewStatus, Revision
from knowledge_base.errors import BadSearch, EntryNotFound, KnowledgeBaseError, NotOpen
from knowledge_base.folder_lock import FolderLock
from knowledge_base.index_check import IndexCheck
from knowledge_base.similarity import Question, is_alike, match, signature_similarity

if TYPE_CHECKING:
    # Chroma and SQLAlchemy take most of a second to import, so `open` does it.
    from knowledge_base.index_keeper import IndexKeeper, Progress
    from knowledge_base.records import Records

CANDIDATES: Final = 50
SIGNATURES_COMPARED: Final = 5000
ENTRIES_LISTED: Final = 100

_log = logging.getLogger(__name__)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class KnowledgeBase:
    """Entries in a database, which is the truth, and an index to find them by, which is made from it.

    One process may hold a folder. Within it an instance is safe to share between threads. Made by `open`.
    """

    def __init__(
        self,
        folder: Path,
        *,
        records: Records,
        keeper: IndexKeeper,
        embedder: Embedder,
        clock: Callable[[], datetime] = _utc_now,
        resources: ExitStack,
    ) -> None:
        self.folder = folder
        self._records, self._keeper, self._embedder = records, keeper, embedder
        self._clock, self._resources = clock, resources
        self._lock = threading.RLock()
        self._is_open = True

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        embedder: Embedder,
        database_url: str | None = None,
        clock: Callable[[], datetime] = _utc_now,
        anew: bool = False,
        progress: Progress | None = None,
    ) -> Self:
        """Open a folder, made where it is missing, and bring its index in step with the records.

        What differed, after a crash or a deleted index, is repaired, logged, and told by `opening`.

        Args:
            folder: Holds the lock, the index, and the records unless `database_url` says where they are.
            embedder: What makes the vectors; has to be the one that the index was made with.
            database_url: SQLAlchemy URL of the records, None for an SQLite file in the folder.
            clock: Says when an entry was changed, timezone-aware.
            anew: Make the index anew from the records, which is how another embedder is taken.
            progress: Told how many entries of how many are indexed, where some have to be.

        Raises:
            AlreadyOpen: Another process holds the folder.
            OtherModel: The index was made with another model, and `anew` is false.
            IndexUnavailable: No index can be made in the folder.
            RecordsUnavailable: The database cannot be opened or read.
            ModelUnavailable: Something has to be embedded, and the model cannot be loaded.
        """
        from knowledge_base.index_keeper import INDEX_FOLDER, IndexKeeper  # noqa: PLC0415 - brings Chroma
        from knowledge_base.records import RECORDS_FILE, Records  # noqa: PLC0415 - brings SQLAlchemy

        with ExitStack() as opened:
            lock = _lock(folder)
            opened.callback(lock.release)
            records = Records(database_url if database_url is not None else folder / RECORDS_FILE)
            opened.callback(records.close)
            keeper = IndexKeeper(folder / INDEX_FOLDER, records, embedder, anew=anew, progress=progress)
            opened.callback(keeper.close)
            if not anew and not keeper.opening.in_step:
                _log.warning("knowledge base %s: %s; repaired", folder, keeper.opening)
            return cls(
                folder,
                records=records,
                keeper=keeper,
                embedder=embedder,
                clock=clock,
                resources=opened.pop_all(),
            )
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Let go of the folder; again is harmless."""
        with self._lock:
            self._is_open = False
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

    def put(self, entry: Entry, *, author: str = "") -> Entry:
        """Write an entry, new or in place of the one of the same id, and give it back as it is kept.

        `updated_at` is set; `created_at` stays what it was at first. An entry that changes nothing leaves no revision.

        Args:
            entry: What to keep.
            author: Who wrote it, for its history.

        Raises:
            ModelUnavailable: It cannot be embedded; nothing was written.
            RecordsUnavailable: It cannot be recorded; nothing was written.
            IndexUnavailable: It was recorded and cannot be found yet; opening the folder again repairs that.
        """
        with self._held():
            before = self._records.get(entry.id)
            now = self._clock()
            kept = entry.model_copy(update={"updated_at": now})
            if before is not None:
                kept = kept.model_copy(update={"created_at": before.created_at})
                if kept.model_copy(update={"updated_at": before.updated_at}) == before:
                    return before
            row = self._keeper.row(kept)
            self._records.put(kept, author=author, at=now)
            self._keeper.write(kept.id, row)
            return kept

    def get(self, entry_id: str) -> Entry:
        """Read one entry.

        Raises:
            EntryNotFound: There is none of that id.
            RecordsUnavailable: The database does not answer.
        """
        with self._held():
            found = self._records.get(entry_id)
            if found is None:
                raise EntryNotFound(entry_id, self._records.ids())
            return found

    def entries(
        self,
        *,
        kind: Literal["incident", "runbook"] | None = None,
        status: ReviewStatus | None = None,
        limit: int = ENTRIES_LISTED,
    ) -> list[Entry]:
        """List entries, the last changed first, those of one kind or status where asked.

        Raises:
            RecordsUnavailable: The database does not answer.
        """
        with self._held():
            return self._records.entries(kind=kind, status=status, limit=limit)

    def count(self) -> int:
        """Say how many entries there are, deprecated ones included.

        Raises:
            RecordsUnavailable: The database does not answer.
        """
        with self._held():
            return len(self._records.ids())

    def revisions(self, entry_id: str) -> tuple[Revision, ...]:
        """Read how an entry came to be, oldest first.

        Raises:
            EntryNotFound: There is none of that id.
            RecordsUnavailable: The database does not answer.
        """
        with self._held():
            found = self._records.revisions(entry_id)
            if not found:
                raise EntryNotFound(entry_id, self._records.ids())
            return found

    def search(
        self,
        text: str,
        *,
        signature: Mapping[str, float] | None = None,
        fault_kind: str | None = None,
        services: Sequence[str] = (),
        operations: Sequence[str] = (),
        limit: int = 5,
        exclude: Collection[str] = (),
        minimum_score: float | None = None,
    ) -> list[Match]:
        """Find what is known and like this, the most alike first; empty where nothing is alike enough.

        Compared are the 50 entries nearest by text and, with a signature, the 50 nearest among the 5000 last changed
        entries that have one. Deprecated entries are never found; drafts are, and say so in their status.

        Args:
            text: Symptoms in plain words; may be blank where there is a signature.
            signature: Symptom signature, feature name to strength in 0..1.
            fault_kind: The suspected kind; named as a reason where an entry shares it.
            services: Services concerned; as `fault_kind`.
            operations: Operations concerned; as `fault_kind`.
            limit: Most matches to give, at least 1.
            exclude: Ids that are not to be found, such as that of the very incident asked about.
            minimum_score: Least score that counts as alike, in 0..1; None for a bar that depends on what could be
                compared, see `knowledge_base.similarity`.

        Raises:
            BadSearch: Neither text nor signature was given, or the limit is below 1.
            ModelUnavailable: The text cannot be embedded.
            IndexUnavailable: The index cannot be searched.
            RecordsUnavailable: The database does not answer.
        """
        question = Question(
            text=text.strip(),
            signature=dict(signature or {}),
            fault_kind=fault_kind,
            services=tuple(services),
            operations=tuple(operations),
        )
        if limit < 1:
            raise BadSearch(f"a search for {limit} entries finds nothing; ask for at least 1")
        if not question.text and not any(question.signature.values()):
            raise BadSearch("a search needs words or a signature; say what is happening")
        matches = self._matches(question, reach=max(CANDIDATES, limit), exclude=frozenset(exclude))
        alike = [found for found in matches if is_alike(found, minimum_score)]
        return sorted(alike, key=lambda found: (-found.score, found.entry.id))[:limit]

    def rebuild(self, progress: Progress | None = None) -> int:
        """Make the index anew from the records, and say how many entries it holds; searches wait for it.

        Raises:
            IndexUnavailable: It cannot be written.
            ModelUnavailable: The model cannot be loaded; the index is left as it was.
            RecordsUnavailable: The database does not answer.
        """
        with self._held():
            return self._keeper.rebuild(progress)

    def check(self) -> IndexCheck:
        """Compare the index with the records, and repair nothing.

        Raises:
            IndexUnavailable: The index cannot be read.
            RecordsUnavailable: The database does not answer.
        """
        with self._held():
            return self._keeper.check()

    def _matches(self, question: Question, *, reach: int, exclude: frozenset[str]) -> Iterator[Match]:
        # Outside of the lock: embedding, and above all loading the model, should hold nobody up.
        vector = self._embedder.embed_query(question.text) if question.text else None
        with self._held():
            by_text = {} if vector is None else self._keeper.index.nearest(vector, reach + len(exclude))
            by_signature = self._nearest_by_signature(question.signature, reach + len(exclude))
            if vector is not None:
                others = [entry_id for entry_id in by_signature if entry_id not in by_text]
                by_text |= self._keeper.index.similarities(vector, others)
            wanted = [entry_id for entry_id in {**by_text, **by_signature} if entry_id not in exclude]
            entries = self._records.many(wanted)
        for entry_id, entry in entries.items():
            # The records have the last word: an index that lags behind must not bring back what was withdrawn.
            if entry.status is not ReviewStatus.DEPRECATED:
                yield match(question, entry, by_text.get(entry_id))

    def _nearest_by_signature(self, signature: Mapping[str, float], limit: int) -> dict[str, float]:
        if not any(signature.values()):
            return {}
        compared = {
            entry.id: signature_similarity(signature, entry.signature) or 0.0
            for entry in self._records.with_signature(limit=SIGNATURES_COMPARED)
        }
        nearest = sorted(compared, key=lambda entry_id: (-compared[entry_id], entry_id))[:limit]
        return {entry_id: compared[entry_id] for entry_id in nearest}

    @contextmanager
    def _held(self) -> Iterator[None]:
        with self._lock:
            if not self._is_open:
                raise NotOpen(str(self.folder))
            yield


def _lock(folder: Path) -> FolderLock:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return FolderLock(folder)
    except OSError as error:
        raise KnowledgeBaseError(f"knowledge base {folder} cannot be opened: {error}") from error
