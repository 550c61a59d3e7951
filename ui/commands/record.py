from __future__ import annotations

import argparse

from ui.commands.output import print_json
from ui.connect import assistant
from ui.exits import Exit
from ui.settings_reading import load_settings


def run(arguments: argparse.Namespace) -> Exit:
    """Freeze the latest telemetry."""
    with assistant(load_settings(file=arguments.config), needs_telemetry=True) as client:
        path = client.record(arguments.last, str(arguments.out.resolve()))
    if arguments.json:
        print_json({"path": path})
    else:
        print(path)
    return Exit.DONE
