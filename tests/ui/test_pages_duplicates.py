from __future__ import annotations

from datetime import UTC, datetime

import pytest
from contract_entries import HOSTILE_LINE, entries
from contract_server import World
from opened_app import OpenApp, everything_said, has_markup_of_others, markdown_said, opened_page, press
from streamlit.testing.v1 import AppTest

from knowledge_base import DuplicatePair, ReviewStatus
from ui.pages.knowledge.pair_view import field_pairs, marked, merge_choices, stays_usually

LINK, TWIN = "inc-20260214-link", "inc-twin"


@pytest.fixture
def pair(world: World) -> DuplicatePair:
    link = world.known.entry(LINK)
    told = {"id": TWIN, "title": f"again {HOSTILE_LINE}", "cause": None, "services": ("payments", "gateway")}
    world.entries.append(link.model_copy(update={**told, "symptoms": f"{link.symptoms}\n{HOSTILE_LINE}"}))
    found = DuplicatePair(one=LINK, other=TWIN, similarity=0.94, found_at=datetime.now(UTC))
    world.known.pairs.append(found)
    return found


def opened(open_app: OpenApp, url: str) -> AppTest:
    return opened_page(open_app, url, "duplicates")


def test_a_pair_is_shown_side_by_side_and_nothing_of_it_is_markup(
    pair: DuplicatePair, server_url: str, open_app: OpenApp
) -> None:
    app = opened(open_app, server_url)
    assert not app.exception
    assert "94 % alike" in app.selectbox[0].options[0]
    assert ":orange-background[" in markdown_said(app)
    assert not has_markup_of_others(app)


def test_a_merge_takes_each_field_from_where_it_was_chosen(
    world: World, pair: DuplicatePair, server_url: str, open_app: OpenApp
) -> None:
    app = opened(open_app, server_url)
    app.text_input(key="author").set_value("Zoë").run()
    app.radio(key=f"pair_{LINK}_{TWIN}_symptoms").set_value("both")
    app.radio(key=f"pair_{LINK}_{TWIN}_title").set_value("other")
    press(app, "Merge")
    assert not app.exception
    kept = world.known.entry(LINK)
    assert kept.title.startswith("again ")
    assert kept.symptoms.count("Checkout fails") == 2
    assert kept.services == ("payments", "orders", "gateway")
    assert [origin.id for origin in kept.merged_from] == [TWIN]
    assert world.known.entry(TWIN).status is ReviewStatus.DEPRECATED
    assert (world.known.pairs[0].state, world.known.pairs[0].decided_by) == ("merged", "Zoë")
    assert "No two entries look like the same" in everything_said(app)


def test_two_different_things_are_kept_apart(
    world: World, pair: DuplicatePair, server_url: str, open_app: OpenApp
) -> None:
    app = press(opened(open_app, server_url), "They are two different things")
    assert world.known.pairs[0].state == "distinct"
    assert "nobody is asked about these two again" in everything_said(app)


def test_a_merge_that_is_refused_says_why_and_changes_nothing(
    world: World, pair: DuplicatePair, server_url: str, open_app: OpenApp
) -> None:
    app = opened(open_app, server_url)
    world.known.write(world.known.entry(TWIN).model_copy(update={"status": ReviewStatus.DEPRECATED}))
    press(app, "Merge")
    assert "is deprecated; revive it first" in everything_said(app).replace("\\", "")
    assert world.known.pairs[0].state == "open"


def test_a_pair_of_which_one_is_gone_can_still_be_settled(
    world: World, pair: DuplicatePair, server_url: str, open_app: OpenApp
) -> None:
    world.entries = [entry for entry in world.entries if entry.id != TWIN]
    app = opened(open_app, server_url)
    assert "cannot be opened any longer" in everything_said(app)
    press(app, "They are two different things")
    assert world.known.pairs[0].state == "distinct"


def test_without_duplicates_the_page_says_when_there_will_be_some(server_url: str, open_app: OpenApp) -> None:
    assert "Pairs appear here by themselves" in everything_said(opened(open_app, server_url))


def test_what_only_one_of_two_texts_says_is_marked() -> None:
    left, right = marked("Checkout fails, 88 % of it.\nDone", "Checkout fails, 91 % of it.\nDone *now*")
    assert left == "Checkout fails\\, :orange-background[88] \\% of it\\.  \nDone"
    assert right == "Checkout fails\\, :orange-background[91] \\% of it\\.  \nDone:orange-background[\\*now\\*]"


def test_texts_that_say_the_same_are_not_marked() -> None:
    assert marked("a b\nc", "a b\nc") == ("a b  \nc", "a b  \nc")
    assert marked("", "") == ("", "")
    assert marked("", "x y") == ("", ":orange-background[x y]")


def test_very_long_texts_are_shown_without_marks() -> None:
    left, right = marked("a " * 2000, "b " * 2000)
    assert "background" not in left + right


def test_choices_between_sides_become_choices_of_what_stays() -> None:
    sides = {"title": "one", "cause": "other", "notes": "both"}
    assert merge_choices(sides, keeps_one=True) == {"title": "keep", "cause": "other", "notes": "both"}  # type: ignore[arg-type]
    assert merge_choices(sides, keeps_one=False) == {"title": "other", "cause": "keep", "notes": "both"}  # type: ignore[arg-type]


def test_the_entry_that_is_vouched_for_further_stays_and_gaps_are_filled_from_the_other() -> None:
    draft, approved, _ = entries()
    assert stays_usually(draft, approved) == "other"
    assert stays_usually(approved, draft) == "one"
    assert stays_usually(draft, draft) == "one"
    rows = {row.field: row for row in field_pairs(draft, approved.model_copy(update={"cause": None}))}
    assert rows["cause"].usual("other") == "one"
    assert rows["title"].usual("other") == "other"
    assert rows["services"].choices == ()
