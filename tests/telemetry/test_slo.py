from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from synthetic_traffic import at

from telemetry.detection.served import Requests, ServiceRequests
from telemetry.detection.slo import (
    LIVE_WINDOWS,
    WORKBOOK_WINDOWS,
    BurnWindows,
    SliCounts,
    Slo,
    burn_rate,
    burns,
    error_budget,
)
from telemetry.detection.slo_watch import SloWatch

AVAILABLE = Slo(name="availability", objective=0.99)
QUICK = Slo(name="quick", service="orders", sli="latency", objective=0.9, threshold_ms=100)
PAIR = LIVE_WINDOWS[0]


def requests(good: int, bad: int) -> Requests:
    return Requests(np.full(good, 10.0), np.full(bad, 1.0))


def watched(*looks: tuple[float, int, int], slo: Slo = AVAILABLE) -> list[float]:
    """Burn rates reported after looks of `(seconds, good, bad)`."""
    watch = SloWatch([slo], LIVE_WINDOWS, 15)
    for seconds, good, bad in looks:
        watch.look(at(seconds), {"orders": ServiceRequests(requests(good, bad))})
    return [breach.value for breach in watch.breaches(at(looks[-1][0]), at(looks[-1][0]))]


@given(st.integers(0, 10_000), st.integers(1, 10_000), st.floats(0.5, 0.9999))
def test_the_burn_rate_is_the_bad_ratio_over_the_allowed_one(bad: int, good: int, objective: float) -> None:
    rate = burn_rate(SliCounts(good, good + bad), objective)
    assert rate == pytest.approx(bad / (good + bad) / (1 - objective))


@pytest.mark.parametrize("pair", WORKBOOK_WINDOWS)
@given(error_ratio=st.floats(0.02, 1.0))
def test_a_steady_failure_fires_when_the_closed_form_says(pair: BurnWindows, error_ratio: float) -> None:
    """SRE workbook, chapter 5: time to fire = (1 - objective) / error ratio x long window x burn rate."""
    expected = (1 - 0.999) / error_ratio * pair.long_seconds * pair.burn_rate
    per_second = 10_000

    def over(seconds: float, failing_for: float) -> SliCounts:
        total = round(seconds * per_second)
        return SliCounts(total - round(min(failing_for, seconds) * per_second * error_ratio), total)

    def fired(failing_for: float) -> bool:
        return burns(over(pair.long_seconds, failing_for), over(pair.short_seconds, failing_for), 0.999, pair)

    assert not fired(expected * 0.999)
    assert fired(expected * 1.001)


@pytest.mark.parametrize(("pair", "spent"), list(zip(WORKBOOK_WINDOWS, (0.02, 0.05, 0.10, 0.10), strict=True)))
def test_firing_costs_the_share_of_a_month_that_the_workbook_says(pair: BurnWindows, spent: float) -> None:
    assert pair.burn_rate * pair.long_seconds / (30 * 86400) == pytest.approx(spent)


def test_both_windows_must_burn() -> None:
    bad, good = SliCounts(80, 100), SliCounts(100, 100)
    assert burns(bad, bad, 0.99, PAIR)
    assert not burns(bad, good, 0.99, PAIR)
    assert not burns(good, bad, 0.99, PAIR)


@pytest.mark.parametrize(("bad", "burning"), [(4, False), (5, True)])
def test_a_few_bad_requests_are_too_few_to_tell(bad: int, burning: bool) -> None:
    counts = SliCounts(10 - bad, 10)
    assert burns(counts, counts, 0.99, PAIR) is burning


def test_no_traffic_is_no_data() -> None:
    nothing = SliCounts()
    assert (nothing.ratio, burn_rate(nothing, 0.99), error_budget(nothing, 0.99).left_ratio) == (None, None, None)
    assert not burns(nothing, nothing, 0.99, PAIR, minimum_bad=0)


def test_an_error_budget_is_untouched_spent_and_overspent() -> None:
    assert error_budget(SliCounts(1000, 1000), 0.99).left_ratio == 1.0
    assert error_budget(SliCounts(990, 1000), 0.99).left_ratio == pytest.approx(0.0)
    overspent = error_budget(SliCounts(970, 1000), 0.99)
    assert overspent.left_ratio == pytest.approx(-2.0)
    assert (overspent.allowed_bad, overspent.bad) == (pytest.approx(10.0), 30)


def test_a_latency_slo_counts_successes_up_to_its_threshold() -> None:
    served = Requests(np.array([50.0, 100.0, 100.1]), np.array([1.0, 1.0]))
    assert QUICK.count(served) == SliCounts(2, 3)
    assert AVAILABLE.count(served) == SliCounts(3, 5)


def test_requests_of_unknown_status_are_no_evidence_for_availability() -> None:
    assert AVAILABLE.count(Requests(np.array([50.0]), status_known=False)) == SliCounts()


def test_a_star_covers_every_service_and_a_name_only_its_own() -> None:
    assert AVAILABLE.covers("payments")
    assert QUICK.covers("orders")
    assert not QUICK.covers("payments")


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "x", "objective": 1.0},
        {"name": "x", "objective": 0.0},
        {"name": "", "objective": 0.9},
        {"name": "x", "objective": 0.9, "sli": "latency"},
        {"name": "x", "objective": 0.9, "threshold_ms": 5},
        {"name": "x", "objective": 0.9, "servce": "orders"},
    ],
)
def test_a_promise_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Slo.model_validate(wrong)


def test_a_short_window_longer_than_the_long_one_is_refused() -> None:
    with pytest.raises(ValidationError, match="exceeds the long"):
        BurnWindows(long_seconds=15, short_seconds=60, burn_rate=1)


def test_a_young_system_is_judged_by_what_there_is() -> None:
    assert watched((15, 80, 20)) == [pytest.approx(20)]


def test_overlapping_looks_are_not_counted_twice() -> None:
    steady = [(15.0 + 5 * tick, 100, 0) for tick in range(12)]
    failing = [(75.0, 80, 20)]
    # Four windows side by side, one of them bad: 20 of 400 requests.
    assert watched(*steady, *failing) == []
    assert watched(*steady, (75.0, 40, 60)) == [pytest.approx(15)]


def test_a_burn_ends_with_the_short_window() -> None:
    assert watched((15, 0, 100), (30, 0, 100)) == [pytest.approx(100)]
    assert watched((15, 0, 100), (30, 100, 0)) == []


def test_a_clock_that_ticks_a_little_early_or_late_changes_nothing() -> None:
    for jitter in (-0.2, 0.2):
        looks = [(15 + (5 + jitter) * tick, 80, 20) for tick in range(12)]
        assert watched(*looks) == [pytest.approx(20)]
