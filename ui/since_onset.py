"""Distances from the onset of an incident, in words."""

from __future__ import annotations

from ui.pages.wording import duration


def since_onset(seconds: float) -> str:
    """Say how long after the onset, such as `+12 s`; what was before it with a minus, such as `-3 min 20 s`."""
    sign = "-" if round(seconds, 1) < 0 else "+"
    return f"{sign}{duration(abs(seconds))}"
