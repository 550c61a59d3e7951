from __future__ import annotations

from typing import Protocol

from knowledge_base.entry import Entry


class Writer(Protocol):
    """Whatever keeps entries, and lets a search find them as they are kept.

    Both methods are called inside of `Database.writing`, so what follows a commit, such as the index, belongs into
    `Database.after_commit`.
    """

    def get(self, entry_id: str) -> Entry:
        """Read one entry.

        Raises:
            EntryNotFound: There is none of that id.
        """
        ...

    def write(self, entry: Entry, *, author: str, note: str) -> Entry:
        """Keep an entry as it is given, its review status included, and give it back as it is kept."""
        ...
