from __future__ import annotations

import re
from pathlib import Path

import pytest
from browser import browser_page, chromium_binary, served_pages
from contract_entries import hostile_entry
from contract_server import World
from playwright.sync_api import expect

from knowledge_base import DuplicatePair

LINK = "inc-20260214-link"
PATIENCE_MS = 30_000


@pytest.mark.browser
@pytest.mark.slow
def test_an_entry_is_found_opened_and_judged_with_the_keyboard_alone(
    world: World, server_url: str, tmp_path: Path
) -> None:
    chromium_binary()
    with served_pages(server_url, tmp_path / "pages.log") as (address, _), browser_page() as page:
        page.goto(f"{address}/knowledge")
        field = page.get_by_label("Find entries by what happened")
        field.fill("conexão recusada")
        field.press("Enter")
        title = page.get_by_role("button", name="1 · payments: network link from orders")
        expect(title).to_be_visible(timeout=PATIENCE_MS)
        title.press("Enter")
        expect(page).to_have_url(re.compile(f"entry={LINK}.*recall=r-1"), timeout=PATIENCE_MS)
        # The address changes before the page does, and until then there is one in each row of the list.
        misled = page.get_by_role("button", name="Misled")
        expect(misled).to_have_count(1, timeout=PATIENCE_MS)
        misled.press("Enter")
        note = page.get_by_label("What was misleading? (optional)")
        note.fill("Foi o banco.")
        note.press("Enter")
        expect(page.get_by_text("You said that it misled.")).to_be_visible(timeout=PATIENCE_MS)
        assert [(one.outcome, one.recall_id) for one in world.known.outcomes] == [("opened", "r-1"), ("wrong", "r-1")]
        page.reload()
        expect(page.get_by_text("Restarted the proxy with the new certificate chain")).to_be_visible(
            timeout=PATIENCE_MS
        )


@pytest.mark.browser
@pytest.mark.slow
def test_text_of_an_entry_becomes_no_link_and_no_image_on_any_page(
    world: World, server_url: str, tmp_path: Path
) -> None:
    chromium_binary()
    hostile = hostile_entry()
    world.entries.append(hostile)
    twin = hostile.model_copy(update={"id": "twin", "symptoms": f"{hostile.symptoms} again"})
    world.entries.append(twin)
    world.known.pairs.append(DuplicatePair(one=hostile.id, other=twin.id, similarity=0.9, found_at=hostile.created_at))
    world.known.write(hostile.model_copy(update={"cause": hostile.symptoms}), "![me](http://127.0.0.1:9/me.png)")
    entry = f"knowledge?entry={hostile.id}"
    pages = ("knowledge", entry, f"{entry}&view=history", f"{entry}&view=edit", "review", "duplicates")
    with served_pages(server_url, tmp_path / "pages.log") as (address, _), browser_page() as page:
        asked_for: list[str] = []
        page.on("request", lambda request: asked_for.append(request.url))
        for path in pages:
            page.goto(f"{address}/{path}")
            expect(page.get_by_text(re.compile("onerror=")).first).to_be_visible(timeout=PATIENCE_MS)
            assert page.locator("a[href*='127.0.0.1:9'], img[src='x'], img[src*=':9/']").count() == 0, path
            assert page.title() != "1"
        assert [url for url in asked_for if ":9/" in url] == []


@pytest.mark.browser
@pytest.mark.slow
def test_every_field_has_a_label(server_url: str, tmp_path: Path) -> None:
    chromium_binary()
    pages = ("knowledge", "knowledge?tab=new", "knowledge?tab=import", "lab", f"knowledge?entry={LINK}&view=edit")
    with served_pages(server_url, tmp_path / "pages.log") as (address, _), browser_page() as page:
        for path in pages:
            page.goto(f"{address}/{path}")
            expect(page.get_by_label("Your name")).to_be_visible(timeout=PATIENCE_MS)
            fields = page.locator("[data-testid='stMain'] input:not([type=file]):visible, textarea:visible")
            expect(fields.nth(1)).to_be_visible(timeout=PATIENCE_MS)
            named = fields.evaluate_all(
                "fields => fields.map(field => field.getAttribute('aria-label') || field.labels?.length || '')"
            )
            assert all(named), (path, named)
