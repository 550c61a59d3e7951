"""What executions do since the trouble began that they did not do before, and what they no longer do."""

from collections.abc import Sequence

import pandas as pd
import pytest
from made_up_system import moment
from traced import Line, Span, linked, tidy_lines

from assistant.diagnosis.departures import LEAST_RATIO, Departures, departures_in
from assistant.diagnosis.executions import IDLE, Executions, executions_in

TROUBLE = 100.0
CUTS = pd.DatetimeIndex([moment(at) for at in (70.0, 85.0, 100.0, 115.0)])
BASELINE_END = 60.0
Request = tuple[list[Span], list[Line]]


def request(number: int, lines: Sequence[str], *, severity: str = "INFO", steps: Sequence[str] = ()) -> Request:
    """Give one request to the shop, of the given second, which writes some lines and takes some steps."""
    trace = f"t{number}"
    spans = [Span(span_id="1", trace_id=trace, service="shop", name="GET /cart", second=number, kind="SERVER")]
    for place, step in enumerate(steps, 1):
        at = number + place / 10
        spans.append(
            Span(span_id=f"1.{place}", parent_span_id="1", trace_id=trace, service="shop", name=step, second=at)
        )
    said = [
        Line(body=body, trace_id=trace, span_id="1", second=number + place / 10, severity=severity)
        for place, body in enumerate(lines, 1)
    ]
    return spans, said


def found_in(requests: Sequence[Request]) -> tuple[Executions, Departures]:
    spans = linked([span for spans, _ in requests for span in spans])
    executions = executions_in(spans, tidy_lines([line for _, lines in requests for line in lines]))
    before = (executions.table["ts"] < moment(BASELINE_END)).to_numpy()
    return executions, departures_in(executions, before, CUTS)


def told(requests: Sequence[Request]) -> set[tuple[str, bool]]:
    """Give each departure as the name of its event, and whether it is missed."""
    executions, departures = found_in(requests)
    reasons = departures.reasons
    return {
        (str(executions.names[event]), bool(missed))
        for event, missed in zip(reasons["event"], reasons["missed"], strict=True)
    }


def day(usual: Sequence[str], since: Sequence[str], *, severity: str = "INFO") -> list[Request]:
    """Give a request a second over two minutes; from the trouble on they write other lines."""
    return [
        request(number, since, severity=severity) if number >= TROUBLE else request(number, usual)
        for number in range(120)
    ]


def test_what_executions_always_did_is_no_departure() -> None:
    executions, departures = found_in(day(["read", "sold"], ["read", "sold"]))
    assert departures.reasons.empty
    assert not departures.begins.any()
    assert len(departures.begins) == len(executions.table)


def test_a_new_error_is_told_and_where_it_begins() -> None:
    requests = day(["read"], ["read", "boom"], severity="ERROR")
    executions, departures = found_in(requests)
    new = departures.reasons[~departures.reasons["missed"]]
    boom = list(executions.names).index("writes boom")
    assert set(new["event"]) == set(new["after_event"]) == {boom}
    assert set(executions.table.loc[new["execution"], "ts"]) == {pd.Timestamp(moment(at)) for at in range(100, 120)}
    assert set(new["share"]) == {1.0}
    assert (new["ratio"] >= LEAST_RATIO).all()
    assert departures.begins.sum() == 20


@pytest.mark.parametrize(
    ("severity", "many", "is_told"),
    [("ERROR", 2, False), ("ERROR", 6, True), ("WARN", 6, True), ("INFO", 6, False), ("INFO", 20, True)],
)
def test_a_new_line_that_nobody_calls_an_error_must_be_clearer(severity: str, many: int, is_told: bool) -> None:
    requests = [request(number, ["read"]) for number in range(120 - many)]
    requests += [request(number, ["read", "odd"], severity=severity) for number in range(120 - many, 120)]
    assert (("writes odd", False) in told(requests)) is is_told


def test_a_line_that_a_few_in_a_hundred_wrote_before_is_not_new() -> None:
    for known, is_told in ((1, True), (2, False)):  # of sixty
        requests = day(["read"], ["read", "boom"], severity="ERROR")
        for number in range(known):
            requests[number] = request(number, ["read", "boom"], severity="ERROR")
        assert (("writes boom", False) in told(requests)) is is_told
        executions, departures = found_in(requests)
        departed = executions.table["ts"][departures.reasons["execution"]]
        assert (departed >= moment(TROUBLE)).all()  # Those of before are no departures.


def test_a_line_that_always_followed_and_is_missing_is_told_with_what_it_followed() -> None:
    executions, departures = found_in(day(["read", "sold"], ["read"]))
    missed = departures.reasons[departures.reasons["missed"]]
    names = {number: str(name) for number, name in enumerate(executions.names)}
    assert {names[event] for event in missed["event"]} == {"writes sold"}
    assert "writes read" in {names.get(after, "") for after in missed["after_event"]}
    assert set(missed["execution"]) == set(range(100, 120))
    assert departures.begins.sum() == 20


def test_a_step_that_is_no_longer_taken_is_missed() -> None:
    requests = [request(number, [], steps=["check", "pay"] if number < TROUBLE else ["check"]) for number in range(120)]
    assert told(requests) == {("does pay", True)}


def test_a_line_that_came_only_now_and_then_is_not_missed() -> None:
    requests = [request(number, ["read", "sold"] if number < 60 and number % 10 else ["read"]) for number in range(120)]
    assert told(requests) == set()


@pytest.mark.parametrize("severity", ["ERROR", "WARN"])
def test_trouble_that_no_longer_comes_is_good_news(severity: str) -> None:
    requests = [request(number, ["ok", "boom"], severity=severity) for number in range(100)]
    assert told([*requests, *(request(number, ["ok"], severity=severity) for number in range(100, 120))]) == set()


def test_where_everything_stops_short_the_executions_are_idle() -> None:
    executions, departures = found_in(day(["read"], []))
    reasons = departures.reasons
    assert {str(executions.names[event]) for event in reasons.loc[~reasons["missed"], "event"]} == {IDLE}
    assert {str(executions.names[event]) for event in reasons.loc[reasons["missed"], "event"]} == {"writes read"}


def test_what_was_idle_now_and_then_before_is_still_told_when_all_of_it_is() -> None:
    for idle_every, is_told in ((15, True), (5, False)):
        requests = day(["read"], [])
        for number in range(0, 60, idle_every):
            requests[number] = request(number, [])
        assert ((IDLE, False) in told(requests)) is is_told


def test_five_requests_before_are_a_baseline_and_four_are_none() -> None:
    for known, is_told in ((4, False), (5, True)):
        requests = day(["read"], ["read", "boom"], severity="ERROR")[60 - known :]
        requests = [one for one in requests if one[0][0].second < 60 or one[0][0].second >= TROUBLE]
        assert (("writes boom", False) in told(requests)) is is_told


def test_a_thousand_repetitions_in_one_trace_are_one() -> None:
    requests = day(["read"], ["read"])
    spans, lines = request(110, ["read"])
    for number in range(50):
        again = f"1-{number}"
        spans.append(Span(span_id=again, trace_id="t110", service="shop", name="GET /cart", second=110, kind="SERVER"))
        lines.append(Line(body="boom", trace_id="t110", span_id=again, second=110, severity="ERROR"))
    requests[110] = (spans, lines)
    assert told(requests) == set()


def test_what_is_over_before_the_last_moment_is_not_told() -> None:
    requests = day(["read"], ["read"])
    for number in range(71, 80):
        requests[number] = request(number, ["read", "boom"], severity="ERROR")
    assert told(requests) == set()


def calling(number: int, *, above: str, below: str) -> Request:
    """Give a request to the portal, which calls the shop; both write a line."""
    trace = f"t{number}"
    spans = [
        Span(span_id="1", trace_id=trace, service="portal", name="GET /", second=number, kind="SERVER"),
        Span(span_id="2", parent_span_id="1", trace_id=trace, service="shop", second=number + 0.1, kind="SERVER"),
    ]
    lines = [
        Line(body=body, trace_id=trace, span_id=span, second=number + 0.2, severity="INFO" if body == "ok" else "ERROR")
        for span, body in (("1", above), ("2", below))
    ]
    return spans, lines


def test_trouble_begins_in_the_lowest_execution_that_departed() -> None:
    bad = {"above": "bad answer", "below": "boom"}
    requests = [
        calling(number, **(bad if number >= TROUBLE else {"above": "ok", "below": "ok"})) for number in range(120)
    ]
    executions, departures = found_in(requests)
    services = executions.table["service"].to_numpy()
    assert set(services[departures.reasons["execution"]]) == {"portal", "shop"}
    assert set(services[departures.begins]) == {"shop"}


def test_trouble_above_a_callee_that_is_well_begins_above() -> None:
    requests = [calling(number, above="boom" if number >= TROUBLE else "ok", below="ok") for number in range(120)]
    executions, departures = found_in(requests)
    assert set(executions.table["service"].to_numpy()[departures.begins]) == {"portal"}


def test_without_executions_or_moments_nothing_departed() -> None:
    spans = linked([Span(span_id="1", service="shop", kind="SERVER")])
    executions = executions_in(spans.head(0), None)
    assert departures_in(executions, (executions.table["ts"] < moment(60)).to_numpy(), CUTS).reasons.empty
    some = executions_in(spans, None)
    assert departures_in(some, (some.table["ts"] < moment(60)).to_numpy(), CUTS[:0]).reasons.empty
