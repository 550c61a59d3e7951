from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.diagnosis.propagation import known_calls, propagation_of, timeline_of
from assistant.diagnosis.trace_view import link_spans
from assistant.diagnosis.values import Arrival, Diagnosis, Evidence
from telemetry import Alert, Stretch

ONSET = datetime(2026, 3, 1, 14, 8, tzinfo=UTC)
WINDOW = Stretch(start=ONSET, end=ONSET + timedelta(minutes=5))
CHAIN = (("gateway", "orders"), ("orders", "payments"))


def moved(
    service: str, seconds: float | None, *, signal: str = "errors", strength: float = 0.8, name: str = ""
) -> Evidence:
    return Evidence(
        id=name or f"E-{service}-{signal}",
        signal=signal,
        service=service,
        summary=f"{service} moves",
        query="",
        window=WINDOW,
        onset=None if seconds is None else ONSET + timedelta(seconds=seconds),
        strength=strength,
    )


def sources(
    evidence: Sequence[Evidence], calls: Sequence[tuple[str, str]] = CHAIN, resolution: float = 5
) -> dict[str, tuple[str, ...]]:
    arrivals = propagation_of(evidence, calls, ONSET, resolution_seconds=resolution)
    return {arrival.service: arrival.sources for arrival in arrivals}


def test_a_timeline_tells_the_earliest_first_and_the_clearest_of_one_moment() -> None:
    timeline = timeline_of(
        [moved("b", 7), moved("a", 7, strength=0.9), moved("c", -40, signal="deploy"), moved("d", None)], ONSET
    )
    assert [(one.service, one.seconds_after_onset) for one in timeline] == [("c", -40), ("a", 7), ("b", 7)]
    assert timeline[0].evidence == "E-c-deploy"


def test_without_an_onset_moments_are_told_and_no_distances() -> None:
    (movement,) = timeline_of([moved("a", 3)], None)
    assert (movement.at, movement.seconds_after_onset) == (ONSET + timedelta(seconds=3), None)


def test_trouble_travels_from_the_callee_to_the_caller() -> None:
    found = sources([moved("gateway", 9), moved("orders", 3), moved("payments", 0)])
    assert found == {"payments": (), "orders": ("payments",), "gateway": ("orders",)}
    assert list(found) == ["payments", "orders", "gateway"]


def test_a_callee_that_moved_clearly_later_gave_nothing() -> None:
    assert sources([moved("orders", 0), moved("payments", 60)]) == {"orders": (), "payments": ()}


@pytest.mark.parametrize(("seconds", "given_by"), [(5, ("payments",)), (5.001, ())])
def test_moments_up_to_the_resolution_apart_are_one(seconds: float, given_by: tuple[str, ...]) -> None:
    assert sources([moved("orders", 0), moved("payments", seconds)])["orders"] == given_by


def test_a_surge_is_handed_on_to_those_who_are_called() -> None:
    found = sources([moved("gateway", 0, signal="traffic_surge"), moved("orders", 4), moved("payments", 6)])
    assert found == {"gateway": (), "orders": ("gateway", "payments"), "payments": ()}


def test_in_a_circle_of_calls_only_who_moved_earlier_gave_it_on() -> None:
    circle = (("a", "b"), ("b", "c"), ("c", "a"))
    assert sources([moved("a", 0), moved("b", 0), moved("c", 0)], circle) == {"a": (), "b": (), "c": ()}
    assert sources([moved("a", 2), moved("b", 1), moved("c", 0)], circle) == {"c": (), "b": ("c",), "a": ("b",)}


def test_several_callees_are_all_named_and_services_that_did_not_move_are_not() -> None:
    calls = (("gateway", "a"), ("gateway", "b"), ("gateway", "calm"), ("gateway", "gateway"))
    assert sources([moved("gateway", 9), moved("a", 0), moved("b", 4)], calls)["gateway"] == ("a", "b")


def test_changes_weak_signals_and_the_whole_system_reach_nobody() -> None:
    evidence = [moved("a", 0, signal="deploy"), moved("b", 0, strength=0.19), moved("", 0), moved("c", None)]
    assert sources(evidence) == {}


def test_without_calls_it_is_known_when_and_not_from_where() -> None:
    assert sources([moved("orders", 3), moved("payments", 0)], ()) == {"payments": (), "orders": ()}


def test_an_arrival_cites_its_evidence_the_strongest_first() -> None:
    weak, strong = moved("a", 0, strength=0.3, name="E1"), moved("a", 8, signal="slow_service", strength=0.9, name="E2")
    (arrival,) = propagation_of([weak, strong], (), ONSET, resolution_seconds=5)
    assert (arrival.at, arrival.evidence) == (ONSET, ("E2", "E1"))


@given(
    times=st.lists(st.integers(-20, 20), min_size=6, max_size=6),
    calls=st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdef")), max_size=20),
    surging=st.sets(st.sampled_from("abcdef")),
    resolution=st.integers(0, 30),
)
def test_nobody_has_trouble_from_itself_however_long_the_way(
    times: list[int], calls: list[tuple[str, str]], surging: set[str], resolution: int
) -> None:
    evidence = [
        moved(service, seconds, signal="traffic_surge" if service in surging else "errors")
        for service, seconds in zip("abcdef", times, strict=True)
    ]
    left = sources(evidence, calls, resolution)
    while left:
        settled = {service for service, givers in left.items() if not set(givers) & left.keys()}
        assert settled, left
        left = {service: givers for service, givers in left.items() if service not in settled}


def spans(*rows: tuple[str, str, str, str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["span_id", "parent_span_id", "service", "kind"])
    return link_spans(
        frame.assign(trace_id="t", name="call", ts=pd.Timestamp(ONSET), duration_ms=1.0, status="", attributes="")
    )


def test_calls_are_known_from_the_topology_and_from_spans() -> None:
    linked = spans(
        ("1", "", "gateway", "SERVER"),
        ("2", "1", "gateway", "CLIENT"),
        ("3", "2", "pedidos", "SERVER"),
        ("4", "3", "pedidos", "INTERNAL"),
        ("5", "lost", "órfão", "SERVER"),
    )
    recorded = (("gateway", "gateway"), ("", "x"), ("pedidos", "payments"))
    assert known_calls(recorded, linked) == {("gateway", "pedidos"), ("pedidos", "payments")}
    assert known_calls(None, None) == known_calls((), linked.iloc[:0]) == frozenset()


def test_a_diagnosis_from_before_there_was_a_timeline_still_loads() -> None:
    old = Diagnosis(recording_id="r", system="shop", alert=Alert(at=ONSET), window=WINDOW)
    stored = {name: value for name, value in old.model_dump(mode="json").items() if name not in ADDED}
    assert Diagnosis.model_validate_json(json.dumps(stored)) == old


ADDED = {"timeline", "propagation"}


def test_a_timeline_survives_being_stored() -> None:
    evidence = (moved("gateway", 4.5), moved("orders", -1))
    found = Diagnosis(
        recording_id="r",
        system="shop",
        alert=Alert(at=ONSET),
        window=WINDOW,
        evidence=evidence,
        timeline=timeline_of(evidence, ONSET),
        propagation=propagation_of(evidence, CHAIN, ONSET, resolution_seconds=5),
    )
    assert Diagnosis.model_validate_json(found.model_dump_json()) == found
    assert found.propagation[1] == Arrival(
        service="gateway",
        at=ONSET + timedelta(seconds=4.5),
        seconds_after_onset=4.5,
        sources=("orders",),
        evidence=("E-gateway-errors",),
    )
