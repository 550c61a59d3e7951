"""Entries as people write them: new ones, and others instead of what was there."""

from __future__ import annotations

from datetime import datetime
from itertools import chain, count
from typing import Final

from assistant.knowledge_values import WrittenEntry
from knowledge_base import Entry, EntryNotFound, KnowledgeBase, slug
from ui.server.knowledge_bodies import EditBody, NewEntryBody

NEVER_WRITTEN: Final = 0
"""`based_on` of an entry that is new: nobody may have written one of its id yet."""
TAKEN_WORDS: Final = frozenset({"counts", "search", "compare"})
"""What stands where an entry's id does in an address, and so cannot be one."""


class IdTaken(Exception):
    """A new entry may not be called like that; the message says what to do."""

    def __init__(self, entry_id: str) -> None:
        super().__init__(entry_id)
        self.entry_id = entry_id

    def __str__(self) -> str:
        if self.entry_id in TAKEN_WORDS:
            return f"an entry cannot be called {self.entry_id!r}, which is a word of the API; choose another id"
        return f"there is an entry {self.entry_id!r} already; edit that one, or choose another id"


def create_entry(knowledge: KnowledgeBase, body: NewEntryBody, now: datetime) -> Entry:
    """Write a new entry, a draft.

    Raises:
        IdTaken: There is one of that id, or the id cannot be one.
        Conflict: Somebody wrote one of that id at the same moment.
        KnowledgeBaseError: It cannot be written.
    """
    entry_id = body.id if body.id is not None else _free_id(knowledge, body.entry.title, body.entry.kind)
    if entry_id in TAKEN_WORDS or _exists(knowledge, entry_id):
        raise IdTaken(entry_id)
    written = _fields(body.entry)
    entry = Entry.model_validate({**written, "id": entry_id, "created_at": now, "updated_at": now})
    return knowledge.put(entry, author=body.author, based_on=NEVER_WRITTEN)


def edit_entry(knowledge: KnowledgeBase, entry_id: str, body: EditBody) -> Entry:
    """Write an entry anew; its status, its times and its merges stay, and its provenance is only added to.

    Raises:
        EntryNotFound: There is none of that id.
        Conflict: There is a later revision than the one that its author saw.
        KnowledgeBaseError: It cannot be written.
    """
    last = knowledge.history(entry_id)[-1]
    before = last.entry
    written = _fields(body.entry)
    written["provenance"] = {**before.provenance, **body.entry.provenance}
    entry = Entry.model_validate({**before.model_dump(), **written})
    # What was read here is a part of it, so nobody may have written in between.
    return knowledge.put(entry, author=body.author, based_on=body.based_on or last.number)


def _free_id(knowledge: KnowledgeBase, title: str, kind: str) -> str:
    wanted = slug(title) or kind
    tried = chain([wanted], (f"{wanted}-{number}" for number in count(2)))
    return next(one for one in tried if one not in TAKEN_WORDS and not _exists(knowledge, one))


def _exists(knowledge: KnowledgeBase, entry_id: str) -> bool:
    try:
        knowledge.get(entry_id)
    except EntryNotFound:
        return False
    return True


def _fields(written: WrittenEntry) -> dict[str, object]:
    return {name: getattr(written, name) for name in WrittenEntry.model_fields}
