"""Which sorts of line came or went, where lines do not say which request they belong to."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import pytest
from made_up_system import ONSET, SECONDS, header, moment
from measured import seen
from traced import Line, Span, table

from assistant.diagnosis.parts.line_rates import LineRates
from telemetry import Recording


def written(*bodies: str, start: float = 0, end: float = SECONDS, **about: Any) -> list[Line]:
    """Give every line once a second."""
    about = {"trace_id": "", **about}
    return [Line(body=body, second=start + at, **about) for at in range(int(end - start)) for body in bodies]


def recorded(*lines: Sequence[Line], spans: pd.DataFrame | None = None) -> Recording:
    return Recording(header(), spans=spans, logs=table([line for some in lines for line in some]))


USUAL = written("order 7 taken", "the bank has booked 7 EUR")
STOPS = written("the bank has booked 7 EUR", end=ONSET)


def test_lines_that_come_as_ever_are_nothing() -> None:
    assert seen(LineRates(), recorded(USUAL)) == []


def test_a_new_error_line_is_told_with_the_lines_and_their_share() -> None:
    (found,) = seen(LineRates(), recorded(USUAL, written("no paper left", start=ONSET, severity="ERROR")))
    assert (found.signal, found.service) == ("new_errors", "shop")
    assert found.query == "lines of shop like: no paper left"
    assert (found.before, found.after) == (0.0, pytest.approx(1 / 3, abs=0.05))
    assert found.onset == moment(ONSET)
    assert found.log_lines == ("no paper left",) * 3


def test_a_line_that_no_longer_comes_says_as_much() -> None:
    (found,) = seen(LineRates(), recorded(written("order 7 taken"), STOPS))
    assert (found.signal, found.before, found.after) == ("changed_work", pytest.approx(0.5), 0.0)
    assert found.log_lines == ("the bank has booked 7 EUR",) * 3
    assert found.query == "lines of shop like: the bank has booked <NUM> EUR"


def test_errors_that_no_longer_come_are_good_news() -> None:
    errors = written("no paper left", end=ONSET, severity="ERROR")
    assert seen(LineRates(), recorded(USUAL, errors)) == []


@pytest.mark.parametrize("times", [2, 5])
def test_more_or_fewer_requests_change_nothing(times: int) -> None:
    more = [line for _ in range(times) for line in written("order 7 taken", "the bank has booked 7 EUR", start=ONSET)]
    assert seen(LineRates(), recorded(USUAL, more)) == []


def test_a_service_that_writes_nothing_any_more_is_not_missing_a_line() -> None:
    assert seen(LineRates(), recorded(USUAL, written("hello", end=ONSET, service="rooms"))) == []


def test_each_service_has_its_own_lines() -> None:
    other = written("no paper left", service="rooms", severity="ERROR")
    (found,) = seen(LineRates(), recorded(USUAL, other, written("no paper left", start=ONSET, severity="ERROR")))
    assert found.service == "shop"


def test_a_service_that_complains_about_another_names_it() -> None:
    lines = written("cannot reach rooms: refused", start=ONSET, severity="ERROR")
    (found,) = seen(LineRates(), recorded(USUAL, lines, written("hello", service="rooms")))
    assert found.link == ("shop", "rooms")
    lines = written("no bedrooms left", start=ONSET, severity="ERROR")
    (found,) = seen(LineRates(), recorded(USUAL, lines, written("hello", service="rooms")))
    assert found.link is None


@pytest.mark.parametrize(("naming", "is_told"), [(0.4, True), (0.6, False)])
def test_where_most_lines_name_their_span_the_executions_tell(naming: float, is_told: bool) -> None:
    lines = table([*USUAL, *written("no paper left", start=ONSET, severity="ERROR")])
    lines["span_id"] = ["1" if number % 10 < naming * 10 else "" for number in range(len(lines))]
    spans = table([Span(span_id="1", trace_id=str(at), service="shop", second=at) for at in range(int(SECONDS))])
    recording = Recording(header(), spans=spans, logs=lines)
    assert bool(seen(LineRates(), recording)) is is_told
    assert seen(LineRates(), Recording(header(), logs=lines))


def test_lines_of_nobody_are_nobodys() -> None:
    assert seen(LineRates(), recorded(written("hello", service=""), written("odd", start=ONSET, service=""))) == []
