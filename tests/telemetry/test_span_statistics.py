import json
import time
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telemetry.spans.statistics import by_edge, by_operation, by_service, peer_of_client_spans, self_time_ms

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def span(
    span_id: str, service: str, parent: str = "", *, at: float = 0.0, ms: float = 10.0, trace: str = "t", **fields: Any
) -> dict[str, Any]:
    attributes: Mapping[str, Any] = fields.pop("attributes", {})
    return {
        "trace_id": trace, "span_id": span_id, "parent_span_id": parent, "service": service, "name": "GET /",
        "ts": START + timedelta(milliseconds=at), "duration_ms": ms, "kind": "SERVER", "status": "UNSET",
        "attributes": json.dumps(attributes), **fields,
    }  # fmt: skip


def frame(*spans: dict[str, Any]) -> pd.DataFrame:
    made = pd.DataFrame(list(spans), columns=list(span("", "")))
    return made.astype({"ts": "datetime64[us, UTC]", "duration_ms": "float64"})


def call(number: str, *, at_address: str = "", answered: bool = True, status: str = "UNSET") -> list[dict[str, Any]]:
    host, _, port = at_address.partition(":")
    attributes = {"server.address": host, "server.port": int(port)} if host else {}
    made = [
        span(f"{number}a", "gateway", ms=30, trace=number),
        span(
            f"{number}b",
            "gateway",
            f"{number}a",
            ms=20,
            trace=number,
            kind="CLIENT",
            attributes=attributes,
            status=status,
        ),
    ]
    return [*made, span(f"{number}c", "orders", f"{number}b", ms=12, trace=number)] if answered else made


def test_services_are_summed_up_over_the_requests_they_serve() -> None:
    spans = frame(*call("1"), *call("2", answered=False, status="ERROR"), span("x", "orders", status="ERROR", ms=28))
    found = by_service(spans, window_seconds=10).set_index("service")
    assert found.loc["gateway", ["count", "errors", "p50_ms", "rate"]].tolist() == [2, 0, 30, 0.2]
    assert found.loc["orders", ["count", "errors", "error_ratio", "p50_ms"]].tolist() == [2, 1, 0.5, 20]


def test_operations_are_told_apart_and_background_work_is_one() -> None:
    spans = frame(
        span("a", "s", name="GET /a"),
        span("b", "s", name="job", kind="INTERNAL"),
        span("c", "s", name="SELECT", kind="CLIENT"),
    )
    assert by_operation(spans)["name"].tolist() == ["GET /a", "job"]


def test_an_edge_has_both_sides_and_what_lies_between() -> None:
    (edge,) = by_edge(frame(*call("1"))).to_dict("records")
    assert edge == {"caller": "gateway", "callee": "orders", "count": 1, "errors": 0, "error_ratio": 0,
                    "p95_client_ms": 20, "p95_server_ms": 12, "network_ms": 8}  # fmt: skip


def test_calls_that_were_never_answered_belong_to_the_edge_of_their_address() -> None:
    good = call("1", at_address="127.0.0.1:8001")
    lost = call("2", at_address="127.0.0.1:8001", answered=False, status="ERROR")
    (edge,) = by_edge(frame(*good, *lost)).to_dict("records")
    assert (edge["callee"], edge["count"], edge["errors"]) == ("orders", 2, 1)


def test_the_peer_is_told_by_its_answer_then_its_address_then_what_the_caller_says() -> None:
    spans = frame(
        *call("1", at_address="127.0.0.1:8001"),
        span("u", "gateway", kind="CLIENT", attributes={"url.full": "http://127.0.0.1:8001/x?y=1"}),
        span(
            "p", "gateway", kind="CLIENT", attributes={"peer.service": "mail", "server.address": "m", "server.port": 25}
        ),
        span("n", "gateway", kind="CLIENT", attributes={"url.full": "http://[broken:port/"}),
        span("j", "gateway", kind="CLIENT") | {"attributes": "not json"},
    )
    assert peer_of_client_spans(spans).tolist() == ["", "orders", "", "orders", "mail", "", ""]


def test_an_address_that_means_two_services_is_learned_for_each_caller_apart() -> None:
    here = {"server.address": "localhost", "server.port": 80}
    spans = frame(
        *(span(number, "a", kind="CLIENT", attributes=here) for number in "13"),
        *(span(number, "b", kind="CLIENT", attributes=here) for number in "46"),
        span("7", "c", kind="CLIENT", attributes=here),
        span("2", "x", "1"),
        span("5", "y", "4"),
    )
    found = peer_of_client_spans(spans)
    assert found[spans["span_id"].isin(["3", "6", "7"])].tolist() == ["x", "y", ""]


def test_without_kinds_and_statuses_requests_are_changes_of_service_and_errors_are_not_known() -> None:
    bare = frame(*call("1"), span("orphan", "stock", "gone")).drop(columns=["kind", "status", "attributes"])
    services = by_service(bare).set_index("service")
    assert services["count"].to_dict() == {"gateway": 1, "orders": 1, "stock": 1}
    assert services["errors"].isna().all()
    (edge,) = by_edge(bare).to_dict("records")
    assert (edge["caller"], edge["callee"], edge["count"]) == ("gateway", "orders", 1)
    assert np.isnan(edge["p95_client_ms"])
    assert edge["p95_server_ms"] == 12


def test_spans_sent_twice_count_once_and_cycles_and_orphans_do_no_harm() -> None:
    cycle = [span("x", "a", "y"), span("y", "b", "x"), span("z", "c", "z"), span("o", "d", "nowhere")]
    once = frame(*call("1"), *cycle)
    twice = frame(*call("1"), *cycle, *call("1"))
    pd.testing.assert_frame_equal(by_edge(once), by_edge(twice))
    pd.testing.assert_frame_equal(by_service(once), by_service(twice))
    assert (self_time_ms(twice) >= 0).all()


@pytest.mark.parametrize("columns", [[], ["kind", "status", "attributes"]])
def test_no_spans_give_no_rows_and_the_same_columns(columns: list[str]) -> None:
    empty, some = frame().drop(columns=columns), frame(*call("1")).drop(columns=columns)
    for statistic in (by_service, by_operation, by_edge):
        assert list(statistic(empty).columns) == list(statistic(some).columns)
        assert statistic(empty).empty
    assert self_time_ms(empty).empty
    assert peer_of_client_spans(empty).empty


def test_what_children_cover_together_is_taken_off_once() -> None:
    spans = frame(
        span("p", "s", at=0, ms=100),
        span("a", "s", "p", at=10, ms=30),  # 10 to 40
        span("b", "s", "p", at=20, ms=40),  # 20 to 60
        span("c", "s", "p", at=25, ms=5),  # inside both
        span("d", "s", "p", at=90, ms=500),  # beyond the end
    ).set_index(pd.Index([7, 7, 8, 9, 10]))
    found = self_time_ms(spans)
    assert found.tolist() == [40, 30, 40, 5, 500]
    assert found.index.tolist() == [7, 7, 8, 9, 10]


def slow_self_time(spans: pd.DataFrame) -> list[float]:
    """Count milliseconds one by one."""
    rows = spans.to_dict("records")
    answer = []
    for row in rows:
        start = round((row["ts"] - pd.Timestamp(START)).total_seconds() * 1000)
        own = set(range(start, start + round(row["duration_ms"])))
        for other in rows:
            if other["parent_span_id"] == row["span_id"] and other["span_id"] != row["span_id"]:
                began = round((other["ts"] - pd.Timestamp(START)).total_seconds() * 1000)
                own -= set(range(began, began + round(other["duration_ms"])))
        answer.append(float(len(own)))
    return answer


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=8))
def test_self_time_is_what_counting_milliseconds_gives(given_spans: list[tuple[int, int, int]]) -> None:
    spans = frame(*(span(str(i), "s", str(parent), at=at, ms=ms) for i, (parent, at, ms) in enumerate(given_spans)))
    assert self_time_ms(spans).tolist() == slow_self_time(spans)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(-1, 7), st.sampled_from(["", "SERVER", "CLIENT", "INTERNAL"])),
        max_size=8,
    )
)
def test_requests_are_counted_as_the_definition_counts_them(given_spans: list[tuple[str, int, str]]) -> None:
    spans = frame(*(span(str(i), s, "" if p < 0 else str(p), kind=kind) for i, (s, p, kind) in enumerate(given_spans)))
    expected: Counter[str] = Counter()
    for i, (service, parent, kind) in enumerate(given_spans):
        from_elsewhere = not 0 <= parent < len(given_spans) or parent == i or given_spans[parent][0] != service
        if kind == "SERVER" or (kind in ("", "INTERNAL") and parent < 0) or (kind == "" and from_elsewhere):
            expected[service] += 1
    found = by_service(spans)
    assert dict(zip(found["service"], found["count"], strict=True)) == dict(expected)


def test_sixty_thousand_spans_take_a_moment() -> None:
    one = call("x", at_address="127.0.0.1:8001")
    many = pd.concat([frame(*one)] * 20_000, ignore_index=True)
    many["trace_id"] = np.repeat([f"{number:032x}" for number in range(20_000)], len(one))
    for statistic in (by_service, by_operation, by_edge, self_time_ms, peer_of_client_spans):
        began = time.process_time()
        statistic(many)
        # Half a second is what callers may count on; a machine that is busy gets some more.
        assert time.process_time() - began < 1.5
