from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import psutil
import pytest
from shop_customer import Customer, succeeds_within

from chaos.errors import BadArgument, FaultError
from chaos.faults.request_flood import flood_is_running, require_local, start_flood, stop_flood
from chaos.sandbox import Sandbox


@pytest.fixture
def customer(sandbox: Sandbox) -> Iterator[Customer]:
    customer = Customer(sandbox)
    yield customer
    customer.close()
    stop_flood()


def slowest_of(count: int, customer: Customer) -> float:
    durations = []
    for _ in range(count):
        before = time.monotonic()
        customer.search()
        durations.append(time.monotonic() - before)
    return max(durations)


def has_ended(pid: int) -> bool:
    """Say whether a process is over; it may be listed for a moment longer, until its parent takes note."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.mark.slow
def test_a_flood_is_felt_by_customers_and_gone_when_stopped(customer: Customer) -> None:
    customer.search()
    calm_seconds = slowest_of(20, customer)
    facts = start_flood(users=60, requests_per_second=400, limit_seconds=60)
    assert flood_is_running()
    assert slowest_of(20, customer) > 2 * calm_seconds

    assert stop_flood() == {"stopped": True}
    assert has_ended(facts["pid"])
    assert not flood_is_running()
    assert succeeds_within(10, customer.search)


@pytest.mark.slow
def test_a_flood_ends_by_itself_at_its_limit(customer: Customer) -> None:
    start_flood(users=1, requests_per_second=1, limit_seconds=1)
    deadline = time.monotonic() + 10
    while flood_is_running():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.slow
def test_a_second_flood_replaces_the_first_and_stopping_twice_does_no_harm(customer: Customer) -> None:
    first = start_flood(users=1, requests_per_second=1)
    second = start_flood(users=2, requests_per_second=2)
    assert has_ended(first["pid"])
    assert second["users"] == 2
    assert stop_flood() == {"stopped": True}
    assert stop_flood() == {"stopped": False}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"users": 0}, "users must lie between 1 and 500, got 0"),
        ({"requests_per_second": 1e6}, "requests_per_second must lie between 1 and 1000"),
        ({"requests_per_second": float("nan")}, "requests_per_second must lie between"),
        ({"limit_seconds": 3600}, "limit_seconds must lie between 1 and 600"),
        ({"target_path": "http://example.com/"}, "target_path must be a path"),
        ({"target_path": "//example.com/"}, "target_path must be a path"),
        ({"target_path": ""}, "target_path must be a path"),
    ],
)
def test_a_flood_out_of_bounds_is_refused_before_anything_is_touched(arguments: dict[str, float], message: str) -> None:
    with pytest.raises(FaultError, match=message):
        start_flood(**arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize("url", ["http://example.com", "http://10.0.0.1:8080", "http://127.0.0.1.example.com", ""])
def test_nobody_elses_machine_is_ever_flooded(url: str) -> None:
    with pytest.raises(BadArgument, match="no flood target on this machine"):
        require_local(url)


def test_this_machine_may_be_flooded() -> None:
    require_local("http://127.0.0.1:8080")
    require_local("http://localhost:8080")
    assert httpx.URL("http://127.0.0.1:8080").host == "127.0.0.1"
