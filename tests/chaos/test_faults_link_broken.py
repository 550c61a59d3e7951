from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from shop_customer import Customer, succeeds_within

from chaos.errors import BadArgument, FaultError
from chaos.faults.link_broken import break_link, link_state, mend_link
from chaos.sandbox import Sandbox

LINK = "orders-payments"


@pytest.fixture
def customer(sandbox: Sandbox) -> Iterator[Customer]:
    customer = Customer(sandbox)
    yield customer
    customer.close()
    mend_link(LINK)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["reset", "swallow", "refuse"])
def test_nobody_can_pay_over_a_broken_link_until_it_is_mended(customer: Customer, mode: str) -> None:
    assert customer.buy().is_success
    assert break_link(LINK, mode)["mode"] == mode
    assert customer.buy().status_code >= 500
    assert customer.search().is_success
    assert customer.history().is_success

    assert mend_link(LINK)["mode"] == "open"
    assert succeeds_within(5, customer.buy)


@pytest.mark.slow
def test_paying_over_a_slow_link_takes_longer(customer: Customer) -> None:
    customer.buy()
    break_link(LINK, "delay", milliseconds=300)
    before = time.monotonic()
    assert customer.buy().is_success
    assert time.monotonic() - before > 0.3
    assert link_state(LINK)["disturbed_connections"] >= 1


@pytest.mark.slow
def test_mending_a_link_that_is_whole_does_no_harm(customer: Customer) -> None:
    assert mend_link(LINK) == mend_link(LINK)
    assert customer.buy().is_success


@pytest.mark.slow
def test_what_is_no_way_to_break_a_link_is_refused_before_anything_is_touched(sandbox: Sandbox) -> None:
    before = link_state(LINK)
    for arguments in ((LINK, "open"), (LINK, "explode"), ("orders-inventory", "reset")):
        with pytest.raises(BadArgument, match=r"there is no .* orders-payments|there is no way to break"):
            break_link(*arguments)
    with pytest.raises(FaultError, match="milliseconds must lie above 0"):
        break_link(LINK, "delay")
    with pytest.raises(FaultError, match="takes no milliseconds"):
        break_link(LINK, "reset", milliseconds=10)
    assert link_state(LINK) == before
