from __future__ import annotations

import pytest
from contract_entries import entries, hostile_entry
from contract_server import World
from opened_app import OpenApp, everything_said, in_address, opened_page, press
from streamlit.testing.v1 import AppTest

from knowledge_base import ReviewStatus, Severity
from ui.pages.knowledge.entry_fields import EntryFields, edited, fault_kinds, fields_of, new_entry, problems_of

LINK = "inc-20260214-link"


def opened(open_app: OpenApp, url: str, **address: str) -> AppTest:
    return opened_page(open_app, url, "knowledge", **address)


def test_a_new_entry_is_a_draft_with_its_author_and_is_opened(world: World, server_url: str, open_app: OpenApp) -> None:
    app = opened(open_app, server_url, tab="new")
    app.text_input(key="author").set_value("Zoë").run()
    app.text_input(key="new_entry_title").set_value("Fila cheia")
    app.text_area(key="new_entry_symptoms").set_value("orders não consome a fila")
    app.text_area(key="new_entry_services").set_value("orders\n\nqueue\norders")
    press(app, "Save the draft")
    assert not app.exception
    made = world.entries[0]
    assert (made.title, made.services, made.status) == ("Fila cheia", ("orders", "queue"), ReviewStatus.DRAFT)
    assert made.provenance["author"] == "Zoë"
    assert in_address(app, "entry") == made.id
    assert "orders não consome a fila" in everything_said(app)


def test_an_entry_without_title_or_symptoms_is_not_saved_and_says_why(
    world: World, server_url: str, open_app: OpenApp
) -> None:
    app = press(opened(open_app, server_url, tab="new"), "Save the draft")
    said = everything_said(app).replace("\\", "")
    assert "Give it a title" in said
    assert "Say what it looks like" in said
    assert len(world.entries) == 3


def test_an_edit_changes_only_what_was_edited(world: World, server_url: str, open_app: OpenApp) -> None:
    before = world.known.entry(LINK)
    app = opened(open_app, server_url, entry=LINK, view="edit")
    app.text_area(key=f"edit_{LINK}_cause").set_value("O proxy.")
    press(app, "Save")
    assert not app.exception
    after = world.known.entry(LINK)
    assert after.cause == "O proxy."
    ignored = {"cause", "updated_at"}
    assert after.model_dump(exclude=ignored) == before.model_dump(exclude=ignored)
    assert in_address(app, "view") is None


def test_who_edits_what_somebody_else_changed_meanwhile_is_told_and_decides(
    world: World, server_url: str, open_app: OpenApp
) -> None:
    app = opened(open_app, server_url, entry=LINK, view="edit")
    world.known.write(world.known.entry(LINK).model_copy(update={"fix": "Theirs"}), "Rui")
    app.text_area(key=f"edit_{LINK}_fix").set_value("Mine")
    press(app, "Save")
    assert world.known.entry(LINK).fix == "Theirs"
    said = everything_said(app)
    assert "has revision 2 by now" in said.replace("\\", "")
    assert "Rui changed this entry while you were writing" in said
    assert app.text_area(key=f"edit_{LINK}_fix").value == "Mine"
    press(app, "I have seen it: mine may replace theirs")
    press(app, "Save")
    assert world.known.entry(LINK).fix == "Mine"


def test_what_was_written_can_be_dropped_for_what_somebody_else_wrote(
    world: World, server_url: str, open_app: OpenApp
) -> None:
    app = opened(open_app, server_url, entry=LINK, view="edit")
    world.known.write(world.known.entry(LINK).model_copy(update={"fix": "Theirs"}), "Rui")
    app.text_area(key=f"edit_{LINK}_fix").set_value("Mine")
    press(app, "Save")
    press(app, "Drop mine, start from theirs")
    assert app.text_area(key=f"edit_{LINK}_fix").value == "Theirs"
    assert "while you were writing" not in everything_said(app)


def test_history_shows_what_differs_and_takes_it_back(world: World, server_url: str, open_app: OpenApp) -> None:
    world.known.write(world.known.entry(LINK).model_copy(update={"team": "storefront"}), "Rui")
    world.known.write(world.known.entry(LINK).model_copy(update={"fix": "line\n" * 60}), "Inês", "a note")
    app = opened(open_app, server_url, entry=LINK, view="history")
    assert not app.exception
    assert [text.value for text in app.text if "3 · a note · Inês" in text.value]
    assert [code for code in app.code if "+line" in code.value and code.language == "diff"]
    app.selectbox(key="address_before").set_value("1").run()
    app.selectbox(key="address_after").set_value("2").run()
    assert [code.value for code in app.code if "+ storefront" in code.value]
    press(app, "Restore revision 1")
    assert world.known.entry(LINK).team == ""
    assert len(world.known.history(LINK)) == 4


def test_what_became_of_an_entry_is_shown_with_it(world: World, server_url: str, open_app: OpenApp) -> None:
    app = opened(open_app, server_url, entry=LINK, view="outcomes")
    assert "Nobody has judged it yet" in everything_said(app)
    app = opened(open_app, server_url, entry=LINK)
    press(app, "Helped")
    app = opened(open_app, server_url, entry=LINK, view="outcomes")
    assert {metric.label: metric.value for metric in app.metric}["Helped"] == "1"


@pytest.mark.parametrize("entry", [*entries(), hostile_entry()], ids=lambda entry: entry.id)
def test_a_form_that_nobody_touched_changes_nothing(entry) -> None:  # type: ignore[no-untyped-def]
    assert edited(entry, fields_of(entry)) == entry


def test_a_name_with_blanks_around_it_stays_when_another_field_is_edited() -> None:
    entry = entries()[0].model_copy(update={"services": (" odd ", "twice", "twice"), "severity": Severity.HIGH})
    fields = fields_of(entry)
    after = edited(entry, EntryFields(**{**{n: getattr(fields, n) for n in fields.__slots__}, "team": " web "}))
    assert (after.services, after.team, after.severity) == (entry.services, "web", Severity.HIGH)


def test_blank_texts_count_as_not_known() -> None:
    written = new_entry(EntryFields(title="  a   b ", symptoms="s", cause=" \n ", fix=""), "")
    assert (written.title, written.cause, written.fix, written.provenance) == ("a b", None, None, {})
    assert problems_of(EntryFields(title=" ", symptoms="\n")) != ()


def test_a_kind_of_fault_of_another_taxonomy_can_be_kept() -> None:
    assert fault_kinds("moon_phase")[-1] == "moon_phase"
    assert fault_kinds("network_link").count("network_link") == 1
