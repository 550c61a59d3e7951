from __future__ import annotations

import numpy as np
import pytest
from synthetic_traffic import at

from telemetry.detection.baseline import Baseline, Reading
from telemetry.detection.rules import (
    RULES,
    Case,
    latency,
    operation_errors,
    saturation_of_cpu,
    saturation_of_pool,
    service_errors,
    traffic_drop,
    traffic_surge,
)
from telemetry.detection.saturation import Saturation
from telemetry.detection.served import Requests


def before(
    *, requests: int = 150, errors: int = 0, p95_ms: float | None = 20.0, seconds: float = 300, jitter: float = 0.0
) -> Baseline:
    """A steady past, one reading every 5 s of windows of 15 s."""
    return Baseline(
        [
            Reading(at(second), requests, errors, requests / 15 * (1 + jitter * (-1) ** second), p95_ms)
            for second in range(0, int(seconds) + 1, 5)
        ]
    )


def now(
    *, good: int = 150, bad: int = 0, ms: float = 10.0, slow: int = 0, slow_ms: float = 1000.0, latest_slow: int = 0
) -> dict[str, Requests]:
    quick = np.full(good - slow, ms)
    latest = np.concatenate([np.full(5 - latest_slow, ms), np.full(latest_slow, slow_ms)])
    return {
        "requests": Requests(np.concatenate([quick, np.full(slow, slow_ms)]), np.full(bad, 1.0)),
        "latest": Requests(latest),
    }


def case(
    seen: dict[str, Requests] | None = None, baseline: Baseline | None = None, saturation: Saturation | None = None
) -> Case:
    return Case(
        at=at(400),
        service="orders",
        operation=None,
        window_seconds=15,
        baseline=baseline or Baseline(),
        saturation=saturation or Saturation(),
        **(seen or now()),
    )


@pytest.mark.parametrize(("bad", "wrong"), [(4, False), (5, True)])
def test_a_service_fails_from_five_errors_on_even_in_its_first_minute(bad: int, wrong: bool) -> None:
    assert bool(service_errors(case(now(good=20 - bad, bad=bad)))) is wrong


@pytest.mark.parametrize(("bad", "wrong"), [(9, False), (10, True)])
def test_a_service_may_fail_less_than_one_request_in_twenty(bad: int, wrong: bool) -> None:
    assert bool(service_errors(case(now(good=200 - bad, bad=bad), before(requests=200)))) is wrong


def test_a_service_that_always_fails_some_must_fail_three_times_as_many() -> None:
    usual = before(requests=100, errors=8)
    assert service_errors(case(now(good=77, bad=23), usual)) is None
    assert service_errors(case(now(good=74, bad=26), usual)) is not None


def test_an_operation_fails_from_four_errors_on() -> None:
    assert operation_errors(case(now(good=19, bad=3), before(requests=22))) is None
    assert operation_errors(case(now(good=18, bad=4), before(requests=22))) is not None


def test_an_operation_that_fails_often_must_fail_more_than_chance_explains() -> None:
    usual = before(requests=22, errors=1)
    assert operation_errors(case(now(good=17, bad=5), usual)) is None
    assert operation_errors(case(now(good=8, bad=14), usual)) is not None


def test_errors_of_unknown_status_are_not_judged() -> None:
    unknown = Requests(np.full(50, 10.0), status_known=False)
    seen = {"requests": unknown, "latest": unknown}
    assert service_errors(case(seen)) is None
    assert operation_errors(case(seen)) is None


def test_a_breach_says_in_one_sentence_what_was_and_what_is() -> None:
    found = service_errors(case(now(good=50, bad=50), before()))
    assert found is not None
    assert found.description == "orders failed 50% of its requests (50 of 100 in 15 s), 0.0% before."
    assert (found.signal, found.value, found.unit, found.at) == ("errors", 0.5, "ratio", at(400))


@pytest.mark.parametrize(
    ("seen", "wrong"),
    [
        (now(good=20, slow=20, latest_slow=5), True),
        (now(good=20, slow=5, latest_slow=5), True),
        (now(good=20, slow=4, latest_slow=5), False),  # a few slow ones are everyday life
        (now(good=20, slow=20, latest_slow=2), False),  # it is over already: that was a pause, not a fault
        (now(good=9, slow=9, latest_slow=5), False),  # too few to tell
        (now(good=20, slow=20, slow_ms=110, latest_slow=5), False),  # nobody is woken by 90 ms more
    ],
)
def test_latency_is_wrong_when_much_is_far_slower_and_still_is(seen: dict[str, Requests], wrong: bool) -> None:
    assert bool(latency(case(seen, before()))) is wrong


@pytest.mark.parametrize(("seconds", "wrong"), [(25, False), (30, True)])
def test_latency_needs_half_a_minute_to_compare_with(seconds: float, wrong: bool) -> None:
    assert bool(latency(case(now(slow=150, latest_slow=5), before(seconds=seconds)))) is wrong


def test_a_past_with_too_few_requests_for_a_percentile_is_no_measure() -> None:
    assert latency(case(now(slow=150, latest_slow=5), before(p95_ms=None))) is None


@pytest.mark.parametrize(("count", "wrong"), [(450, False), (451, True)])
def test_traffic_surges_above_three_times_the_usual(count: int, wrong: bool) -> None:
    assert bool(traffic_surge(case(now(good=count), before()))) is wrong


@pytest.mark.parametrize(("usual", "count"), [(30, 175), (10, 1000)])
def test_ten_more_requests_a_second_and_the_first_users_are_no_surge(usual: int, count: int) -> None:
    assert traffic_surge(case(now(good=count), before(requests=usual))) is None


@pytest.mark.parametrize(("count", "wrong"), [(31, False), (30, True), (0, True)])
def test_traffic_drops_below_a_fifth_of_the_usual(count: int, wrong: bool) -> None:
    found = traffic_drop(case(now(good=count), before()))
    assert bool(found) is wrong
    assert found is None or found.is_drop


def test_a_quiet_window_of_a_quiet_service_is_not_a_drop() -> None:
    assert traffic_drop(case(now(good=3), before(requests=15))) is None
    assert traffic_drop(case(now(good=0), before(requests=15))) is not None
    assert traffic_drop(case(now(good=0), before(requests=14))) is None


@pytest.mark.parametrize("rule", [traffic_surge, traffic_drop])
def test_traffic_needs_a_minute_to_compare_with(rule: object) -> None:
    assert callable(rule)
    assert rule(case(now(good=0), before(seconds=55))) is None
    assert rule(case(now(good=5000), before(seconds=55))) is None


@pytest.mark.parametrize(
    ("use", "pending", "wrong"), [(0.95, 1, True), (0.94, 9, False), (1.0, 0, False), (1.0, None, False)]
)
def test_a_full_pool_is_wrong_when_somebody_waits(use: float, pending: float | None, wrong: bool) -> None:
    full = Saturation(pool_use_ratio=use, pool_pending_requests=pending)
    assert bool(saturation_of_pool(case(saturation=full))) is wrong


@pytest.mark.parametrize(("use", "wrong"), [(0.95, True), (0.949, False), (None, False)])
def test_a_full_processor_is_wrong(use: float | None, wrong: bool) -> None:
    assert bool(saturation_of_cpu(case(saturation=Saturation(cpu_utilization_ratio=use)))) is wrong


def test_no_rule_says_anything_about_nothing() -> None:
    nothing = {"requests": Requests(), "latest": Requests()}
    assert [rule.judge(case(nothing)) for rule in RULES] == [None] * len(RULES)
