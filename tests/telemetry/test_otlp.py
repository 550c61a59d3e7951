import json
import math
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from otlp_samples import NOON, a_gauge, a_histogram, a_line, a_number, a_span, a_sum, logs, metrics, traces

from telemetry.errors import BadTelemetry
from telemetry.otlp import PROTOCOLS, Encoding, decode, response_for
from telemetry.otlp.attributes import MAX_ATTRIBUTE_CHARACTERS
from telemetry.rows import Batch, Signal

TRACE_ID, SPAN_ID = "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174"


def read(request: Any, signal: Signal = Signal.TRACES) -> Batch:
    return decode(signal, request.SerializeToString())


def json_span(**fields: Any) -> bytes:
    span = {
        "traceId": TRACE_ID, "spanId": SPAN_ID, "name": "preço", "kind": 2,
        "startTimeUnixNano": str(NOON), "endTimeUnixNano": str(NOON + 1_500_000), **fields,
    }  # fmt: skip
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "catálogo"}}]}
    document = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [span]}]}], "tomorrow": {"a": 1}}
    return json.dumps(document, ensure_ascii=False).encode()


def test_json_ids_are_hex_and_long_integers_are_texts_and_unknown_fields_are_ignored() -> None:
    (row,) = decode(
        Signal.TRACES, json_span(attributes=[{"key": "n", "value": {"intValue": "9"}}]), Encoding.JSON
    ).spans
    assert (row.trace_id.hex(), row.span_id.hex(), row.duration_ns) == (TRACE_ID, SPAN_ID, 1_500_000)
    assert (row.name, row.resource.service, json.loads(row.attributes)) == ("preço", "catálogo", {"n": 9})


@pytest.mark.parametrize("trace_id", ["W47/95gDgQPSabYzgT/GDA==", "5b8e", TRACE_ID[:-1] + "x", "0" * 32, ""])
def test_json_ids_that_are_no_ids_are_refused(trace_id: str) -> None:
    with pytest.raises(BadTelemetry):
        decode(Signal.TRACES, json_span(traceId=trace_id), Encoding.JSON)


def test_json_text_that_is_no_unicode_is_refused() -> None:
    with pytest.raises(BadTelemetry):
        decode(Signal.TRACES, json_span().replace("preço".encode(), b"\\ud800"), Encoding.JSON)


@pytest.mark.parametrize("body", [b"", b"[]", b"3", b"{", b"\xff", b"[" * 100_000, b'{"resourceSpans": 3}'])
def test_json_that_is_no_request_is_refused(body: bytes) -> None:
    with pytest.raises(BadTelemetry):
        decode(Signal.TRACES, body, Encoding.JSON)


def test_protobuf_that_is_no_request_is_refused_by_name() -> None:
    with pytest.raises(BadTelemetry, match="no OTLP metrics request in protobuf"):
        decode(Signal.METRICS, b"\x0a\xff\xff")


def test_one_span_without_ids_refuses_the_whole_request() -> None:
    with pytest.raises(BadTelemetry, match="no span id"):
        read(traces(a_span(), a_span(span_id=bytes(8))))


def test_a_span_carries_its_exception_its_status_message_and_its_version() -> None:
    span = a_span(attributes={"http.route": "/pay"})
    span.status.code, span.status.message = 2, "caiu"
    said = a_span(attributes={"exception.type": "TimeoutError", "exception.message": "5 s"}).attributes
    span.events.add(name="exception").attributes.extend(said)
    (row,) = read(traces(span, **{"service.name": "pay", "service.version": "1.2"})).spans
    assert json.loads(row.attributes) == {
        "http.route": "/pay", "service.version": "1.2", "status.message": "caiu",
        "exception.type": "TimeoutError", "exception.message": "5 s",
    }  # fmt: skip


def test_a_span_that_ends_before_it_starts_took_no_time() -> None:
    assert read(traces(a_span(milliseconds=-3))).spans[0].duration_ns == 0


@pytest.mark.parametrize(("kind", "stored"), [(0, 1), (1, 1), (5, 5), (6, 1), (-1, 1)])
def test_an_unknown_kind_is_internal(kind: int, stored: int) -> None:
    assert read(traces(a_span(kind=kind))).spans[0].kind == stored


def test_a_huge_attribute_is_cut_and_says_so() -> None:
    exact, longer = "x" * MAX_ATTRIBUTE_CHARACTERS, "x" * (MAX_ATTRIBUTE_CHARACTERS + 1)
    found = json.loads(read(traces(a_span(attributes={"exact": exact, "longer": longer}))).spans[0].attributes)
    assert found["exact"] == exact
    assert found["longer"] == exact + "…[truncated]"


def test_attributes_stay_valid_json_when_numbers_are_not_finite() -> None:
    found = read(traces(a_span(attributes={"a": math.nan, "b": -math.inf, "c": b"\x00\xff"}))).spans[0].attributes
    assert json.loads(found) == {"a": "nan", "b": "-inf", "c": "AP8="}


@pytest.mark.parametrize("name", ["unknown_service", "unknown_service:python"])
def test_a_service_that_nobody_named_has_no_name(name: str) -> None:
    assert read(traces(a_span(), **{"service.name": name})).spans[0].resource.service == ""


def test_points_without_a_finite_value_or_a_time_are_left_out_and_the_sender_is_told() -> None:
    good = a_number(1.0)
    stale = a_number(2.0)
    stale.flags = 1
    gauge = a_gauge("g", good, a_number(math.nan), a_number(math.inf), a_number(3.0, at=0), stale)
    batch = read(metrics(gauge), Signal.METRICS)
    assert [point.value for point in batch.points] == [1.0]
    assert response_for(Signal.METRICS, batch).partial_success.rejected_data_points == 3


@pytest.mark.parametrize(("bounds", "counts"), [([1.0], [1]), ([2.0, 1.0], [0, 0, 1]), ([math.inf], [1, 0])])
def test_buckets_that_do_not_fit_their_bounds_are_left_out(bounds: list[float], counts: list[int]) -> None:
    point = {"time_unix_nano": NOON, "count": 1, "sum": 1.0, "explicit_bounds": bounds, "bucket_counts": counts}
    batch = read(metrics(a_histogram("h", point)), Signal.METRICS)
    assert (batch.points, batch.rejected) == ((), 1)


def test_equal_attributes_in_another_order_are_one_series() -> None:
    sums = a_sum("c", a_number(1.0, b="2", a="1"), a_number(1.0, a="1", b="2"))
    first, second = read(metrics(sums), Signal.METRICS).points
    assert first.series == second.series


def test_a_record_with_an_event_name_is_an_event_about_the_service_it_names() -> None:
    told = {"service.name": "payments", "service.version": "2.0", "who": "joão"}
    by_field = a_line("deployed", event_name="deploy", attributes=told)
    by_attribute = a_line("", attributes={"event.name": "feature_flag"})
    batch = read(logs(by_field, by_attribute, **{"service.name": "ci", "service.version": "9"}), Signal.LOGS)
    first, second = batch.events
    assert (batch.logs, first.event_type, first.service, first.version) == ((), "deploy", "payments", "2.0")
    assert json.loads(first.metadata)["body"] == "deployed"
    assert (second.event_type, second.service, second.version, second.metadata) == ("feature_flag", "ci", "9", "{}")


def test_a_line_without_a_time_has_the_one_at_which_it_was_seen_and_its_severity_by_number() -> None:
    record = a_line("x", at=0, observed_time_unix_nano=NOON, severity_number=18, trace_id=b"odd")
    (line,) = read(logs(record), Signal.LOGS).logs
    assert (line.ts, line.severity, line.trace_id) == (NOON // 1000, "ERROR", b"")


BODIES = {
    Signal.TRACES: traces(a_span(trace_id=b"t" * 16, span_id=b"s" * 8, attributes={"k": "v", "n": 1})),
    Signal.METRICS: metrics(
        a_sum("c", a_number(1.0, a="b")),
        a_histogram(
            "h", {"time_unix_nano": NOON, "count": 3, "sum": 2.0, "explicit_bounds": [1.0], "bucket_counts": [1, 2]}
        ),
    ),
    Signal.LOGS: logs(a_line("hello", attributes={"k": "v"}), a_line("", event_name="deploy")),
}


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(list(Signal)), st.data())
def test_a_mutated_protobuf_body_is_read_or_refused_and_never_anything_else(
    signal: Signal, data: st.DataObject
) -> None:
    body = bytearray(BODIES[signal].SerializeToString())
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    start = data.draw(st.integers(0, len(body)))
    try:
        batch = decode(signal, bytes(body[:start] if data.draw(st.booleans()) else body))
    except BadTelemetry:
        return
    assert PROTOCOLS[signal].response.FromString(response_for(signal, batch).SerializeToString()) is not None


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
OTLP_KEYS = st.sampled_from(
    ["resourceSpans", "scopeSpans", "spans", "traceId", "kind", "startTimeUnixNano", "attributes", "value", "key",
     "intValue", "bytesValue", "arrayValue", "values", "status", "code", "resourceMetrics", "scopeMetrics", "metrics",
     "sum", "dataPoints", "asInt", "asDouble", "resourceLogs", "body", "resource"]
)  # fmt: skip
OTLP_LIKE = st.recursive(
    JSON_VALUES, lambda inner: st.dictionaries(OTLP_KEYS, inner | st.lists(inner, max_size=2), max_size=3), max_leaves=8
)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(list(Signal)), OTLP_LIKE)
def test_any_json_is_read_or_refused_and_never_anything_else(signal: Signal, document: Any) -> None:
    with suppress(BadTelemetry):
        decode(signal, json.dumps(document).encode(), Encoding.JSON)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["traceId", "spanId", "parentSpanId", "kind", "name", "startTimeUnixNano", "attributes", "status"]),
    JSON_VALUES,
)
def test_any_field_of_a_json_span_may_hold_anything(field: str, value: Any) -> None:
    with suppress(BadTelemetry):
        decode(Signal.TRACES, json_span(**{field: value}), Encoding.JSON)
