from __future__ import annotations

import argparse
import os
import subprocess
import sys

from chaos import require_free
from ui.connect import server_url
from ui.exits import Exit
from ui.pages.launch import SERVER_URL_VARIABLE, streamlit_arguments
from ui.settings_reading import load_settings


def run(arguments: argparse.Namespace) -> Exit:
    """Run the pages in the foreground."""
    settings = load_settings(file=arguments.config).settings
    port = settings.pages.port
    require_free(port)
    print(f"The chat is at http://localhost:{port} (Ctrl-C stops it).", file=sys.stderr)
    environment = {**os.environ, SERVER_URL_VARIABLE: server_url(settings)}
    ended = subprocess.run(streamlit_arguments(port), env=environment, check=False)
    return Exit.DONE if ended.returncode == 0 else Exit.NOT_REACHABLE
