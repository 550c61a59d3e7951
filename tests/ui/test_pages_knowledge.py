from __future__ import annotations

from contract_entries import HOSTILE_LINE, hostile_entry, overdue_entry
from contract_server import World
from opened_app import OpenApp, everything_said, has_markup_of_others, in_address, markdown_said, opened_page, press
from streamlit.testing.v1 import AppTest

from knowledge_base import ReviewStatus

LINK = "inc-20260214-link"
RUNBOOK = "runbook-payments-slow"


def opened(open_app: OpenApp, url: str, **address: str) -> AppTest:
    return opened_page(open_app, url, "knowledge", **address)


def titles(app: AppTest) -> list[str]:
    return [button.label for button in app.button if button.key and button.key.startswith("open_")]


def test_everything_known_is_listed_with_its_review_status(server_url: str, open_app: OpenApp) -> None:
    app = opened(open_app, server_url)
    assert not app.exception
    assert len(titles(app)) == 3
    said = everything_said(app)
    assert "3 entries: 1 draft, 1 in review, 1 approved" in said
    assert ":orange-badge[unreviewed draft]" in said
    assert ":green-badge[approved]" in said


def test_a_long_list_comes_in_pages(world: World, server_url: str, open_app: OpenApp) -> None:
    (first, *_) = world.entries
    world.entries = [first.model_copy(update={"id": f"e-{number}"}) for number in range(26)]
    app = opened(open_app, server_url)
    assert len(titles(app)) == 25
    press(app, "More")
    assert (in_address(app, "page"), len(titles(app))) == ("2", 1)
    press(app, "Earlier")
    assert (in_address(app, "page"), len(titles(app))) == (None, 25)


def test_an_opened_entry_shows_all_that_is_known_of_it(world: World, server_url: str, open_app: OpenApp) -> None:
    world.entries.append(overdue_entry())
    app = opened(open_app, server_url, entry="runbook-cache-cold")
    assert not app.exception
    said = everything_said(app)
    assert "Warm it: run the job `warm-catalog`" in said
    assert "## Impact" in said
    assert "9f2c" in said
    assert "review overdue since 15 Jan 2026" in said
    assert "15 Jan 2026 (overdue)" in said
    assert "storefront" in said


def test_choosing_an_entry_puts_it_in_the_address_and_going_back_takes_it_out(
    server_url: str, open_app: OpenApp
) -> None:
    app = opened(open_app, server_url)
    app.button(key="open__inc-20260201-inventory-db").click().run()
    assert in_address(app, "entry") == "inc-20260201-inventory-db"
    assert "ALTER ROLE inventory LOGIN" in everything_said(app)
    press(app, "Back to the list")
    assert in_address(app, "entry") is None
    assert len(titles(app)) == 3


def test_text_of_an_entry_is_shown_as_it_was_written_and_formats_nothing(
    world: World, server_url: str, open_app: OpenApp
) -> None:
    world.entries.append(hostile_entry())
    app = opened(open_app, server_url, entry="imported-hostile")
    assert [text for text in app.text if HOSTILE_LINE in text.value]
    assert [text for text in app.text if text.value == "# Not a heading\n\n* not a list"]
    for drawn in (
        app,
        opened(open_app, server_url),
        opened(open_app, server_url, entry="imported-hostile", view="edit"),
    ):
        assert not drawn.exception
        assert not has_markup_of_others(drawn)


def test_a_text_that_gives_orders_to_an_assistant_is_marked(world: World, server_url: str, open_app: OpenApp) -> None:
    world.entries.append(hostile_entry())
    assert "addresses an assistant" in markdown_said(opened(open_app, server_url))
    assert "gives orders to an assistant" in everything_said(opened(open_app, server_url, entry="imported-hostile"))


def test_a_search_lists_the_best_match_first_and_says_why(server_url: str, open_app: OpenApp) -> None:
    app = opened(open_app, server_url)
    app.text_input(key="address_q").set_value("conexão recusada").run()
    assert in_address(app, "q") == "conexão recusada"
    assert [title.split("**")[1][:1] for title in titles(app)] == ["1", "2"]
    said = everything_said(app)
    assert ":blue-badge[reset] :blue-badge[payments]" in said
    assert ":violet-badge[link\\_errors]" in said
    assert ":green-badge[service payments]" in said
    assert "Unreviewed draft: nobody has checked this yet" in said.replace("\\", "")


def test_drawing_a_search_again_does_not_count_as_another_one(world: World, server_url: str, open_app: OpenApp) -> None:
    app = opened(open_app, server_url, q="checkout")
    app.run()
    app.run()
    assert len(world.known.recalls) == 1
    press(app, "Search again")
    assert len(world.known.recalls) == 2


def test_filters_stand_in_the_address_and_reach_the_server(world: World, server_url: str, open_app: OpenApp) -> None:
    app = opened(open_app, server_url, q="checkout")
    app.selectbox(key="address_kind").set_value("runbook").run()
    app.selectbox(key="address_status").set_value("approved").run()
    app.text_input(key="address_service").set_value("payments").run()
    asked = world.known.asked_filters[-1]
    assert (asked.kind, asked.service, asked.approved_only) == ("runbook", "payments", True)
    assert (in_address(app, "kind"), in_address(app, "service")) == ("runbook", "payments")
    assert len(titles(app)) == 1


def test_a_list_narrows_to_what_is_overdue(world: World, server_url: str, open_app: OpenApp) -> None:
    world.entries.append(overdue_entry())
    app = opened(open_app, server_url, status="overdue")
    assert [title for title in titles(app) if "catalog is slow" in title] == titles(app)
    app = opened(open_app, server_url, team="nobody")
    assert "No entry is like that" in everything_said(app)
    press(app, "Take the filters back")
    assert len(titles(app)) == 4


def test_a_search_without_matches_says_what_to_try(server_url: str, open_app: OpenApp) -> None:
    said = everything_said(opened(open_app, server_url, q="nothing like this"))
    assert "Nothing similar is known" in said
    assert "Try fewer words" in said


def test_an_empty_knowledge_base_says_how_it_fills(world: World, server_url: str, open_app: OpenApp) -> None:
    world.entries = []
    app = opened(open_app, server_url)
    assert "firedrill drill run" in everything_said(app)
    press(app, "Import files")
    assert in_address(app, "tab") == "import"


def test_an_entry_that_is_gone_says_so(server_url: str, open_app: OpenApp) -> None:
    app = opened(open_app, server_url, entry="gone")
    assert not app.exception
    assert "there is no entry 'gone'" in everything_said(app)


def test_what_was_found_can_be_said_to_have_helped(world: World, server_url: str, open_app: OpenApp) -> None:
    app = opened(open_app, server_url, q="checkout")
    app.text_input(key="author").set_value("Inês").run()
    app.button(key=f"verdict_found_r-1_{RUNBOOK}_helped").click().run()
    (outcome,) = world.known.outcomes
    assert (outcome.entry_id, outcome.outcome, outcome.recall_id, outcome.author) == (RUNBOOK, "helped", "r-1", "Inês")
    assert "You said that it helped" in everything_said(app)


def test_what_misled_goes_back_to_review_with_a_note(world: World, server_url: str, open_app: OpenApp) -> None:
    app = opened(open_app, server_url, q="checkout")
    app.text_input(key=f"verdict_found_r-1_{RUNBOOK}_note").set_value("Foi o banco.")
    next(button for button in app.button if button.label == "It misled me" and RUNBOOK in button.form_id).click().run()
    assert world.known.outcomes[-1].note == "Foi o banco."
    assert world.known.entry(RUNBOOK).status is ReviewStatus.IN_REVIEW
    assert "It went back to review" in everything_said(app).replace("\\", "")


def test_opening_what_was_found_is_told_once(world: World, server_url: str, open_app: OpenApp) -> None:
    app = opened(open_app, server_url, q="checkout")
    app.button(key=f"open_r-1_{LINK}").click().run()
    app.run()
    assert [(one.entry_id, one.outcome, one.recall_id) for one in world.known.outcomes] == [(LINK, "opened", "r-1")]


def test_everything_can_be_taken_out(world: World, server_url: str, open_app: OpenApp) -> None:
    app = opened(open_app, server_url, tab="export")
    assert not app.exception
    assert len(app.get("download_button")) == 2
    world.entries = []
    assert "nothing to take out" in everything_said(opened(open_app, server_url, tab="export"))
