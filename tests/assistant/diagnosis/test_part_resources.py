"""Which resources of which service left their normal range."""

import math

import pandas as pd
import pytest
from made_up_system import ONSET, moment
from measured import Level, of_metrics, readings, risen, seen, steady

from assistant.diagnosis.parts.resources import Resources


def test_a_resource_that_rose_is_told_with_its_instance_its_levels_and_its_onset() -> None:
    table = pd.concat(
        [readings(("shop", "memory_rss", risen(90.0)), pod="pod-2"), readings(("shop", "memory_rss", steady))]
    )
    (found,) = seen(Resources(), of_metrics(table))
    assert (found.signal, found.service, found.query) == ("resource", "shop", "memory_rss")
    assert "shop (pod-2)" in found.summary
    assert (found.before, found.after) == pytest.approx((10.0, 90.0), rel=0.01)
    assert found.onset == moment(ONSET)
    assert [value > 20 for _, value in found.series] == [False] * 9 + [True]


def test_the_resource_that_rose_most_comes_first_and_each_only_once() -> None:
    table = readings(
        ("shop", "memory_rss", risen(90.0)),
        ("shop", "memory_heap", risen(200.0)),
        ("rooms", "cpu_seconds", risen(900.0)),
        ("rooms", "disk_io", steady),
    )
    assert [(one.service, one.query) for one in seen(Resources(), of_metrics(table))] == [
        ("rooms", "cpu_seconds"),
        ("shop", "memory_heap"),
    ]


@pytest.mark.parametrize(
    ("metric", "signal"), [("threads", "backlog"), ("db_connections", "backlog"), ("cpu", "resource")]
)
def test_what_fills_up_is_a_backlog_and_what_runs_out_a_resource(metric: str, signal: str) -> None:
    (found,) = seen(Resources(), of_metrics(readings(("shop", metric, risen(90.0)))))
    assert found.signal == signal


@pytest.mark.parametrize(
    "one",
    [
        ("shop", "memory_rss", risen(1.0)),
        ("shop", "latency", risen(90.0)),
        ("shop", "node_memory", risen(90.0)),
        ("", "memory_rss", risen(90.0)),
        ("shop", "network_receive_bytes", risen(90.0)),
    ],
    ids=["fell", "no resource", "of the machine", "of nobody", "of the network"],
)
def test_what_is_no_resource_of_a_service_that_rose_is_left_alone(one: tuple[str, str, Level]) -> None:
    assert seen(Resources(), of_metrics(readings(one))) == []


def test_an_amount_is_judged_by_its_share_of_the_limit_where_that_is_told() -> None:
    amount, share = ("shop", "memory_usage_bytes", risen(90.0)), ("shop", "memory_usage_percent", steady)
    assert len(seen(Resources(), of_metrics(readings(amount)))) == 1
    assert seen(Resources(), of_metrics(readings(amount, share))) == []
    of_another = ("rooms", "memory_usage_percent", steady)
    assert len(seen(Resources(), of_metrics(readings(amount, of_another)))) == 1


def test_a_counter_of_processor_time_is_read_as_its_rate() -> None:
    def total(at: float) -> float:
        return at * 2 + max(0.0, at - ONSET) * 60

    (found,) = seen(Resources(), of_metrics(readings(("shop", "process_cpu_seconds_total", total))))
    assert (found.before, found.after) == pytest.approx((2.0, 62.0))
    assert seen(Resources(), of_metrics(readings(("shop", "process_cpu_seconds_total", lambda at: at * 2)))) == []


def test_a_minute_without_a_number_is_a_gap_in_the_plot() -> None:
    def lost(at: float) -> float:
        return float("nan") if 300 <= at < 360 else risen(90.0)(at)

    (found,) = seen(Resources(), of_metrics(readings(("shop", "memory_rss", lost))))
    assert len(found.series) == 9
    assert all(math.isfinite(value) for _, value in found.series)
    assert moment(300) not in dict(found.series)


def test_no_metrics_of_resources_are_no_findings() -> None:
    assert seen(Resources(), of_metrics(readings(("shop", "latency", risen(90.0))).head(0))) == []
