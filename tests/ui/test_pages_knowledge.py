from __future__ import annotations

from contract_server import World
from opened_app import OpenApp, everything_said
from streamlit.testing.v1 import AppTest


def opened(open_app: OpenApp, url: str, **address: str) -> AppTest:
    app = open_app(url)
    # AppTest only switches to pages that are files of their own; ours share one connection.
    pages = app._registered_pages
    app._page_hash = next(key for key, page in pages.items() if page.get("url_pathname") == "knowledge")
    for name, value in address.items():
        app.query_params[name] = value
    return app.run()


def test_everything_known_is_listed_with_its_review_status(server_url: str, open_app: OpenApp) -> None:
    app = opened(open_app, server_url)
    assert not app.exception
    (entries,) = app.radio
    assert len(entries.options) == 3
    assert entries.options[0].startswith(":orange-badge[unreviewed draft]")
    assert entries.options[1].startswith(":green-badge[approved]")
    assert "3 entries" in everything_said(app)


def test_an_opened_entry_shows_all_that_is_known_of_it(server_url: str, open_app: OpenApp) -> None:
    app = opened(open_app, server_url, entry="runbook-payments-slow")
    assert not app.exception
    said = everything_said(app)
    assert "fail over to the second proxy" in said
    assert "Inês Araújo" in said
    assert "approved" in said


def test_choosing_an_entry_puts_it_in_the_address(server_url: str, open_app: OpenApp) -> None:
    app = opened(open_app, server_url)
    app.radio[0].set_value("inc-20260201-inventory-db").run()
    assert app.query_params["entry"] in ("inc-20260201-inventory-db", ["inc-20260201-inventory-db"])
    assert "ALTER ROLE inventory LOGIN" in everything_said(app)


def test_text_of_an_entry_is_shown_as_it_was_written(server_url: str, open_app: OpenApp) -> None:
    app = opened(open_app, server_url, entry="inc-20260214-link")
    assert [text for text in app.text if "`spans` show no server side" in text.value]


def test_a_search_lists_the_best_match_first(server_url: str, open_app: OpenApp) -> None:
    app = opened(open_app, server_url)
    app.text_input[0].set_value("conexão recusada").run()
    assert len(app.radio[0].options) == 2
    assert "best match first" in everything_said(app)


def test_a_search_without_matches_says_what_to_try(server_url: str, open_app: OpenApp) -> None:
    app = opened(open_app, server_url)
    app.text_input[0].set_value("nothing like this").run()
    assert "Try fewer words" in everything_said(app)
    assert not app.radio


def test_an_empty_knowledge_base_says_how_it_fills(world: World, server_url: str, open_app: OpenApp) -> None:
    world.entries = []
    assert "firedrill kb add" in everything_said(opened(open_app, server_url))


def test_an_entry_that_is_gone_says_so(server_url: str, open_app: OpenApp) -> None:
    app = opened(open_app, server_url, entry="gone")
    assert not app.exception
    assert "there is no entry 'gone'" in everything_said(app)
