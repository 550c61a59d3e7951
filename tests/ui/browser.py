"""A real headless Chromium, and the pages served by a real Streamlit, for tests that look at them."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, sync_playwright

from ui.pages import SERVER_URL_VARIABLE, streamlit_arguments

# Nothing may call home, and containers have no sandbox of their own.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
START_SECONDS = 60


def chromium_binary() -> str:
    """Find Debian's Chromium, or skip the test with the reason."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("no chromium binary on the PATH; `apt-get install chromium` brings it")
    return found


def free_port() -> int:
    """Find a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served_pages(server_url: str, log: Path) -> Iterator[tuple[str, int]]:
    """Serve the pages that speak to a server; gives their address and the process id."""
    port = free_port()
    environment = os.environ | {SERVER_URL_VARIABLE: server_url}
    with log.open("wb") as output:
        process = subprocess.Popen(streamlit_arguments(port), env=environment, stdout=output, stderr=output)
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_until_served(address, process, log)
        yield address, process.pid
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(15)


@contextmanager
def browser_page(width: int = 1440, height: int = 900, colour_scheme: str = "light") -> Iterator[Page]:
    """Open an empty page in a real headless Chromium."""
    binary = chromium_binary()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=binary, args=list(ARGUMENTS))
        try:
            yield browser.new_page(viewport={"width": width, "height": height}, color_scheme=colour_scheme)
        finally:
            browser.close()


def _wait_until_served(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    give_up_at = time.monotonic() + START_SECONDS
    with httpx.Client(trust_env=False) as client:
        while time.monotonic() < give_up_at:
            if process.poll() is not None:
                raise RuntimeError(f"the pages stopped while starting:\n{log.read_text(errors='replace')}")
            try:
                if client.get(f"{address}/_stcore/health").is_success:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.1)
    raise RuntimeError(f"the pages did not start in {START_SECONDS} s:\n{log.read_text(errors='replace')}")
