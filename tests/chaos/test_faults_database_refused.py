from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from shop_customer import Customer, succeeds_within

from chaos.errors import BadArgument, NoSandbox
from chaos.faults.database_refused import accept_connections, connections_are_refused, refuse_connections
from chaos.sandbox import SANDBOX_VARIABLE, Sandbox


@pytest.fixture
def customer(sandbox: Sandbox) -> Iterator[Customer]:
    customer = Customer(sandbox)
    yield customer
    customer.close()
    accept_connections("orders")


@pytest.mark.slow
def test_a_service_that_is_refused_fails_alone_and_comes_back_by_itself(customer: Customer) -> None:
    assert customer.history().is_success
    facts = refuse_connections("orders")
    assert facts["refused"] is True
    assert facts["sessions_ended"] >= 1
    assert connections_are_refused("orders")
    assert customer.history().status_code >= 500
    assert customer.search().is_success

    assert accept_connections("orders")["refused"] is False
    assert succeeds_within(5, customer.history)
    assert not connections_are_refused("orders")
    json.dumps(facts)


@pytest.mark.slow
def test_refusing_twice_and_accepting_twice_do_no_harm(customer: Customer) -> None:
    accept_connections("orders")
    refuse_connections("orders")
    assert refuse_connections("orders")["sessions_ended"] == 0
    accept_connections("orders")
    accept_connections("orders")
    assert succeeds_within(5, customer.history)


@pytest.mark.parametrize("service", ["payments", "order", "", "orders; DROP ROLE postgres"])
def test_a_service_without_a_database_is_refused_before_anything_is_touched(service: str) -> None:
    with pytest.raises(BadArgument, match="no service with a database"):
        refuse_connections(service)


def test_without_a_sandbox_the_message_says_how_to_name_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SANDBOX_VARIABLE, raising=False)
    with pytest.raises(NoSandbox, match=SANDBOX_VARIABLE):
        accept_connections("orders")
