from __future__ import annotations

import httpx
from contract_server import World
from opened_app import OpenApp, everything_said, opened_page
from streamlit.testing.v1 import AppTest

from ui.pages.knowledge.ledger_view import change_in_words, count_rows, ranking_rows

LINK = "inc-20260214-link"


def opened(open_app: OpenApp, url: str) -> AppTest:
    return opened_page(open_app, url, "outcomes")


def judged(url: str, outcomes: list[str], *, recall: bool = True, note: str = "") -> None:
    with httpx.Client(base_url=url, trust_env=False) as http:
        recall_id = http.get("/entries/search", params={"q": "checkout"}).json()["recall_id"] if recall else ""
        for outcome in outcomes:
            body = {"outcome": outcome, "recall_id": recall_id, "author": "Ana", "note": note}
            http.post(f"/entries/{LINK}/outcomes", json=body).raise_for_status()


def test_feedback_says_which_ranking_it_changed(server_url: str, open_app: OpenApp) -> None:
    judged(server_url, ["wrong", "wrong", "wrong"], note="It was the **database**")
    app = opened(open_app, server_url)
    assert not app.exception
    said = everything_said(app)
    assert "3 judgements" in said
    assert ":red-badge[misled] **sinks from place 1 to 2**" in said
    assert [text for text in app.text if text.value == "It was the **database**"]
    assert [text for text in app.text if text.value == "checkout"]
    numbers = app.dataframe[-1].value
    assert list(numbers.iloc[0])[1:] == [1, 0, 0, 3]


def test_opening_alone_is_no_judgement(server_url: str, open_app: OpenApp) -> None:
    judged(server_url, ["opened"])
    assert "nobody has said yet whether they helped" in everything_said(opened(open_app, server_url))


def test_without_outcomes_the_page_says_where_they_come_from(server_url: str, open_app: OpenApp) -> None:
    assert "Nobody has judged anything yet" in everything_said(opened(open_app, server_url))


def test_a_judgement_outside_of_a_search_changes_no_ranking(world: World, server_url: str, open_app: OpenApp) -> None:
    judged(server_url, ["helped"], recall=False)
    assert "judged outside of a search" in everything_said(opened(open_app, server_url))


def test_the_ledger_counts_each_entry_once(world: World, server_url: str) -> None:
    judged(server_url, ["wrong", "helped"])
    with httpx.Client(base_url=server_url, trust_env=False) as http:
        from assistant.client import AssistantClient

        lines = AssistantClient(http).knowledge.outcomes()
    (row,) = count_rows(lines)
    assert (row["helped"], row["misled"]) == (1, 1)
    change = lines[0].change
    assert change is not None
    assert change_in_words(change.model_copy(update={"rank_now": 1})) == "stays at place 1"
    assert change_in_words(change.model_copy(update={"rank_then": 2, "rank_now": 1})) == "rises from place 2 to 1"
    assert [shown["now"] for shown in ranking_rows(change)] == [str(change.rank_now), ""]
