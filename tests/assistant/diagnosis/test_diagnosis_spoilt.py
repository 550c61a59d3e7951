"""What happens to telemetry on its way: parts of it are lost, doubled, out of order or impossible; none is a cause."""

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from made_up_system import ONSET, SECONDS, SERVICES, Fault, System, deploys, header, moment, stretch
from test_diagnosis_bad_input import made_sure

from assistant.diagnosis import diagnose
from telemetry import Alert, Recording

TABLES = ("metrics", "spans", "logs", "events")
FEW_VISITORS = 0.1
FAULTS = {
    "quiet": (),
    "fails": (Fault("serve", "rooms", says=("KeyError", "'price'")),),
    "slow": (Fault("serve", "ledger", extra_ms=600),),
    "cut off": (Fault("call", "bookings", callee="ledger", says=("ReadError", "connection reset by peer")),),
    "no database": (Fault("database", "bookings", says=("psycopg.OperationalError", "connection refused")),),
}
CALLS = (("portal", "bookings"), ("portal", "rooms"), ("bookings", "ledger"))
# Names that other engines trip over: markup, patterns, separators of our own, every direction and none.
STRANGE_NAMES = (
    "غرف الفندق",
    "חדרים\u200f",
    "🏨🛎\ufe0f",
    "予約",
    "a\x00b",
    "x" * 3000,
    "(.*)+[",
    "source_client:portal",
    "cpu_usage_total",
    "%s {0} <*>",
    "\x1f",
    " ",
    "nan",
    "-1",
)
MANY_METRICS = (
    "process_cpu_seconds_total",
    "http_requests_total",
    "memory_usage_percent",
    "latency_avg",
    "latency_p99",
    "availability",
    "error_rate",
    "errors_per_second",
    "threads",
    "node_cpu_ratio",
    "source_p90:portal_rooms",
    "destination_p90:portal_rooms",
    "whatever",
    "",
)


@cache
def whole(name: str) -> dict[str, pd.DataFrame | None]:
    """Give the tables of a small system with one of the faults, with every kind of metric."""
    system = System(FAULTS[name], talkative=True).run(visitors=FEW_VISITORS)
    usual = system.metrics_table(step=10.0)
    chance = np.random.default_rng(7)
    more = [
        usual[usual["metric"] == "process.cpu.utilization"].assign(
            metric=metric, value=lambda rows: chance.normal(50, 1, len(rows)), pod=pod
        )
        for number, metric in enumerate(MANY_METRICS)
        for pod in (("", "pod-1", "pod-2") if number % 3 == 0 else ("",))
    ]
    return {
        "spans": system.spans_table(),
        "logs": system.logs_table(),
        "metrics": pd.concat([usual, *more], ignore_index=True),
        "events": deploys((540, "rooms", "2"), (100, "ledger", "")),
    }


Spoiling = Callable[[dict[str, Any], st.DataObject], None]


def lose_a_table(tables: dict[str, Any], data: st.DataObject) -> None:
    tables[data.draw(st.sampled_from(TABLES))] = None


def empty_a_table(tables: dict[str, Any], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(TABLES))
    if tables[name] is not None:
        tables[name] = tables[name].head(0)


def keep_few_columns(tables: dict[str, Any], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(TABLES))
    if tables[name] is not None and len(tables[name].columns):
        columns = list(tables[name].columns)
        tables[name] = tables[name][data.draw(st.lists(st.sampled_from(columns), unique=True))]


def cut_a_gap(tables: dict[str, Any], data: st.DataObject) -> None:
    start = data.draw(st.floats(-10, SECONDS))
    end = start + data.draw(st.floats(0.1, SECONDS))
    for name in data.draw(st.lists(st.sampled_from(TABLES), unique=True)):
        if tables[name] is not None and "ts" in tables[name]:
            ts = pd.to_datetime(tables[name]["ts"], utc=True, errors="coerce")
            tables[name] = tables[name][(ts < moment(start)) | (ts >= moment(end))]


def keep_one_of_a_kind(tables: dict[str, Any], data: st.DataObject) -> None:
    column = data.draw(st.sampled_from(["service", "metric", "pod"]))
    metrics = tables["metrics"]
    if metrics is not None and column in metrics and len(metrics):
        kept = data.draw(st.sampled_from(sorted(metrics[column].map(str).unique())))
        tables["metrics"] = metrics[metrics[column].map(str) == kept]


def put_in_impossible_numbers(tables: dict[str, Any], data: st.DataObject) -> None:
    table, column = data.draw(st.sampled_from([("metrics", "value"), ("spans", "duration_ms")]))
    value = data.draw(st.sampled_from([math.nan, math.inf, -math.inf, 1e308, -1e308, -1.0, 0.0]))
    every, since = data.draw(st.integers(1, 9)), data.draw(st.sampled_from([0, 500, ONSET]))
    if tables[table] is not None and column in tables[table] and "ts" in tables[table]:
        frame = tables[table].copy()
        ts = pd.to_datetime(frame["ts"], utc=True, errors="coerce")
        frame.loc[((ts >= moment(since)) & (np.arange(len(frame)) % every == 0)).to_numpy(), column] = value
        tables[table] = frame


def let_clocks_disagree(tables: dict[str, Any], data: st.DataObject) -> None:
    ahead = {service: data.draw(st.floats(-400, 400)) for service in SERVICES}
    for name in TABLES:
        if tables[name] is not None and {"ts", "service"} <= set(tables[name].columns):
            seconds = tables[name]["service"].map(ahead).astype(float).fillna(0.0)
            tables[name] = tables[name].assign(ts=tables[name]["ts"] + pd.to_timedelta(seconds, unit="s"))


def send_rows_again(tables: dict[str, Any], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(TABLES))
    if tables[name] is not None:
        tables[name] = pd.concat([tables[name], tables[name].iloc[:: data.draw(st.integers(1, 5))]])


def mix_up_rows(tables: dict[str, Any], data: st.DataObject) -> None:
    for name in TABLES:
        if tables[name] is not None:
            tables[name] = tables[name].sample(frac=1, random_state=data.draw(st.integers(0, 99)))


def lose_spans(tables: dict[str, Any], data: st.DataObject) -> None:
    if tables["spans"] is not None:
        keep = data.draw(st.floats(0.01, 0.99))
        tables["spans"] = tables["spans"].sample(frac=keep, random_state=data.draw(st.integers(0, 99)))


def tie_spans_in_knots(tables: dict[str, Any], data: st.DataObject) -> None:
    spans = tables["spans"]
    if spans is None or not {"span_id", "parent_span_id"} <= set(spans.columns) or spans.empty:
        return
    spans = spans.copy()
    shift = data.draw(st.integers(-9, 9))
    rows = np.arange(len(spans)) % data.draw(st.integers(1, 7)) == 0
    spans.loc[rows, "parent_span_id"] = np.roll(spans["span_id"].to_numpy(), shift)[rows]
    if data.draw(st.booleans()):
        spans["trace_id"] = "the only one"
    if data.draw(st.booleans()):
        spans["service"] = data.draw(st.sampled_from([*SERVICES, ""]))
    tables["spans"] = spans


def give_strange_names(tables: dict[str, Any], data: st.DataObject) -> None:
    for column in data.draw(st.lists(st.sampled_from(["service", "name", "metric", "body", "pod"]), min_size=1)):
        for name in TABLES:
            if tables[name] is not None and column in tables[name]:
                old = sorted(tables[name][column].map(str).unique())[:20]
                new = {one: data.draw(st.sampled_from([*STRANGE_NAMES, one])) for one in old}
                tables[name] = tables[name].assign(**{column: tables[name][column].map(str).replace(new)})


SPOILINGS: tuple[Spoiling, ...] = (
    lose_a_table,
    empty_a_table,
    keep_few_columns,
    cut_a_gap,
    keep_one_of_a_kind,
    put_in_impossible_numbers,
    let_clocks_disagree,
    send_rows_again,
    mix_up_rows,
    lose_spans,
    tie_spans_in_knots,
    give_strange_names,
)
TOPOLOGIES = st.sampled_from([None, (), CALLS, (*CALLS, *((b, a) for a, b in CALLS), ("rooms", "rooms"), ("", "?"))])


# Each example takes a fifth of a second: a failing one is told as it was drawn, since to shrink it takes minutes.
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
@given(data=st.data())
def test_however_telemetry_is_spoilt_it_gets_a_diagnosis_or_an_abstention(data: st.DataObject) -> None:
    tables: dict[str, Any] = dict(whole(data.draw(st.sampled_from(sorted(FAULTS)))))
    for spoil in data.draw(st.lists(st.sampled_from(SPOILINGS), min_size=1, max_size=4)):
        spoil(tables, data)
    asked = header(
        alert=Alert(at=moment(data.draw(st.floats(-10, SECONDS + 10)))),
        baseline=data.draw(st.sampled_from([(), (stretch(0, 520),), (stretch(0, 200), stretch(300, 500))])),
        entry_services=data.draw(st.sampled_from([(), ("portal",), ("nobody", "")])),
        resolution_seconds=data.draw(st.sampled_from([0.001, 1, 10, 3600])),
    )
    made_sure(diagnose(Recording(asked, calls=data.draw(TOPOLOGIES), **tables)))


def many_services(number: int, requests: int) -> Recording:
    """Give a system in which every request passes six of very many services, one of which runs out of processor."""
    chance = np.random.default_rng(1)
    services = np.array([f"service-{one}" for one in range(number)], dtype=object)
    depth = 6
    passed = np.sort(chance.integers(1, number, (requests, depth)), axis=1)
    passed[:, 0] = 0
    place, trace = np.tile(np.arange(depth), requests), np.repeat(np.arange(requests), depth)
    at = np.repeat(chance.uniform(0, SECONDS - 1, requests), depth) + place / 1000
    spans = pd.DataFrame(
        {
            "trace_id": trace.astype(str).astype(object),
            "span_id": place.astype(str).astype(object),
            "parent_span_id": np.where(place > 0, (place - 1).astype(str), "").astype(object),
            "service": services[passed.ravel()],
            "name": "GET /" + services[passed.ravel()],
            "ts": (pd.Timestamp(moment(0)) + pd.to_timedelta(at, unit="s")).as_unit("us"),
            "duration_ms": (depth - place) * chance.lognormal(2, 0.1, len(place)),
            "kind": "SERVER",
        }
    )
    logs = spans.assign(body="serving " + spans["trace_id"], severity="INFO")
    points = int(SECONDS / 10)
    kinds = ("process.cpu.utilization", "process.memory.usage", "latency_avg", "requests_total")
    metrics = pd.DataFrame(
        {
            "ts": np.tile([moment(10 * point) for point in range(points)], number * len(kinds)),
            "service": np.repeat(services, points * len(kinds)),
            "metric": np.tile(np.repeat(np.array(kinds, dtype=object), points), number),
            "value": chance.normal(50, 1, number * len(kinds) * points),
        }
    )
    ill = (metrics["service"] == "service-37") & (metrics["metric"] == kinds[0]) & (metrics["ts"] >= moment(ONSET))
    metrics.loc[ill, "value"] *= 5
    calls = tuple(zip(services[passed[:, 1]], services[passed[:, 2]], strict=True))
    asked = header(entry_services=("service-0",), resolution_seconds=10)
    return Recording(asked, spans=spans, logs=logs, metrics=metrics, calls=calls)


def test_the_one_ill_of_five_hundred_services_is_found_while_somebody_waits() -> None:
    found = diagnose(many_services(500, 1000))
    made_sure(found)
    assert found.top is not None
    assert found.top.service == "service-37"
    assert found.seconds < 6  # Less than one on a quiet machine.


def test_an_operation_that_calls_hundreds_of_others_costs_little() -> None:
    # Each request to the first service calls another one: hundreds of calls, none of which is the rule.
    recording = many_services(500, 8000)
    assert recording.spans is not None
    spans = recording.spans[recording.spans["span_id"].isin(["0", "1"])]
    found = diagnose(Recording(recording.header, spans=spans))
    assert found.seconds < 2  # A quarter of a second on a quiet machine; all against all take more than three.
