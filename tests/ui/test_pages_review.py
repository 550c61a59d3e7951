from __future__ import annotations

from datetime import date, timedelta

from contract_entries import entries, overdue_entry
from contract_server import World
from opened_app import OpenApp, everything_said, opened_page, press
from streamlit.testing.v1 import AppTest

from knowledge_base import ReviewAction, ReviewRules, ReviewStatus
from ui.pages.entry_marks import badges, is_overdue
from ui.pages.knowledge.board import board_column
from ui.pages.knowledge.review_actions import STEPS, steps_of

LINK, RUNBOOK, DATABASE = "inc-20260214-link", "runbook-payments-slow", "inc-20260201-inventory-db"
TODAY = date(2026, 3, 1)


def opened(open_app: OpenApp, url: str) -> AppTest:
    return opened_page(open_app, url, "review")


def test_the_board_has_three_columns_with_counts(world: World, server_url: str, open_app: OpenApp) -> None:
    world.entries.append(overdue_entry())
    app = opened(open_app, server_url)
    assert not app.exception
    said = everything_said(app)
    assert "#### Drafts :gray-badge[1]" in said
    assert "#### In review :gray-badge[1]" in said
    assert "#### Approved :gray-badge[2] :red-badge[1 overdue]" in said
    shown = [link.proto.label for link in app.get("page_link")]
    places = [
        next(at for at, label in enumerate(shown) if part in label) for part in ("catalog is slow", "Checkout is slow")
    ]
    assert places == sorted(places)


def test_a_draft_is_submitted_and_approved_by_name(world: World, server_url: str, open_app: OpenApp) -> None:
    app = opened(open_app, server_url)
    app.text_input(key="author").set_value("Inês").run()
    app.button(key=f"review_board_{LINK}_submit").click().run()
    assert world.known.entry(LINK).status is ReviewStatus.IN_REVIEW
    app.button(key=f"review_board_{LINK}_approve").click().run()
    after = world.known.entry(LINK)
    assert after.status is ReviewStatus.APPROVED
    assert world.known.history(LINK)[-1].author == "Inês"
    assert f"to be looked at again by {after.review_by}" in everything_said(app).replace("\\", "")


def test_what_is_sent_back_says_why(world: World, server_url: str, open_app: OpenApp) -> None:
    app = opened(open_app, server_url)
    app.text_input(key=f"review_board_{DATABASE}_note").set_value("Falta a causa.")
    app.button(key=f"review_board_{DATABASE}_note_send_back").click().run()
    assert world.known.entry(DATABASE).status is ReviewStatus.DRAFT
    assert world.known.history(DATABASE)[-1].note == "Falta a causa."


def test_a_refusal_is_said_in_the_servers_words(world: World, server_url: str, open_app: OpenApp) -> None:
    world.known.rules = ReviewRules(two_person=True)
    app = opened(open_app, server_url)
    app.button(key=f"review_board_{DATABASE}_approve").click().run()
    assert not app.exception
    assert "the two-person rule asks who approves; give a name" in everything_said(app).replace("\\", "")
    assert world.known.entry(DATABASE).status is ReviewStatus.IN_REVIEW


def test_the_name_is_remembered_on_the_other_pages(server_url: str, open_app: OpenApp) -> None:
    app = opened(open_app, server_url)
    app.text_input(key="author").set_value("Inês").run()
    app._page_hash = next(key for key, known in app._registered_pages.items() if known["url_pathname"] == "outcomes")
    assert app.run().text_input(key="author").value == "Inês"


def test_what_is_deprecated_can_be_revived(world: World, server_url: str, open_app: OpenApp) -> None:
    world.entries = [entries()[0].model_copy(update={"status": ReviewStatus.DEPRECATED})]
    app = opened(open_app, server_url)
    assert "Deprecated (1)" in everything_said(app)
    press(app, "Revive as a draft")
    assert world.known.entry(LINK).status is ReviewStatus.DRAFT


def test_an_empty_board_says_what_to_do(world: World, server_url: str, open_app: OpenApp) -> None:
    world.entries = []
    assert "firedrill drill run" in everything_said(opened(open_app, server_url))


def test_what_is_overdue_comes_first_the_longest_overdue_on_top() -> None:
    fresh = overdue_entry().model_copy(update={"id": "fresh", "review_by": TODAY})
    late, later = (
        overdue_entry().model_copy(update={"id": f"late-{days}", "review_by": TODAY - timedelta(days=days)})
        for days in (1, 9)
    )
    column = board_column(ReviewStatus.APPROVED, 7, [late, later], [fresh, late], TODAY, 2)
    assert [entry.id for entry in column.shown] == ["late-9", "late-1"]
    assert (column.overdue, column.hidden) == (2, 5)


def test_the_day_itself_is_not_overdue_and_a_deprecated_entry_never_is() -> None:
    entry = overdue_entry().model_copy(update={"review_by": TODAY})
    assert not is_overdue(entry, TODAY)
    assert is_overdue(entry, TODAY + timedelta(days=1))
    put_away = entry.model_copy(update={"status": ReviewStatus.DEPRECATED})
    assert not is_overdue(put_away, TODAY + timedelta(days=1))
    assert "overdue" not in badges(put_away, TODAY + timedelta(days=1))


def test_every_step_of_a_review_is_offered_somewhere_and_has_words() -> None:
    offered = {step.action for status in ReviewStatus for step in steps_of(status)}
    assert offered == set(ReviewAction) == set(STEPS)
