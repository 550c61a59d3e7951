from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Final

from knowledge_base.entry import Entry, ReviewStatus
from knowledge_base.errors import MergeRefused
from knowledge_base.records.duplicates import DuplicateRecords, PairState
from knowledge_base.records.records import Records
from knowledge_base.review.merging import Choice, merged, put_away
from knowledge_base.review.transitions import ReviewRules, edited
from knowledge_base.review.values import DuplicatePair
from knowledge_base.review.writer import Writer

LEAST_SIMILARITY: Final = 0.92


class DuplicateQueue:
    """Entries that may tell the same, until somebody decided.

    Args:
        writer: Keeps the entries.
        records: Holds them.
        duplicates: Holds the pairs.
        rules: How the organisation vouches for entries.
        clock: Says when something was decided, timezone-aware.
        least_similarity: From which similarity on a pair is worth a look, in 0..1.
    """

    def __init__(
        self,
        writer: Writer,
        records: Records,
        duplicates: DuplicateRecords,
        *,
        rules: ReviewRules,
        clock: Callable[[], datetime],
        least_similarity: float = LEAST_SIMILARITY,
    ) -> None:
        self.least_similarity = least_similarity
        self._writer, self._records, self._duplicates = writer, records, duplicates
        self._rules, self._clock = rules, clock

    def notice(self, similarities: Iterable[tuple[str, str, float]]) -> int:
        """Queue pairs that are alike enough, and say how many are new; what was decided stays decided.

        Args:
            similarities: Two ids each, and how alike these entries are, in 0..1. Entries that are not there, or that no
                search may return, are left out.

        Raises:
            RecordsUnavailable: The database does not answer; nothing was queued.
        """
        alike = [
            (one, other, min(1.0, similarity))
            for one, other, similarity in similarities
            if one != other and similarity >= self.least_similarity
        ]
        if not alike:
            return 0
        now = self._clock()
        with self._records.database.writing():
            entries = self._records.many(sorted({entry_id for one, other, _ in alike for entry_id in (one, other)}))
            known = {entry_id: each for entry_id, each in entries.items() if each.status is not ReviewStatus.DEPRECATED}
            return self._duplicates.add(
                [
                    _pair(known[one], known[other], similarity, now)
                    for one, other, similarity in alike
                    if one in known and other in known
                ]
            )

    def waiting(self, limit: int | None = None) -> list[DuplicatePair]:
        """List the pairs that nobody decided about, the most alike first.

        Raises:
            RecordsUnavailable: The database does not answer.
        """
        return self._duplicates.pairs("open", limit)

    def pairs(self, state: PairState, limit: int | None = None) -> list[DuplicatePair]:
        """List the pairs of a state, the most alike first.

        Raises:
            RecordsUnavailable: The database does not answer.
        """
        return self._duplicates.pairs(state, limit)

    def merge(self, keep: str, other: str, choices: Mapping[str, Choice], author: str = "") -> Entry:
        """Make one entry of two, noticed before or not, and give it; all of it is kept, or nothing.

        The other is deprecated and says where it went. What was like the other is now compared with the kept one.

        Args:
            keep: Id of the entry that stays.
            other: Id of the entry that is to be found no more.
            choices: Field name to whose it is, see `merged`.
            author: Who decided.

        Raises:
            EntryNotFound: One of them is not there.
            MergeRefused: They cannot be merged so.
            RecordsUnavailable: The database does not answer.
        """
        with self._records.database.writing():
            now = self._clock()
            before, away = self._writer.get(keep), self._writer.get(other)
            after = edited(before, merged(before, away, choices, now), self._rules)
            kept = self._writer.write(after, author=author, note=f"merged with {other}")
            self._writer.write(put_away(away, keep, now), author=author, note=f"merged into {keep}")
            elder, younger = sorted((before, away), key=_age)
            self._duplicates.decide(elder.id, younger.id, "merged", author, now)
            self._hand_on(kept, other, now)
            return kept

    def keep_both(self, one: str, other: str, author: str = "") -> DuplicatePair:
        """Decide that two entries tell different things; they are not queued again.

        Raises:
            EntryNotFound: One of them is not there.
            MergeRefused: They are the same entry.
            RecordsUnavailable: The database does not answer.
        """
        if one == other:
            raise MergeRefused(one, other, "that is one entry; name two")
        with self._records.database.writing():
            elder, younger = sorted((self._writer.get(one), self._writer.get(other)), key=_age)
            return self._duplicates.decide(elder.id, younger.id, "distinct", author, self._clock())

    def _hand_on(self, kept: Entry, away: str, now: datetime) -> None:
        similarities = {
            (pair.other if pair.one == away else pair.one): pair.similarity
            for pair in self._duplicates.of(away)
            if pair.state == "open"
        }
        entries = self._records.many([entry_id for entry_id in similarities if entry_id != kept.id])
        self._duplicates.add([_pair(kept, entry, similarities[entry.id], now) for entry in entries.values()])


def _pair(one: Entry, other: Entry, similarity: float, now: datetime) -> DuplicatePair:
    elder, younger = sorted((one, other), key=_age)
    return DuplicatePair(one=elder.id, other=younger.id, similarity=similarity, found_at=now)


def _age(entry: Entry) -> tuple[datetime, str]:
    return entry.created_at, entry.id
