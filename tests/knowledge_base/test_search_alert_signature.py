from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge_base import names_of_alerts, signature_of_alerts, standing_out

SERVICES = ("orders", "payments", "gateway")
SERVICE = st.sampled_from(SERVICES)
METRICS = st.fixed_dictionaries(
    {
        "signal": st.just("metric"),
        "where": SERVICE,
        "what": st.sampled_from(["mem_usage", "cpu_usage"]),
        "direction": st.sampled_from(["up", "down"]),
    }
)
CALLS = st.fixed_dictionaries(
    {
        "signal": st.just("trace"),
        "where": SERVICE,
        "from": SERVICE,
        "what": st.sampled_from(["GET /", "POST /"]),
        "direction": st.sampled_from(["slower", "failing"]),
    }
)
LINES = st.fixed_dictionaries({"signal": st.just("log"), "where": SERVICE, "what": st.text(max_size=5)})
ALERTS = st.lists(st.one_of(METRICS, CALLS, LINES), max_size=25)


def renamed(alerts: list[dict[str, Any]], names: dict[str, str]) -> list[dict[str, Any]]:
    return [
        {key: names.get(value, value) if key in {"where", "from"} else value for key, value in alert.items()}
        for alert in alerts
    ]


@given(ALERTS, SERVICE, st.permutations(SERVICES), st.randoms(use_true_random=False))
def test_neither_the_names_of_services_nor_the_order_of_alerts_change_the_signature(
    alerts: list[dict[str, Any]], focus: str, others: list[str], random: Any
) -> None:
    names = dict(zip(SERVICES, (f"another-{name}" for name in others), strict=True))
    elsewhere = renamed(alerts, names)
    random.shuffle(elsewhere)
    assert signature_of_alerts(elsewhere, names[focus]) == signature_of_alerts(alerts, focus)


@given(ALERTS)
def test_a_signature_names_no_service_and_its_strengths_are_in_0_to_1(alerts: list[dict[str, Any]]) -> None:
    found = signature_of_alerts(alerts)
    assert all(0 <= strength <= 1 for strength in found.values())
    assert not any(name in feature for feature in found for name in SERVICES)
    assert list(found) == sorted(found)


@given(ALERTS)
def test_the_same_alert_a_thousand_times_says_the_same_of_readings_and_calls(alerts: list[dict[str, Any]]) -> None:
    without_lines = [alert for alert in alerts if alert["signal"] != "log"]
    assert signature_of_alerts(without_lines * 40) == signature_of_alerts(without_lines)


def test_what_moved_where_the_trouble_is_stands_apart_from_what_moved_elsewhere() -> None:
    alerts = [
        {"signal": "metric", "where": "orders", "what": "mem_usage", "direction": "up"},
        {"signal": "metric", "where": "orders", "what": "cpu_usage", "direction": "up"},
        {"signal": "metric", "where": "payments", "what": "cpu_usage", "direction": "up"},
        {"signal": "trace", "where": "orders", "from": "gateway", "what": "POST /orders", "direction": "failing"},
        {"signal": "trace", "where": "payments", "from": "orders", "what": "POST /pay", "direction": "failing"},
        {"signal": "log", "where": "orders", "what": "no space left"},
    ]
    found = signature_of_alerts(alerts)
    assert standing_out(alerts) == "orders"
    assert found["metric:mem_usage:up@focus"] == 1.0
    assert found["metric:cpu_usage:up@focus"] < 1.0
    assert {"trace:failing@into", "trace:failing@out", "log@focus"} <= found.keys()


def test_the_rarest_readings_say_what_stands_out() -> None:
    alerts = [
        *({"signal": "metric", "where": "gateway", "what": what, "direction": "up"} for what in ("cpu", "mem")),
        {"signal": "metric", "where": "orders", "what": "disk", "direction": "up"},
    ]
    assert standing_out(alerts) == "gateway"
    assert standing_out(alerts, lambda name: 5.0 if "disk" in name else 1.0) == "orders"


def test_names_of_alerts_are_told_once_and_gaps_are_left_out() -> None:
    alerts = [
        {"signal": "metric", "where": "orders-1", "what": "mem_usage", "direction": "up"},
        {"signal": "metric", "where": "orders-1", "what": "mem_usage", "direction": "up"},
        {"signal": "log", "where": None, "what": "falha de conexão"},
        {"signal": "log"},
    ]
    assert names_of_alerts(alerts) == ("orders-1 mem_usage up", "falha de conexão")


@pytest.mark.parametrize("alerts", [[], [{}], [{"signal": "metric"}]])
def test_alerts_that_say_nothing_are_no_error(alerts: list[dict[str, Any]]) -> None:
    assert standing_out(alerts) == ""
    assert all(0 <= strength <= 1 for strength in signature_of_alerts(alerts).values())
