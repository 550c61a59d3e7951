"""How moments, durations and numbers are said, and how text that we did not write is kept from being markup."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Final

NO_DATA: Final = "no data"
UNKNOWN: Final = "unknown"
NOT_YET: Final = "not yet"
_PUNCTUATION: Final = re.compile(r"([!-/:-@\[-`{-~])")
_WORD_JOINER: Final = "\u2060"
_LINK_STARTS: Final = re.compile(r"(?i)(www|https?|ftp|mailto|xmpp)(?=[.:])|(?=@)")
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_STATED_WHOLE: Final = 10


def as_text(untrusted: str) -> str:
    """Make a text safe where only Markdown is taken, such as a label: it reads the same and formats nothing.

    Escaping punctuation stops emphasis, images, colours, emoji and formulas, yet bare addresses still become links
    after escapes are read; an invisible word joiner breaks those. Longer text belongs in `st.text` or `st.code`.
    """
    one_line = " ".join(untrusted.split())
    unlinked = _LINK_STARTS.sub(lambda found: found.group(0) + _WORD_JOINER, one_line)
    return _PUNCTUATION.sub(r"\\\1", unlinked)


def clock_time(moment: datetime | None) -> str:
    """Say a moment as a time of day in UTC, such as `14:02:10`."""
    return UNKNOWN if moment is None else moment.astimezone(UTC).strftime("%H:%M:%S")


def day_and_time(moment: datetime | None) -> str:
    """Say a moment with its day, in UTC, such as `1 Mar 2026, 14:02 UTC`."""
    if moment is None:
        return UNKNOWN
    in_utc = moment.astimezone(UTC)
    return f"{in_utc.day} {in_utc.strftime('%b %Y, %H:%M')} UTC"


def day(moment: datetime) -> str:
    """Say a moment's day in UTC, such as `1 Mar 2026`."""
    return calendar_day(moment.astimezone(UTC).date())


def calendar_day(named: date) -> str:
    """Say a day of the calendar, such as `1 Mar 2026`."""
    return f"{named.day} {named.strftime('%b %Y')}"


def short_day_and_time(moment: datetime) -> str:
    """Say a moment in the least room, in UTC, such as `1 Mar 14:02`."""
    in_utc = moment.astimezone(UTC)
    return f"{in_utc.day} {in_utc.strftime('%b %H:%M')}"


def duration(seconds: float | None) -> str:
    """Say a length of time in at most two units, such as `4.2 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds is None:
        return UNKNOWN
    if seconds < _STATED_WHOLE:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    for length, name, smaller_length, smaller in ((_DAY, "d", _HOUR, "h"), (_HOUR, "h", _MINUTE, "min")):
        if whole >= length:
            return _two_units(whole // length, name, whole % length // smaller_length, smaller)
    return _two_units(whole // _MINUTE, "min", whole % _MINUTE, "s")


def rate(requests_per_second: float | None) -> str:
    """Say a rate of requests, a second."""
    return NO_DATA if requests_per_second is None else f"{requests_per_second:.3g}/s"


def percentage(ratio: float | None) -> str:
    """Say a ratio in 0..1 as a percentage; small ones keep the digits that matter."""
    if ratio is None:
        return NO_DATA
    percent = ratio * 100
    return (f"{percent:.0f}" if percent >= _STATED_WHOLE else f"{percent:.1f}".removesuffix(".0")) + " %"


def milliseconds(value: float | None) -> str:
    """Say a duration given in milliseconds."""
    if value is None:
        return NO_DATA
    return f"{value / 1000:.3g} s" if value >= 1000 else f"{value:.0f} ms"


def count(number: int, one: str, many: str) -> str:
    """Say how many, with the noun that goes with it."""
    return f"{number} {one if number == 1 else many}"


def _two_units(large: int, name: str, small: int, smaller: str) -> str:
    return f"{large} {name} {small} {smaller}" if small else f"{large} {name}"
