"""How the pages are started; imports nothing heavy, for the command line asks here."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

APP: Final = Path(__file__).with_name("app.py")
SERVER_URL_VARIABLE: Final = "FIREDRILL_SERVER_URL"
DEFAULT_SERVER_URL: Final = "http://127.0.0.1:8500"
DEFAULT_PORT: Final = 8501


def streamlit_arguments(port: int = DEFAULT_PORT, address: str = "127.0.0.1") -> list[str]:
    """Give the command that serves the pages; the server's address goes in the environment variable above."""
    options = {
        "server.port": str(port),
        "server.address": address,
        "server.headless": "true",
        # Watching every imported module for changes is for writing pages, and costs memory.
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
        "client.toolbarMode": "minimal",
        # Streamlit's own accent is red, which here means that something is wrong.
        "theme.light.primaryColor": "#2563eb",
        "theme.dark.primaryColor": "#60a5fa",
        "client.showErrorDetails": "none",
    }
    given = [part for name, value in options.items() for part in (f"--{name}", value)]
    return [sys.executable, "-m", "streamlit", "run", str(APP), *given]
