from __future__ import annotations

import re
from pathlib import Path

import pytest
from browser import browser_page, chromium_binary, free_port, served_pages
from contract_server import World, contract_server
from playwright.sync_api import expect

from ui.pages import streamlit_arguments

DIAGNOSED = "inc-20260301-140812"
HOSTILE_TITLE = "www.evil.test <img src=x> **payments** http://127.0.0.1:9/x someone@evil.test"
PATIENCE_MS = 30_000


def test_the_pages_are_served_on_this_machine_only() -> None:
    arguments = streamlit_arguments(8501)
    assert arguments[arguments.index("--server.address") + 1] == "127.0.0.1"
    assert arguments[arguments.index("--browser.gatherUsageStats") + 1] == "false"
    assert Path(arguments[4]).is_file()


@pytest.mark.browser
@pytest.mark.slow
def test_a_question_asked_in_a_browser_is_answered_and_survives_a_reload(
    world: World, server_url: str, tmp_path: Path
) -> None:
    chromium_binary()  # skips before anything is started
    with served_pages(server_url, tmp_path / "pages.log") as (address, _), browser_page() as page:
        page.goto(f"{address}/?incident={DIAGNOSED}")
        expect(page.get_by_text("Calls from orders to payments are reset")).to_be_visible(timeout=PATIENCE_MS)
        field = page.get_by_test_id("stChatInputTextArea")
        field.fill("O que há de errado com o checkout?")
        field.press("Enter")
        expect(page.get_by_text("Investigated in 4 steps")).to_be_visible(timeout=PATIENCE_MS)
        answer = page.get_by_text("Calls on it fail since 14:08:00")
        expect(answer).to_be_visible()
        assert [question.incident_id for question in world.questions] == [DIAGNOSED]
        page.reload()
        expect(answer).to_be_visible(timeout=PATIENCE_MS)
        expect(page.get_by_text("O que há de errado com o checkout?")).to_be_visible()


@pytest.mark.browser
@pytest.mark.slow
def test_text_from_telemetry_becomes_no_link_and_no_image_in_a_browser(
    world: World, server_url: str, tmp_path: Path
) -> None:
    chromium_binary()
    known = world.incident(DIAGNOSED)
    world.replace(known.model_copy(update={"title": HOSTILE_TITLE}))
    with served_pages(server_url, tmp_path / "pages.log") as (address, _), browser_page() as page:
        asked_for: list[str] = []
        page.on("request", lambda request: asked_for.append(request.url))
        page.goto(f"{address}/?incident={DIAGNOSED}")
        expect(page.get_by_text("Calls from orders to payments are reset")).to_be_visible(timeout=PATIENCE_MS)
        expect(page.get_by_text(re.compile("onerror=")).first).to_be_visible()
        expect(page.get_by_text(re.compile(r"<img src=x> \*\*payments\*\*")).first).to_be_visible()
        assert page.locator("a[href*='evil'], a[href*='127.0.0.1:9'], img[src='x'], img[src*=':9/']").count() == 0
        assert [url for url in asked_for if "evil" in url or ":9/" in url] == []


@pytest.mark.browser
@pytest.mark.slow
def test_the_page_comes_back_by_itself_when_the_server_does(world: World, tmp_path: Path) -> None:
    chromium_binary()
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with served_pages(url, tmp_path / "pages.log") as (address, _), browser_page() as page:
        page.goto(address)
        expect(page.get_by_text("The server does not answer")).to_be_visible(timeout=PATIENCE_MS)
        with contract_server(world, port):
            expect(page.get_by_role("radiogroup").first).to_be_visible(timeout=PATIENCE_MS)
            expect(page.get_by_text("The server does not answer")).to_be_hidden()
        expect(page.get_by_text("The server does not answer")).to_be_visible(timeout=PATIENCE_MS)
