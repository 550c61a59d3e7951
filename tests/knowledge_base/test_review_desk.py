from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from incidents import entry
from kept import Kept, opened

from knowledge_base.errors import EntryNotFound, ReviewRefused
from knowledge_base.review.transitions import ReviewRules
from knowledge_base.review.values import ReviewAction


@pytest.fixture
def kept(database_url: str | Path) -> Iterator[Kept]:
    with opened(database_url) as records:
        yield Kept(records, ReviewRules(two_person=True))


def test_the_life_of_an_entry_is_told_by_its_revisions(kept: Kept) -> None:
    kept.write(entry("a"), author="Eva")
    kept.desk.act("a", ReviewAction.SUBMIT, "Eva")
    kept.desk.act("a", ReviewAction.SEND_BACK, "Rui", " says nothing of the fix ")
    kept.desk.act("a", ReviewAction.SUBMIT, "Eva")
    approved = kept.desk.act("a", ReviewAction.APPROVE, "Rui")
    assert approved.review_by == date(2026, 8, 29)
    assert kept.get("a") == approved
    assert kept.notes("a") == ["", "submitted", "sent back: says nothing of the fix", "submitted", "approved"]
    assert [revision.author for revision in kept.records.revisions("a")] == ["Eva", "Eva", "Rui", "Eva", "Rui"]


def test_a_step_that_is_refused_leaves_no_trace(kept: Kept) -> None:
    kept.write(entry("a"), author="Eva")
    kept.desk.act("a", ReviewAction.SUBMIT, "Rui")
    change = kept.records.change()
    with pytest.raises(ReviewRefused, match="somebody else"):
        kept.desk.act("a", ReviewAction.APPROVE, "Eva")
    assert kept.status("a") == "in_review"
    assert len(kept.notes("a")) == 2
    assert kept.records.change() == change


def test_the_desk_names_an_entry_that_is_not_there(kept: Kept) -> None:
    kept.write(entry("inc-orders"))
    with pytest.raises(EntryNotFound, match="Did you mean 'inc-orders'"):
        kept.desk.act("inc-order", ReviewAction.SUBMIT)
