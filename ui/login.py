"""Who sits at the terminal."""

from __future__ import annotations

import argparse
import getpass


def author_of(arguments: argparse.Namespace) -> str:
    """Give who does something: the name that was given, or the login name; empty where there is none."""
    if arguments.author is not None:
        return str(arguments.author).strip()
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # A container may run as a number that has no name.
        return ""
