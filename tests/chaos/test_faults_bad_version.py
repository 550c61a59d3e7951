from __future__ import annotations

from collections.abc import Iterator

import pytest
from shop_customer import Customer

from chaos.errors import BadArgument
from chaos.faults.bad_version import deploy_version, roll_back, running_version
from chaos.sandbox import Sandbox


@pytest.fixture
def customer(sandbox: Sandbox) -> Iterator[Customer]:
    customer = Customer(sandbox)
    yield customer
    customer.close()


@pytest.mark.slow
def test_a_bad_version_fails_on_its_endpoint_until_it_is_rolled_back(customer: Customer) -> None:
    assert customer.search().is_success
    facts = deploy_version("gateway", "5.3.0")
    assert (facts["version"], facts["previous_version"], facts["restarted"]) == ("5.3.0", "5.2.0", True)
    assert customer.search().status_code >= 500
    assert customer.history().is_success
    assert running_version("gateway") == "5.3.0"

    assert roll_back("gateway")["version"] == "5.2.0"
    assert customer.search().is_success
    assert roll_back("gateway")["restarted"] is False
    assert running_version("gateway") == "5.2.0"


@pytest.mark.slow
def test_deploying_the_same_version_again_keeps_the_way_back(customer: Customer) -> None:
    deploy_version("orders", "2.4.0")
    assert deploy_version("orders", "2.4.0")["restarted"] is False
    assert customer.history().status_code >= 500
    assert roll_back("orders")["version"] == "2.3.0"
    assert customer.history().is_success


@pytest.mark.parametrize(
    ("service", "version", "message"),
    [
        ("gatewy", "5.3.0", "no service 'gatewy'.*Did you mean 'gateway'"),
        ("gateway", "9.9.9", "no version of gateway '9.9.9'; there is 5.2.0, 5.3.0"),
    ],
)
def test_what_was_never_built_is_refused_before_anything_is_touched(service: str, version: str, message: str) -> None:
    with pytest.raises(BadArgument, match=message):
        deploy_version(service, version)
