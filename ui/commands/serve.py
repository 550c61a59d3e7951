from __future__ import annotations

import argparse

from ui.exits import Exit
from ui.server.serve import serve
from ui.settings_reading import load_settings


def run(arguments: argparse.Namespace) -> Exit:
    """Run the API in the foreground."""
    serve(load_settings(file=arguments.config).settings)
    return Exit.DONE
