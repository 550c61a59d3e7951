"""What happened in each execution of an operation: its lines, steps and calls."""

from collections.abc import Sequence

import pytest
from traced import Line, Span, linked, tidy_lines

from assistant.diagnosis.executions import IDLE, Executions, executions_in, line_severity

ORDER = (
    Span(span_id="1", service="portal", name="GET /orders/17", kind="SERVER"),
    Span(span_id="2", parent_span_id="1", service="portal", name="GET", second=0.001, kind="CLIENT"),
    Span(span_id="3", parent_span_id="2", service="shop", name="GET /cart", second=0.002, kind="SERVER"),
    Span(span_id="4", parent_span_id="3", service="shop", name="price 17 items", second=0.003, kind="INTERNAL"),
    Span(span_id="5", parent_span_id="4", service="shop", name="SELECT", second=0.004, kind="INTERNAL"),
)


def laid_out(spans: Sequence[Span], lines: Sequence[Line] | None = None) -> Executions:
    return executions_in(linked(spans), None if lines is None else tidy_lines(lines))


def told(executions: Executions) -> dict[str, list[str]]:
    """Give the names of the events of each operation, in order."""
    found: dict[str, list[str]] = {}
    for execution, event, _ in executions.events.itertuples(index=False):
        operation = str(executions.table["operation"].iloc[execution])
        found.setdefault(operation, []).append(str(executions.names[event]))
    return found


def test_an_execution_is_a_server_span_with_all_of_its_service_below_it() -> None:
    found = laid_out(ORDER)
    assert list(found.table["service"]) == ["portal", "shop"]
    assert list(found.table["operation"]) == ["GET /orders/17", "GET /cart"]
    assert list(found.table["parent"]) == [-1, 0]
    assert told(found) == {
        "GET /orders/17": ["does GET", "calls shop GET /cart"],
        "GET /cart": ["does price <NUM> items", "does SELECT"],
    }


def test_only_calls_to_others_name_a_callee() -> None:
    found = laid_out(ORDER)
    callees = dict(zip(found.names, found.callee, strict=True))
    assert callees["calls shop GET /cart"] == "shop"
    assert {callees[name] for name in callees if name.startswith("does")} == {""}


def test_operations_that_differ_in_a_number_are_one() -> None:
    names = ["GET /orders/17", "GET /orders/18", "GET /orders"]
    spans = [Span(span_id=name, trace_id=name, service="portal", name=name) for name in names]
    op = list(laid_out(spans).table["op"])
    assert op[0] == op[1] != op[2]


def test_the_same_operation_of_another_service_is_another() -> None:
    found = laid_out([Span(span_id="1", service="a"), Span(span_id="2", trace_id="u", service="b")])
    assert found.table["op"].nunique() == 2


def test_an_event_is_told_once_for_each_execution_where_it_first_happened() -> None:
    spans = [*ORDER, Span(span_id="6", parent_span_id="3", service="shop", name="SELECT", second=0.0025)]
    assert told(laid_out(spans))["GET /cart"] == ["does SELECT", "does price <NUM> items"]


def test_a_step_that_fails_is_an_error_besides_and_a_call_that_fails_is_not() -> None:
    failing = [Span(**{**vars_of(span), "status": "ERROR"}) for span in ORDER]
    found = laid_out(failing)
    severe = {str(name) for name, severity in zip(found.names, found.severity, strict=True) if severity}
    assert severe == {"does GET, which fails", "does price <NUM> items, which fails", "does SELECT, which fails"}
    assert "calls shop GET /cart, which fails" not in set(found.names)


def test_lines_belong_to_the_execution_of_the_span_that_they_name() -> None:
    lines = [
        Line(body="priced 3 items", span_id="5", second=0.005),
        Line(body="hello", span_id="2", second=0.0015),
        Line(body="of no span", second=0.003),
        Line(body="of an unknown span", span_id="9", second=0.003),
        Line(body="of another trace", span_id="5", trace_id="u", second=0.003),
    ]
    assert told(laid_out(ORDER, lines)) == {
        "GET /orders/17": ["does GET", "writes hello", "calls shop GET /cart"],
        "GET /cart": ["does price <NUM> items", "does SELECT", "writes priced <NUM> items"],
    }


def test_a_line_that_names_no_span_belongs_to_none_even_where_a_span_has_no_name_either() -> None:
    nameless = Span(span_id="", trace_id="u", service="shop", name="GET /cart", kind="SERVER")
    found = laid_out([*ORDER, nameless], [Line(body="of no span", trace_id="u")])
    assert "writes of no span" not in set(found.names)


def test_an_event_that_is_a_line_points_to_it() -> None:
    lines = [Line(body="late", span_id="3", second=9), Line(body="early", span_id="3", second=1)]
    spans, logs = linked(ORDER), tidy_lines(lines)
    found = executions_in(spans, logs)
    rows = found.events[found.events["row"] >= 0]
    assert [logs["body"][row] for row in rows["row"]] == ["early", "late"]
    assert (found.events.loc[found.events["row"] < 0, "row"] == -1).all()


def test_only_the_first_row_of_a_line_says_what_it_is_about() -> None:
    lines = [Line(body=f"boom\n at line {text}", span_id="3", second=1) for text in ("a b c", "x y z w")]
    assert told(laid_out(ORDER, lines))["GET /cart"].count("writes boom") == 1
    assert "writes boom" in told(laid_out(ORDER, lines[:1]))["GET /cart"]


def test_an_execution_that_does_nothing_is_idle_where_its_operation_usually_does_something() -> None:
    idle = Span(span_id="7", trace_id="u", service="shop", name="GET /cart", kind="SERVER")
    never_busy = Span(span_id="8", trace_id="v", service="shop", name="GET /health", kind="SERVER")
    found = laid_out([*ORDER, idle, never_busy])
    assert told(found)["GET /cart"].count(IDLE) == 1
    assert "GET /health" not in told(found)
    assert found.severity[list(found.names).index(IDLE)] == 1


@pytest.mark.parametrize(
    ("severity", "expected"), [("ERROR", 2), ("fatal", 2), ("Warn", 1), ("INFO", 0), ("whatever", 0)]
)
def test_the_severity_of_a_line_is_what_it_says(severity: str, expected: int) -> None:
    lines = tidy_lines([Line(body="it failed", severity=severity), Line(body="other", severity="ERROR")])
    assert line_severity(lines).tolist() == [expected, 2]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("Connection REFUSED", 2),
        ("NullPointerException", 2),
        ("request timed out", 2),
        ("timeout", 2),
        ("all is well", 0),
        ("finished with 0 errors", 0),
        ("done without failures", 0),
        ("errors=0", 0),
        ("10 errors", 2),
    ],
)
@pytest.mark.parametrize("beside", ["", "INFO"])
def test_where_a_line_names_no_severity_its_words_tell(body: str, expected: int, beside: str) -> None:
    lines = tidy_lines([Line(body=body, severity=""), Line(body="it failed", severity=beside)])
    assert line_severity(lines).tolist() == [expected, 0 if beside else 2]


def test_a_line_is_as_severe_as_it_ever_was() -> None:
    lines = [Line(body="disk is slow", span_id="3", severity=severity) for severity in ("INFO", "ERROR", "WARN")]
    found = laid_out(ORDER, lines)
    assert found.severity[list(found.names).index("writes disk is slow")] == 2


@pytest.mark.parametrize("lines", [None, [], [Line(body="of no span")]])
def test_without_lines_the_spans_alone_tell(lines: list[Line] | None) -> None:
    assert told(laid_out(ORDER, lines)) == told(laid_out(ORDER))
    assert len(told(laid_out(ORDER))) == 2


def test_a_single_span_is_an_execution_in_which_nothing_happened() -> None:
    found = laid_out(ORDER[:1])
    assert len(found.table) == 1
    assert found.events.empty


def vars_of(span: Span) -> dict[str, object]:
    return {name: getattr(span, name) for name in Span.__dataclass_fields__}
