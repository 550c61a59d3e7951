from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from knowledge_base.entry import Entry
from knowledge_base.records.records import Records
from knowledge_base.review.transitions import ReviewRules, check_approver, stepped
from knowledge_base.review.values import ReviewAction
from knowledge_base.review.writer import Writer

_DONE: Final = {
    ReviewAction.SUBMIT: "submitted",
    ReviewAction.APPROVE: "approved",
    ReviewAction.SEND_BACK: "sent back",
    ReviewAction.REOPEN: "reopened",
    ReviewAction.DEPRECATE: "deprecated",
    ReviewAction.REVIVE: "revived",
}


class ReviewDesk:
    """Where people vouch for entries.

    Args:
        writer: Keeps the entries.
        records: Holds their revisions.
        rules: How the organisation vouches for entries.
        clock: Says what day it is, timezone-aware.
    """

    def __init__(self, writer: Writer, records: Records, *, rules: ReviewRules, clock: Callable[[], datetime]) -> None:
        self.rules = rules
        self._writer, self._records, self._clock = writer, records, clock

    def act(self, entry_id: str, action: ReviewAction, author: str = "", note: str = "") -> Entry:
        """Do a step of an entry's review, and give the entry as it is then.

        Args:
            entry_id: Which entry.
            action: What to do.
            author: Who does it; the two-person rule asks for a name.
            note: What to say about it, kept with the revision.

        Raises:
            EntryNotFound: There is none of that id.
            ReviewRefused: Its status or the rules do not allow it; nothing was changed.
            RecordsUnavailable: The database does not answer; nothing was changed.
        """
        with self._records.database.writing():
            entry = self._writer.get(entry_id)
            after = stepped(entry, action, rules=self.rules, today=self._clock().date())
            if action is ReviewAction.APPROVE:
                check_approver(entry_id, author, self._records.revisions(entry_id), self.rules)
            said = f"{_DONE[action]}: {note.strip()}" if note.strip() else _DONE[action]
            return self._writer.write(after, author=author, note=said)
