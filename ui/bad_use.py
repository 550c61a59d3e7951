"""What a person asked for in a way that cannot be answered."""

from __future__ import annotations


class BadUse(Exception):
    """What was given makes no sense; the message says what to give instead."""
