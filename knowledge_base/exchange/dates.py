"""Days as people write them, in English, Portuguese and Spanish."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Final

from knowledge_base.exchange.wording import plain

_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "january jan janeiro enero ene",
            "february feb fevereiro fev febrero",
            "march mar marco marzo",
            "april apr abril abr",
            "may maio mai mayo",
            "june jun junho junio",
            "july jul julho julio",
            "august aug agosto ago",
            "september sep sept setembro set septiembre setiembre",
            "october oct outubro out octubre",
            "november nov novembro noviembre",
            "december dec dezembro dez diciembre dic",
        ),
        start=1,
    )
    for name in names.split()
}
_MONTH: Final = "|".join(sorted(_MONTHS, key=len, reverse=True))
_ISO: Final = re.compile(r"(?<![\d-])((?:19|20)\d\d)-(\d\d)-(\d\d)(?!\d)")
# As `plain` gives it, which leaves no commas, dots and accents.
_MONTH_FIRST: Final = re.compile(
    rf"\b({_MONTH}) (\d{{1,2}})(?:st|nd|rd|th)?(?: (?:(?:{_MONTH}) )?\d{{1,2}}(?:st|nd|rd|th)?)? ((?:19|20)\d\d)\b"
)
_DAY_FIRST: Final = re.compile(
    rf"\b(\d{{1,2}})(?:st|nd|rd|th|o)? (?:of |de )?({_MONTH}) (?:of |de |del )?((?:19|20)\d\d)\b"
)


def first_day(text: str) -> date | None:
    """Give the day that a text names first, None where it names none in full.

    Days of numbers and slashes are left alone: 03/04/2026 is another day in each country.
    """
    found: list[tuple[int, date]] = []
    for match in _ISO.finditer(text):
        day = _day(match[1], match[2], match[3])
        if day is not None:
            return day
    words = plain(text)
    for match in _MONTH_FIRST.finditer(words):
        day = _day(match[3], str(_MONTHS[match[1]]), match[2])
        found += [(match.start(), day)] if day else []
    for match in _DAY_FIRST.finditer(words):
        day = _day(match[3], str(_MONTHS[match[2]]), match[1])
        found += [(match.start(), day)] if day else []
    return min(found)[1] if found else None


def moment(text: str) -> datetime | None:
    """Read a date or a time in ISO 8601 as a timezone-aware moment; without a zone it is UTC."""
    try:
        read = datetime.fromisoformat(text.strip())
    except ValueError:
        day = first_day(text)
        return None if day is None else datetime(day.year, day.month, day.day, tzinfo=UTC)
    return read if read.tzinfo is not None else read.replace(tzinfo=UTC)


def _day(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None
