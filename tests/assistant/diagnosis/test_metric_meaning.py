"""What a metric is about, whatever convention its name follows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.diagnosis.metric_meaning import Meaning, meaning_of


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("http.server.request.duration", Meaning.LATENCY),
        ("ResponseTime(ms)", Meaning.LATENCY),
        ("latency_p95", Meaning.LATENCY),
        ("RTT", Meaning.LATENCY),
        ("availability_average", Meaning.SUCCESS),
        ("SuccessRate(%)", Meaning.SUCCESS),
        ("errors_per_second", Meaning.FAILURE),
        ("HTTP5xx", Meaning.FAILURE),
        ("http_5xx_total", Meaning.FAILURE),
        ("failed_requests", Meaning.FAILURE),
        ("request_timeouts", Meaning.FAILURE),
        ("process.cpu.utilization", Meaning.PROCESSOR),
        ("CpuUsageRate(%)", Meaning.PROCESSOR),
        ("cpu_time", Meaning.PROCESSOR),
        ("container_memory_rss", Meaning.MEMORY),
        ("MemoryUsage(Mi)", Meaning.MEMORY),
        ("jvm.heap.used", Meaning.MEMORY),
        ("container_fs_writes_total", Meaning.DISK),
        ("system.disk.io", Meaning.DISK),
        ("process_open_fds", Meaning.HANDLES),
        ("jvm.threads.live", Meaning.HANDLES),
        ("db.client.connection.count", Meaning.QUEUE),
        ("consumer_lag", Meaning.QUEUE),
        ("NetworkReceiveBytes", Meaning.NETWORK),
        ("requests_total", Meaning.TRAFFIC),
        ("workload", Meaning.TRAFFIC),
        ("qps", Meaning.TRAFFIC),
        ("temperature", Meaning.OTHER),
        ("", Meaning.OTHER),
        ("задержка", Meaning.OTHER),
    ],
)
def test_the_words_of_a_name_tell_what_it_measures(name: str, meaning: Meaning) -> None:
    assert meaning_of(name).meaning is meaning


@pytest.mark.parametrize(
    ("name", "meaning"),
    [("recpud", Meaning.OTHER), ("transport", Meaning.OTHER), ("reserved_memoryless", Meaning.OTHER)],
)
def test_a_part_of_a_word_is_not_the_word(name: str, meaning: Meaning) -> None:
    assert meaning_of(name).meaning is meaning


@pytest.mark.parametrize(
    ("name", "of_limit"),
    [
        ("CpuUsageRate(%)", True),
        ("process.cpu.utilization", True),
        ("process.cpu.utilisation", True),
        ("memory_usage_percent", True),
        ("disk_used_pct", True),
        ("cache_hit_ratio", True),
        ("ratio", True),
        ("generation_duration", False),  # `ratio` is no word in it
        ("memory_usage_bytes", False),
    ],
)
def test_a_share_of_what_there_is_is_told_from_an_amount(name: str, of_limit: bool) -> None:
    assert meaning_of(name).of_limit is of_limit


def test_readings_of_the_machine_and_of_a_caller_are_told_apart() -> None:
    assert [meaning_of(name).of_node for name in ("node_cpu", "HostMemory", "cpu")] == [True, True, False]
    assert [meaning_of(name).as_client for name in ("http.client.duration", "upstream_rq_time", "rq_time")] == [
        True,
        True,
        False,
    ]


def test_means_tell_more_than_percentiles_and_extremes_tell_least() -> None:
    names = ["latency_max", "latency_p99", "latency_p50", "latency_p95", "latency", "latency_p90", "latency_avg"]
    by_preference = sorted(names, key=lambda name: (meaning_of(name).preference, name))
    assert by_preference == [
        "latency_avg",
        "latency_p90",
        "latency_p95",
        "latency_p50",
        "latency",
        "latency_max",
        "latency_p99",
    ]


@given(st.text(max_size=80))
def test_any_name_has_a_meaning_and_always_the_same(name: str) -> None:
    assert meaning_of(name) == meaning_of.__wrapped__(name)
