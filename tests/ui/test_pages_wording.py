from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from ui.pages.wording import (
    as_text,
    clock_time,
    day_and_time,
    duration,
    milliseconds,
    percentage,
    rate,
    short_day_and_time,
)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (4.25, "4.2 s"),
        (9.99, "10 s"),
        (10, "10 s"),
        (59.4, "59 s"),
        (60, "1 min"),
        (200, "3 min 20 s"),
        (3600, "1 h"),
        (7500, "2 h 5 min"),
        (90_000, "1 d 1 h"),
        (None, "unknown"),
    ],
)
def test_a_duration_is_said_in_at_most_two_units(seconds: float | None, said: str) -> None:
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("ratio", "said"),
    [(0, "0 %"), (0.001, "0.1 %"), (0.0996, "10 %"), (0.09, "9 %"), (0.1, "10 %"), (1, "100 %"), (None, "no data")],
)
def test_small_percentages_keep_the_digit_that_matters(ratio: float | None, said: str) -> None:
    assert percentage(ratio) == said


def test_no_data_is_never_said_as_zero() -> None:
    assert {rate(None), percentage(None), milliseconds(None)} == {"no data"}
    assert (rate(0.0), milliseconds(0.0), milliseconds(1930)) == ("0/s", "0 ms", "1.93 s")


def test_every_moment_is_said_in_utc() -> None:
    in_lisbon_summer = datetime(2026, 7, 1, 0, 30, 5, tzinfo=timezone(timedelta(hours=1)))
    assert clock_time(in_lisbon_summer) == "23:30:05"
    assert day_and_time(in_lisbon_summer) == "30 Jun 2026, 23:30 UTC"
    assert short_day_and_time(datetime(2026, 3, 1, 14, 2, tzinfo=UTC)) == "1 Mar 14:02"
    assert day_and_time(None) == clock_time(None) == "unknown"


def test_text_in_any_language_reads_the_same() -> None:
    assert as_text("pagamento não concluído 支払い") == "pagamento não concluído 支払い"


@pytest.mark.parametrize(
    "hostile",
    [
        "![pixel](http://127.0.0.1:9/p.png)",
        "**bold** _it_ `code` ~~no~~",
        ":red[alarm] :material/delete: :smile: $x^2$",
        "<img src=x onerror=alert(1)>",
        "# heading\n- item",
        "a | b",
    ],
)
def test_no_punctuation_of_untrusted_text_is_left_to_format_anything(hostile: str) -> None:
    made_safe = as_text(hostile)
    marks = [at for at, letter in enumerate(made_safe) if letter in "!#$*-.:<>[]_`|~()"]
    assert marks
    assert all(made_safe[at - 1] == "\\" for at in marks)
    assert made_safe.replace("\\", "").replace("\u2060", "") == " ".join(hostile.split())


@pytest.mark.parametrize("address", ["http://evil.test", "HTTPS://evil.test", "www.evil.test", "someone@evil.test"])
def test_a_bare_address_is_broken_so_that_it_becomes_no_link(address: str) -> None:
    assert "\u2060" in as_text(address)
