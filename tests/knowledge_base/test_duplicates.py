from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from incidents import WRITTEN_AT, entry
from kept import Kept, opened

from knowledge_base.entry import Entry, ReviewStatus
from knowledge_base.errors import EntryNotFound, MergeRefused, RecordsUnavailable
from knowledge_base.review.duplicate_queue import DuplicateQueue
from knowledge_base.review.transitions import ReviewRules
from knowledge_base.review.values import ReviewAction


@pytest.fixture
def kept(database_url: str | Path) -> Iterator[Kept]:
    with opened(database_url) as records:
        kept = Kept(records)
        for place, entry_id in enumerate(("c", "b", "a")):
            kept.write(entry(entry_id, created_at=WRITTEN_AT + timedelta(days=place)))
        yield kept


def waiting(kept: Kept) -> list[tuple[str, str, float]]:
    return [(pair.one, pair.other, pair.similarity) for pair in kept.queue.waiting()]


def test_pairs_over_the_bar_wait_the_elder_first_and_the_most_alike_on_top(kept: Kept) -> None:
    assert kept.queue.notice([("a", "b", 0.9), ("b", "c", 0.95), ("a", "c", 0.899)]) == 2
    assert waiting(kept) == [("c", "b", 0.95), ("b", "a", 0.9)]


def test_a_pair_is_queued_once_in_whatever_order_it_is_noticed(kept: Kept) -> None:
    assert kept.queue.notice([("a", "b", 0.95), ("b", "a", 0.97)]) == 1
    assert kept.queue.notice([("b", "a", 0.99)]) == 0
    assert len(waiting(kept)) == 1


def test_what_is_no_pair_is_not_queued(kept: Kept) -> None:
    kept.desk.act("c", ReviewAction.DEPRECATE)
    assert kept.queue.notice([("a", "a", 1.0), ("a", "nobody", 1.0), ("b", "c", 1.0)]) == 0
    assert kept.queue.notice([]) == 0


def test_similarity_that_rounding_lifts_over_one_is_one(kept: Kept) -> None:
    kept.queue.notice([("a", "b", 1.0000001)])
    assert waiting(kept) == [("b", "a", 1.0)]


def test_a_merge_leaves_one_entry_to_find_and_both_histories(kept: Kept) -> None:
    kept.queue.notice([("a", "b", 0.95)])
    merged = kept.queue.merge("a", "b", {"title": "other"}, "Eva")
    assert (merged.title, merged.merged_from[0].id) == ("Incident b", "b")
    assert kept.get("a") == merged
    assert (kept.status("b"), kept.get("b").provenance["merged_into"]) == ("deprecated", "a")
    assert kept.notes("a") == ["", "merged with b"]
    assert kept.notes("b") == ["", "merged into a"]
    assert waiting(kept) == []
    (decided,) = kept.queue.pairs("merged")
    assert (decided.decided_by, decided.state) == ("Eva", "merged")
    assert decided.decided_at is not None


def test_entries_that_nobody_noticed_can_be_merged(kept: Kept) -> None:
    kept.queue.merge("a", "c", {})
    assert [(pair.one, pair.other) for pair in kept.queue.pairs("merged")] == [("c", "a")]


def test_what_was_like_the_merged_entry_is_compared_with_the_kept_one(kept: Kept) -> None:
    kept.queue.notice([("a", "b", 0.95), ("b", "c", 0.93)])
    kept.queue.merge("a", "b", {})
    assert waiting(kept) == [("c", "a", 0.93)]


class BreaksOff(Kept):
    """Fails at its second writing, as a full disk would."""

    writings = 0

    def write(self, entry: Entry, *, author: str = "", note: str = "") -> Entry:
        self.writings += 1
        if self.writings == 2:
            raise RecordsUnavailable(self.records.database.name, "the disk is full")
        return super().write(entry, author=author, note=note)


def test_a_merge_that_breaks_off_has_not_begun(kept: Kept) -> None:
    kept.queue.notice([("a", "b", 0.95)])
    before = kept.get("a"), kept.get("b"), kept.records.change()
    with pytest.raises(RecordsUnavailable, match="disk is full"):
        BreaksOff(kept.records).queue.merge("a", "b", {"title": "other"}, "Eva")
    assert (kept.get("a"), kept.get("b"), kept.records.change()) == before
    assert len(waiting(kept)) == 1


def test_a_merge_that_is_refused_changes_nothing(kept: Kept) -> None:
    with pytest.raises(MergeRefused, match="one can choose"):
        kept.queue.merge("a", "b", {"nonsense": "keep"})
    with pytest.raises(EntryNotFound):
        kept.queue.merge("a", "nobody", {})
    assert kept.notes("a") == [""]


def test_a_merge_into_an_approved_entry_is_looked_at_by_a_second_person(kept: Kept) -> None:
    kept.write(entry("a", status=ReviewStatus.APPROVED))
    rules = ReviewRules(two_person=True)
    queue = DuplicateQueue(kept, kept.records, kept.duplicates, rules=rules, clock=kept.clock)
    assert queue.merge("a", "b", {}, "Eva").status is ReviewStatus.IN_REVIEW


def test_two_different_things_are_not_queued_again(kept: Kept) -> None:
    kept.queue.notice([("a", "b", 0.95)])
    decided = kept.queue.keep_both("a", "b", "Eva")
    assert (decided.one, decided.other, decided.state, decided.similarity) == ("b", "a", "distinct", 0.95)
    assert kept.queue.notice([("a", "b", 0.99)]) == 0
    assert waiting(kept) == []


def test_a_pair_waits_only_while_both_can_be_found(kept: Kept) -> None:
    kept.queue.notice([("a", "b", 0.95)])
    kept.desk.act("a", ReviewAction.DEPRECATE)
    assert waiting(kept) == []
    kept.desk.act("a", ReviewAction.REVIVE)
    assert len(waiting(kept)) == 1
