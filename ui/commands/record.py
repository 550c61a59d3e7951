from __future__ import annotations

import argparse

from ui.connect import assistant
from ui.exits import Exit
from ui.settings import load_settings


def run(arguments: argparse.Namespace) -> Exit:
    """Freeze the latest telemetry."""
    with assistant(load_settings(file=arguments.config).settings) as client:
        print(client.record(arguments.last, str(arguments.out.resolve())))
    return Exit.DONE
