"""Latency, failures and traffic of each service, in the same units for all."""

from typing import Any

import pandas as pd
import pytest
from made_up_system import header, moment

from assistant.diagnosis.service_signals import ServiceSignals, service_signals
from assistant.diagnosis.tables import tidied
from telemetry import Recording

STEP = 60.0


def reading(
    metric: str, *values: float, service: str = "shop", pod: str = "", late: float = 0.0
) -> list[dict[str, Any]]:
    return [
        {"ts": moment(step * STEP + late), "metric": metric, "value": value, "service": service, "pod": pod}
        for step, value in enumerate(values)
    ]


def signals(*readings: list[dict[str, Any]]) -> ServiceSignals:
    metrics = tidied(Recording(header(), metrics=pd.DataFrame([row for one in readings for row in one]))).metrics
    assert metrics is not None
    return service_signals(metrics, STEP)


def values(table: pd.DataFrame, service: str = "shop") -> list[float]:
    return list(table.loc[table["service"] == service, "value"])


def test_each_signal_is_read_from_the_metrics_that_mean_it() -> None:
    found = signals(
        reading("latency_avg", 0.2),
        reading("error_ratio", 0.1),
        reading("errors_per_second", 4),
        reading("requests_per_second", 40),
        reading("cpu_usage", 7),
        reading("latency_avg", 0.5, service="rooms"),
    )
    assert (values(found.latency), values(found.latency, "rooms")) == ([0.2], [0.5])
    assert values(found.traffic) == [40]
    assert values(found.failures) == [0.1]


def test_failures_that_are_counted_are_no_share() -> None:
    found = signals(reading("errors_per_second", 4, 0.5))
    assert (values(found.failures), values(found.failure_counts)) == ([], [4, 0.5])


@pytest.mark.parametrize(
    ("metric", "told", "failing"),
    [
        ("availability", (99.0, 50.0), (0.01, 0.5)),
        ("availability", (0.99, 0.5), (0.01, 0.5)),
        ("success_rate", (1.0, 1.0), (0.0, 0.0)),
        ("error_rate", (0.02, 0.4), (0.02, 0.4)),
        ("error_percent", (2.0, 40.0), (0.02, 0.4)),
    ],
)
def test_success_and_failure_in_any_unit_become_the_share_that_fails(
    metric: str, told: tuple[float, ...], failing: tuple[float, ...]
) -> None:
    assert values(signals(reading(metric, *told)).failures) == pytest.approx(failing)


def test_an_error_rate_beyond_one_is_a_count_a_second_and_no_share() -> None:
    found = signals(reading("error_rate", 0.1, 30))
    assert (values(found.failures), values(found.failure_counts)) == ([], [0.1, 30])


def test_the_mean_tells_more_than_a_percentile_and_serving_more_than_calling() -> None:
    found = signals(reading("latency_p99", 9.0), reading("latency_avg", 1.0), reading("client_latency_avg", 5.0))
    assert values(found.latency) == [1.0]
    assert values(signals(reading("latency_p99", 9.0), reading("client_latency_avg", 5.0)).latency) == [9.0]


def test_each_service_has_the_best_of_its_own_metrics() -> None:
    found = signals(reading("latency_avg", 1.0), reading("latency_p99", 9.0, service="rooms"))
    assert (values(found.latency), values(found.latency, "rooms")) == ([1.0], [9.0])


def test_instances_are_averaged_and_their_requests_added_up() -> None:
    found = signals(
        reading("latency_avg", 1.0, 1.0, pod="a"),
        reading("latency_avg", 3.0, 5.0, pod="b", late=20),
        reading("requests", 10, 10, pod="a"),
        reading("requests", 30, 50, pod="b", late=20),
    )
    assert values(found.latency) == [2.0, 3.0]
    assert values(found.traffic) == [40, 60]
    assert list(found.latency["ts"]) == [pd.Timestamp(moment(20)), pd.Timestamp(moment(80))]
    assert set(found.latency["pod"]) == {""}


def test_one_instance_keeps_every_reading() -> None:
    found = signals(reading("latency_avg", 1.0), reading("latency_avg", 3.0, late=20))
    assert values(found.latency) == [1.0, 3.0]


def test_an_instance_without_a_number_does_not_pull_the_others_down() -> None:
    found = signals(reading("latency_avg", 4.0, pod="a"), reading("latency_avg", float("nan"), pod="b"))
    assert values(found.latency) == [4.0]


def test_counters_are_read_as_rates() -> None:
    assert values(signals(reading("requests_total", 0, 60, 180, 5)).traffic)[1:3] == [1, 2]


def test_readings_of_the_machine_are_nobodys_signals() -> None:
    assert signals(reading("node_request_latency", 1.0)).latency.empty


def test_no_metrics_have_no_signals() -> None:
    found = signals(reading("cpu_usage", 1.0))
    assert found.latency.empty
    assert found.failures.empty
    assert found.failure_counts.empty
    assert found.traffic.empty
