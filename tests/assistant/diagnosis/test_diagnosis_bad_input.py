"""Whatever is in a recording, it gets a diagnosis or an abstention, and no cause is made of a gap."""

import math
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_up_system import ONSET, SECONDS, Fault, System, header, moment, recorded, stretch

from assistant.diagnosis import Diagnosis, diagnose
from telemetry import Alert, Recording

SERVICES = st.sampled_from(["a", "b", "сервис", "", None])
TIMES = st.floats(-60, SECONDS + 60).map(moment)
NUMBERS = st.sampled_from([0.0, 1.0, 250.0, -5.0, 1e308, -1e308, math.nan, math.inf, -math.inf, None])
TEXTS = st.sampled_from(["", "GET /", "Ошибка: connection refused", "error\nat line 1", "\x00", None])
IDS = st.sampled_from(["", "1", "2", "3", "4", "5", None])
ATTRIBUTES = st.sampled_from(
    [
        None,
        "",
        "no json",
        "[1, 2]",
        "{",
        '{"db.system.name": null}',
        '{"exception.type": 5, "exception.message": null}',
        '{"http.response.status_code": "x"}',
        '{"http.response.status_code": 404}',
        '{"exception.message": "sql: connection refused", "server.address": {}, "server.port": []}',
        "[" * 2000,
    ]
)
ROWS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "metrics": {"ts": TIMES, "metric": TEXTS, "value": NUMBERS, "service": SERVICES, "version": TEXTS},
    "spans": {
        "trace_id": IDS,
        "span_id": IDS,
        "parent_span_id": IDS,
        "service": SERVICES,
        "name": TEXTS,
        "ts": TIMES,
        "duration_ms": NUMBERS,
        "kind": st.sampled_from(["SERVER", "CLIENT", "CONSUMER", "INTERNAL", "?", "", None]),
        "status": st.sampled_from(["ERROR", "OK", "UNSET", "?", None]),
        "attributes": ATTRIBUTES,
    },
    "logs": {"ts": TIMES, "service": SERVICES, "body": TEXTS, "severity": st.sampled_from(["ERROR", "info", "", None])},
    "events": {
        "ts": TIMES,
        "service": SERVICES,
        "event_type": st.sampled_from(["deploy", "restart", None]),
        "version": TEXTS,
        "metadata": ATTRIBUTES,
    },
}
OPTIONAL = {"kind", "status", "attributes", "severity", "version"}
BUG = Fault("serve", "rooms", says=("KeyError", "'price'"))


@st.composite
def tables(draw: st.DrawFn, name: str) -> pd.DataFrame | None:
    if draw(st.booleans()):
        return None
    columns = {one: row for one, row in ROWS[name].items() if one not in OPTIONAL or draw(st.booleans())}
    rows = draw(st.lists(st.fixed_dictionaries(columns), max_size=25)) * draw(st.sampled_from([1, 1, 4]))
    frame = pd.DataFrame(rows, columns=list(columns))
    frame["ts"] = pd.to_datetime(frame["ts"], utc=True)
    return frame


def made_sure(found: Diagnosis) -> None:
    assert not found.failed_parts
    assert found.abstained == (not found.hypotheses)
    assert found.abstained == (found.abstention_reason is not None)
    assert len(found.hypotheses) <= 5
    total = found.none_probability + sum(one.probability for one in found.hypotheses)
    assert total <= 1 + 1e-3
    ids = {one.id for one in found.evidence}
    assert len(ids) == len(found.evidence)
    for one in found.hypotheses:
        assert one.service
        assert one.evidence
        assert set(one.evidence) <= ids
    for item in found.evidence:
        assert all(value is None or math.isfinite(value) for value in (item.before, item.after, item.strength))
        assert all(math.isfinite(value) for _, value in item.series)
    assert Diagnosis.model_validate_json(found.model_dump_json()) == found


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_whatever_is_recorded_gets_a_diagnosis_or_an_abstention(data: st.DataObject) -> None:
    alert = Alert(at=data.draw(TIMES, label="alert"))
    baseline = data.draw(st.sampled_from([(), (stretch(0, 500),), (stretch(500, 900), stretch(0, 100))]))
    made = {name: data.draw(tables(name), label=name) for name in ROWS}
    asked = header(alert=alert, baseline=baseline, resolution_seconds=data.draw(st.sampled_from([0.1, 5, 60, 3600])))
    made_sure(diagnose(Recording(asked, **made)))


BASE = System([BUG]).run()
SPANS, LOGS, METRICS = BASE.spans_table(), BASE.logs_table(), BASE.metrics_table()


def spoilt(**changes: Any) -> Recording:
    given = {"spans": SPANS, "logs": LOGS, "metrics": METRICS, "events": None}
    return Recording(header(), **(given | changes))


@pytest.mark.parametrize(
    "spans",
    [
        pd.concat([SPANS, SPANS]),
        SPANS.sample(frac=1, random_state=1),
        SPANS.drop(columns="status").assign(status=SPANS["status"].astype("category")),
        SPANS.assign(attributes=SPANS["attributes"].where(SPANS.index % 3 > 0, None)),
        SPANS.assign(parent_span_id=SPANS["parent_span_id"].where(SPANS.index % 2 > 0, "dead")),
        SPANS.assign(duration_ms=SPANS["duration_ms"].where(SPANS.index % 7 > 0, math.nan)),
        SPANS.assign(ts=SPANS["ts"].dt.tz_localize(None)),
    ],
    ids=["sent twice", "unsorted", "categories", "no attributes", "orphans", "unknown length", "no time zone"],
)
def test_spoilt_spans_still_tell_the_cause(spans: pd.DataFrame) -> None:
    found = diagnose(spoilt(spans=spans))
    made_sure(found)
    assert found.top is not None
    assert found.top.service == "rooms"


def test_clocks_that_disagree_do_not_hide_the_cause() -> None:
    ahead = pd.to_timedelta(SPANS["service"].map({"rooms": 20, "portal": -7}).fillna(0), unit="s")
    found = diagnose(spoilt(spans=SPANS.assign(ts=SPANS["ts"] + ahead)))
    made_sure(found)
    assert found.top is not None
    assert found.top.service == "rooms"


def test_spans_that_are_each_others_parents_are_no_endless_loop() -> None:
    rows = [("t", "1", "2"), ("t", "2", "3"), ("t", "3", "1"), ("t", "4", "4")]
    spans = pd.DataFrame(rows, columns=["trace_id", "span_id", "parent_span_id"])
    spans = spans.assign(service="a", name="x", ts=pd.Timestamp(moment(570)), duration_ms=5.0, status="ERROR")
    made_sure(diagnose(spoilt(spans=spans)))


@pytest.mark.parametrize("table", ["spans", "logs", "metrics", "events"])
def test_an_empty_table_is_nothing_that_happened(table: str) -> None:
    frame = {"spans": SPANS, "logs": LOGS, "metrics": METRICS}.get(table, pd.DataFrame({"ts": []}))
    found = diagnose(spoilt(**{table: frame.head(0)}))
    made_sure(found)
    assert table not in found.missing


@pytest.mark.parametrize("table", ["spans", "metrics", "logs"])
def test_one_row_is_no_cause(table: str) -> None:
    frame = {"spans": SPANS, "logs": LOGS, "metrics": METRICS}[table].tail(1)
    others = dict.fromkeys(("spans", "metrics", "logs"))
    found = diagnose(spoilt(**(others | {table: frame})))
    made_sure(found)
    assert found.abstained


@pytest.mark.parametrize("names", [["metrics"], ["spans"], ["logs"], ["spans", "metrics", "logs"]])
def test_telemetry_that_stops_is_no_cause(names: list[str]) -> None:
    quiet = System().run()
    full = {"spans": quiet.spans_table(), "logs": quiet.logs_table(), "metrics": quiet.metrics_table()}
    cut = {name: frame[frame["ts"] < moment(ONSET - 10)] if name in names else frame for name, frame in full.items()}
    found = diagnose(spoilt(**cut))
    made_sure(found)
    assert found.abstained


def test_metrics_that_have_no_number_are_a_gap_and_no_rise() -> None:
    metrics = METRICS.copy()
    late = (metrics["ts"] >= moment(ONSET)) & (metrics["service"] == "rooms")
    metrics.loc[late, "value"] = math.inf
    found = diagnose(spoilt(metrics=metrics, spans=None, logs=None))
    made_sure(found)
    assert found.abstained


def test_a_recording_that_ends_before_its_alert_has_nothing_to_look_at() -> None:
    found = diagnose(Recording(header(alert=Alert(at=moment(SECONDS + 3600))), spans=SPANS, metrics=METRICS))
    made_sure(found)
    assert found.abstained
    assert "ends before the alert" in (found.abstention_reason or "")


def test_five_hundred_services_are_no_burden() -> None:
    quiet = System().run()
    parts = [quiet.metrics_table().assign(service=f"service-{number}") for number in range(500)]
    found = diagnose(recorded(System([BUG]).run(), metrics=pd.concat(parts)))
    made_sure(found)
    assert found.top is not None
    assert found.top.service == "rooms"
