"""What arguments of commands are made of; light, for it is loaded before it is known what will be done."""

from __future__ import annotations

import argparse
from typing import Final

_SECONDS_OF: Final = {"s": 1, "m": 60, "h": 3600}


def add_json(parser: argparse.ArgumentParser) -> None:
    """Let a command answer to programs."""
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")


def duration(text: str) -> int:
    """Read a duration such as `10m`, in seconds."""
    number, unit = (text[:-1], text[-1:]) if text[-1:] in _SECONDS_OF else (text, "s")
    if not (number.isascii() and number.isdigit() and int(number) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is no duration; write 90s, 10m or 1h")
    return int(number) * _SECONDS_OF[unit]


def latenesses(text: str) -> tuple[int, ...]:
    """Read whole seconds, such as `0,30,60`."""
    numbers = text.split(",")
    if not all(number.isascii() and number.isdigit() for number in numbers):
        raise argparse.ArgumentTypeError(f"{text!r} are no latenesses; write whole seconds, such as 0,30,60,120")
    return tuple(dict.fromkeys(int(number) for number in numbers))


def count(text: str) -> int:
    """Read a whole number from 1."""
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is no count; write a whole number from 1")
    return int(text)
