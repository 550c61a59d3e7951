"""Days and severities, as people of three languages write them."""

from datetime import UTC, date, datetime

import pytest

from knowledge_base.entry import Severity
from knowledge_base.exchange.dates import first_day, moment
from knowledge_base.exchange.severities import severity_of


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-03-02 10:00", date(2026, 3, 2)),
        ("2025-08-12-leap-outage.md", date(2025, 8, 12)),
        ("on Tuesday 22nd June 2021", date(2021, 6, 22)),
        ("Incident report August 12 2025", date(2025, 8, 12)),
        ("January 14-19, 2026", date(2026, 1, 14)),
        ("November 11 to November 15, 2025 and May 1, 2024", date(2025, 11, 15)),
        ("1º de março de 2026", date(2026, 3, 1)),
        ("3 de marzo del 2026", date(2026, 3, 3)),
        ("20202-01-16", None),
        ("2026-13-40", None),
        ("03/04/2026", None),
        ("31 February 2026", None),
        ("no day", None),
        ("", None),
    ],
)
def test_the_first_full_day_is_found(text: str, day: date | None) -> None:
    assert first_day(text) == day


def test_a_time_without_a_zone_is_utc() -> None:
    assert moment("2026-03-02") == datetime(2026, 3, 2, tzinfo=UTC)
    assert moment("2026-03-02T10:00:00-03:00") == datetime(2026, 3, 2, 13, tzinfo=UTC)
    assert moment("soon") is None


@pytest.mark.parametrize(
    ("text", "severity"),
    [
        ("Critical", Severity.CRITICAL),
        ("SEV-1", Severity.CRITICAL),
        ("sev2", Severity.HIGH),
        ("P3", Severity.MEDIUM),
        ("4", Severity.LOW),
        ("Major (High impact)", Severity.HIGH),
        ("warning", Severity.MEDIUM),
        ("Crítica", Severity.CRITICAL),
        ("média", Severity.MEDIUM),
        ("baja", Severity.LOW),
        ("purple", None),
        ("", None),
    ],
)
def test_severities_have_many_words(text: str, severity: Severity | None) -> None:
    assert severity_of(text) == severity
