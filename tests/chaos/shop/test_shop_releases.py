from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx
import pytest
from shop_processes import Shop

from chaos.shop import SERVICES, ServiceSpec, catalog, gateway, inventory, orders, payments, service

TABLES: dict[str, Mapping[str, Any]] = {
    "gateway": gateway.RANK,
    "catalog": catalog.LOOK_UP,
    "orders": orders.FIRST_ROW,
    "payments": payments.PLAN_PAYMENT,
    "inventory": inventory.CHOOSE_WAREHOUSE,
}


@pytest.mark.parametrize("spec", SERVICES, ids=lambda spec: spec.name)
def test_every_version_that_is_listed_exists(spec: ServiceSpec) -> None:
    assert spec.bad_releases
    assert set(TABLES[spec.name]) == set(spec.versions)


def checkout(client: httpx.Client) -> int:
    cart = str(uuid.uuid4())
    added = client.post(f"/carts/{cart}/items", json={"product_id": 3})
    if added.status_code != 201:
        return added.status_code
    body = {"cart_id": cart, "customer": "inês", "card_number": "4111111111111111"}
    return client.post("/checkout", json=body).status_code


# What customers do at the gateway that needs an endpoint of a service.
JOURNEYS: dict[str, Callable[[httpx.Client], int]] = {
    "home": lambda client: client.get("/").status_code,
    "products": lambda client: client.get("/products").status_code,
    "product": lambda client: client.get("/products/5").status_code,
    "search": lambda client: client.get("/search", params={"q": "café"}).status_code,
    "checkout": checkout,
    "history": lambda client: client.get("/orders", params={"customer": "inês"}).status_code,
    "order": lambda client: client.get(f"/orders/{uuid.UUID(int=1)}").status_code,
}
BROKEN = {
    "catalog": ("product", 502),
    "orders": ("history", 502),
    "payments": ("checkout", 502),
    "inventory": ("checkout", 502),
    "gateway": ("search", 500),
}


def outcomes(shop: Shop) -> dict[str, int]:
    return {name: journey(shop.client) for name, journey in JOURNEYS.items()}


@pytest.fixture(params=[spec.name for spec in SERVICES])
def broken(shop: Shop, request: pytest.FixtureRequest) -> Iterator[str]:
    name = str(request.param)
    (version,) = service(name).bad_releases
    shop.deploy(name, version)
    yield name
    shop.deploy(name, service(name).stable_version)
    assert all(status in (200, 201, 404) for status in outcomes(shop).values())


def test_a_bad_release_breaks_one_endpoint_for_every_request_and_nothing_else(shop: Shop, broken: str) -> None:
    journey, status = BROKEN[broken]
    for _ in range(3):
        found = outcomes(shop)
        assert found.pop(journey) == status
        assert set(found.values()) <= {200, 201, 404}
    assert "Traceback (most recent call last)" in shop.said(broken)
