"""How spans hang together when some of them were lost on the way."""

import pytest
from traced import Span, linked

FAILED_BELOW = (
    Span(span_id="1", service="portal", name="GET /", kind="SERVER", status="ERROR", second=1.0),
    Span(span_id="3", parent_span_id="lost", service="shop", kind="SERVER", status="ERROR", second=1.002),
)


def test_an_orphan_is_a_root_adopted_by_the_span_that_began_before_it_in_its_trace() -> None:
    other = Span(span_id="9", trace_id="u", service="other", second=1.001)
    spans = linked([*FAILED_BELOW, other]).set_index("span_id")
    row = {span_id: number for number, span_id in enumerate(spans.index)}
    assert spans["parent"].to_dict() == {"1": -1, "9": -1, "3": -1}
    assert spans["above"].to_dict() == {"1": -1, "9": -1, "3": row["1"]}


def test_a_root_is_nobodys_child_whatever_began_before_it() -> None:
    spans = linked([Span(span_id="1", service="a"), Span(span_id="2", service="b", second=1)])
    assert list(spans["above"]) == [-1, -1]


def test_an_orphan_that_began_first_has_nobody_above() -> None:
    spans = linked([Span(span_id="1", parent_span_id="lost", service="a"), Span(span_id="2", service="b", second=1)])
    assert list(spans["above"]) == [-1, -1]


def test_an_orphan_is_not_adopted_across_traces() -> None:
    orphan = Span(span_id="2", trace_id="u", parent_span_id="lost", service="b", second=1)
    assert list(linked([Span(span_id="1", trace_id="t", service="a"), orphan])["above"]) == [-1, -1]


def test_a_span_with_a_known_parent_is_not_adopted_by_another() -> None:
    spans = linked(
        [
            Span(span_id="1", service="a"),
            Span(span_id="2", parent_span_id="1", service="b", second=1),
            Span(span_id="3", parent_span_id="1", service="c", second=2),
            Span(span_id="4", parent_span_id="lost", service="d", second=3),
        ]
    )
    assert list(spans["above"]) == [-1, 0, 0, 2]


def test_a_failure_above_an_orphan_that_failed_did_not_begin_there() -> None:
    assert list(linked(FAILED_BELOW)["origin"]) == [False, True]


def test_a_failure_above_an_orphan_that_worked_began_there() -> None:
    worked = Span(span_id="3", parent_span_id="lost", service="shop", second=1.002)
    assert list(linked([FAILED_BELOW[0], worked])["origin"]) == [True, False]


def test_spans_sent_twice_count_once() -> None:
    assert list(linked([*FAILED_BELOW, *FAILED_BELOW])["span_id"]) == ["1", "3"]


@pytest.mark.parametrize("parent", ["2", "1"])
def test_a_circle_of_spans_ends(parent: str) -> None:
    spans = linked(
        [Span(span_id="1", parent_span_id=parent, service="a"), Span(span_id="2", parent_span_id="1", service="a")]
    )
    assert set(spans["top"]) <= {0, 1}
    assert (spans["self_ms"] >= 0).all()
