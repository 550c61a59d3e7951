from __future__ import annotations

from datetime import date

import pytest
from incidents import WRITTEN_AT, entry

from knowledge_base.entry import Entry, ReviewStatus, Revision
from knowledge_base.errors import ReviewRefused
from knowledge_base.review.transitions import (
    MACHINE_AUTHOR,
    ReviewRules,
    check_approver,
    content_authors,
    edited,
    possible,
    restored,
    stepped,
)
from knowledge_base.review.values import ReviewAction

TODAY = date(2026, 3, 2)
RULES = ReviewRules(review_days=30)
TWO = ReviewRules(two_person=True)
DRAFT, IN_REVIEW, APPROVED, DEPRECATED = ReviewStatus
STEPS = {
    (DRAFT, ReviewAction.SUBMIT): IN_REVIEW,
    (DRAFT, ReviewAction.DEPRECATE): DEPRECATED,
    (IN_REVIEW, ReviewAction.APPROVE): APPROVED,
    (IN_REVIEW, ReviewAction.SEND_BACK): DRAFT,
    (IN_REVIEW, ReviewAction.DEPRECATE): DEPRECATED,
    (APPROVED, ReviewAction.REOPEN): IN_REVIEW,
    (APPROVED, ReviewAction.DEPRECATE): DEPRECATED,
    (DEPRECATED, ReviewAction.REVIVE): DRAFT,
}


def written(*steps: tuple[str, Entry]) -> list[Revision]:
    return [
        Revision(number=number, entry=each, author=author, at=WRITTEN_AT)
        for number, (author, each) in enumerate(steps, 1)
    ]


@pytest.mark.parametrize("action", ReviewAction)
@pytest.mark.parametrize("status", ReviewStatus)
def test_a_step_leads_where_it_leads_or_is_refused(status: ReviewStatus, action: ReviewAction) -> None:
    before = entry("a", status=status)
    if (status, action) in STEPS:
        assert stepped(before, action, rules=RULES, today=TODAY).status is STEPS[status, action]
        assert action in possible(status)
    else:
        with pytest.raises(ReviewRefused, match=f"cannot {action.value.replace('_', ' ')} entry a: it is"):
            stepped(before, action, rules=RULES, today=TODAY)


def test_a_refusal_says_what_can_be_done() -> None:
    with pytest.raises(ReviewRefused, match="it is in review; from there one can approve, send back, deprecate"):
        stepped(entry("a", status=IN_REVIEW), ReviewAction.SUBMIT, rules=RULES, today=TODAY)


def test_an_approval_holds_for_the_days_of_the_rules() -> None:
    approved = stepped(entry("a", status=IN_REVIEW), ReviewAction.APPROVE, rules=RULES, today=TODAY)
    assert approved.review_by == date(2026, 4, 1)


@pytest.mark.parametrize("action", [ReviewAction.REOPEN, ReviewAction.DEPRECATE])
def test_what_is_not_approved_is_never_due(action: ReviewAction) -> None:
    approved = entry("a", status=APPROVED, review_by=TODAY)
    assert stepped(approved, action, rules=RULES, today=TODAY).review_by is None


def test_an_approval_that_holds_for_no_day_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1, got 0"):
        ReviewRules(review_days=0)


def test_who_wrote_the_content_is_not_who_moved_it_on() -> None:
    steps = written(
        ("Eva", entry("a")),
        ("Rui", entry("a", title="Better")),
        ("Ana", entry("a", title="Better", status=IN_REVIEW)),
    )
    assert content_authors(steps) == ["Eva", "Rui"]
    assert content_authors(steps[:1]) == ["Eva"]
    assert content_authors([]) == []


def test_what_was_approved_once_is_nobodys_own_words_any_more() -> None:
    steps = written(
        ("Eva", entry("a")),
        ("Ana", entry("a", status=APPROVED)),
        ("Rui", entry("a", title="Better", status=IN_REVIEW)),
    )
    assert content_authors(steps) == ["Rui"]


def test_what_a_machine_fills_in_hides_nobody_who_wrote() -> None:
    steps = written(("Eva", entry("a")), (MACHINE_AUTHOR, entry("a", cause="Found out.", status=IN_REVIEW)))
    with pytest.raises(ReviewRefused, match="Eva wrote"):
        check_approver("a", "Eva", steps, TWO)
    check_approver("a", "Eva", written((MACHINE_AUTHOR, entry("a", status=IN_REVIEW))), TWO)


def test_words_of_nobody_in_particular_are_approved_once_somebody_answers_for_them() -> None:
    steps = written(("", entry("a", status=IN_REVIEW)), ("Eva", entry("a", title="Better", status=IN_REVIEW)))
    with pytest.raises(ReviewRefused, match="gave no name"):
        check_approver("a", "Rui", steps[:1], TWO)
    check_approver("a", "Rui", steps, TWO)


@pytest.mark.parametrize("name", ["Eva", "eva", " EVA "])
def test_nobody_approves_their_own_words_under_the_two_person_rule(name: str) -> None:
    steps = written(("Eva", entry("a")), ("Rui", entry("a", status=IN_REVIEW)))
    with pytest.raises(ReviewRefused, match="Eva wrote what is to be approved"):
        check_approver("a", name, steps, TWO)
    check_approver("a", "Rui", steps, TWO)
    check_approver("a", name, steps, RULES)


@pytest.mark.parametrize("name", ["", "  "])
def test_the_two_person_rule_asks_for_a_name_even_where_a_machine_wrote(name: str) -> None:
    steps = written((MACHINE_AUTHOR, entry("a")))
    with pytest.raises(ReviewRefused, match="give a name"):
        check_approver("a", name, steps, TWO)
    check_approver("a", name, steps, RULES)
    check_approver("a", "Eva", steps, TWO)


@pytest.mark.parametrize("rules", [RULES, TWO])
def test_an_edit_vouches_for_nothing(rules: ReviewRules) -> None:
    kept = edited(entry("a"), entry("a", title="New", status=APPROVED, review_by=TODAY), rules)
    assert (kept.title, kept.status, kept.review_by) == ("New", DRAFT, None)


def test_an_edit_of_what_is_approved_needs_two_persons_again_where_the_rules_say_so() -> None:
    before = entry("a", status=APPROVED, review_by=TODAY)
    after = entry("a", title="New")
    assert edited(before, after, RULES).status is APPROVED
    assert edited(before, after, RULES).review_by == TODAY
    assert edited(before, after, TWO).status is IN_REVIEW
    assert edited(before, after, TWO).review_by is None


def test_an_edit_that_changes_nothing_leaves_the_approval() -> None:
    before = entry("a", status=APPROVED, review_by=TODAY)
    assert edited(before, entry("a"), TWO) == before


def test_nothing_new_is_approved_from_the_start_under_the_two_person_rule() -> None:
    new = entry("a", status=APPROVED, review_by=TODAY)
    assert edited(None, new, RULES) == new
    assert edited(None, new, TWO).status is IN_REVIEW


def test_what_is_restored_is_the_content_and_not_the_review() -> None:
    then = entry("a", title="Once", status=APPROVED, review_by=TODAY)
    now = entry("a", title="Now", status=DEPRECATED)
    assert restored(now, then) == entry("a", title="Once", status=DEPRECATED)
