from __future__ import annotations

import uuid
from typing import Any

import httpx
import pytest
from shop_processes import Shop, wait_until

GOOD_CARD = "4111 1111 1111 1111"


def buy(shop: Shop, customer: str, card: str = GOOD_CARD) -> httpx.Response:
    cart = str(uuid.uuid4())
    assert shop.client.post(f"/carts/{cart}/items", json={"product_id": 7, "quantity": 2}).status_code == 201
    return shop.client.post("/checkout", json={"cart_id": cart, "customer": customer, "card_number": card})


def stock_of(shop: Shop, product_id: int) -> int:
    return int(shop.client.get(f"/products/{product_id}").json()["available"])


def test_a_customer_finds_buys_and_sees_what_was_bought(shop: Shop) -> None:
    found = shop.client.get("/search", params={"q": "CAFÉ TORRADO"}).json()["products"]
    assert "Café torrado do Cerrado" in [product["name"] for product in found]
    before = stock_of(shop, 7)
    order = buy(shop, "joão-müller-😀").json()
    history = shop.client.get("/orders", params={"customer": "joão-müller-😀"}).json()["orders"]
    assert [(entry["id"], entry["status"]) for entry in history] == [(order["id"], "paid")]
    shown = shop.client.get(f"/orders/{order['id']}").json()
    assert shown["customer"] == "joão-müller-😀"
    assert shown["items"][0]["name"] == shop.client.get("/products/7").json()["name"]
    assert stock_of(shop, 7) == before - 2


def test_a_declined_card_is_402_and_gives_back_what_was_reserved(shop: Shop) -> None:
    before = stock_of(shop, 7)
    assert buy(shop, "declined", "4000 0000 0000 0000").status_code == 402
    assert stock_of(shop, 7) == before
    history = shop.client.get("/orders", params={"customer": "declined"}).json()["orders"]
    assert [order["status"] for order in history] == ["failed"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/products/999999", None, 404),
        ("GET", f"/orders/{uuid.UUID(int=0)}", None, 404),
        ("GET", "/nowhere", None, 404),
        ("DELETE", "/products", None, 405),
        ("GET", "/products/café", None, 422),
        ("GET", "/products/99999999999", None, 422),
        ("GET", "/products?page=0", None, 422),
        ("GET", "/search", None, 422),
        ("GET", "/orders", None, 422),
        ("GET", "/orders/not-an-id", None, 422),
        ("POST", "/checkout", b"not json", 422),
        ("POST", "/checkout", b"[" * 60_000, 422),
        ("POST", "/checkout", b"[]", 422),
        ("POST", "/checkout", b'{"cart_id": "x"}', 422),
        ("POST", "/checkout", b'{"cart_id": "\\ud800", "customer": "a", "card_number": "1"}', 422),
        ("POST", "/checkout", b'{"cart_id": "empty", "customer": "a", "card_number": "4111111111111111"}', 404),
        ("POST", "/carts/a/items", b'{"product_id": 7, "quantity": 0}', 422),
        ("POST", "/carts/a/items", b'{"product_id": true}', 422),
        ("POST", "/carts/a/items", b'{"product_id": 999999}', 404),
    ],
)
def test_a_request_that_makes_no_sense_is_told_so(
    shop: Shop, method: str, path: str, body: bytes | None, status: int
) -> None:
    answer = shop.client.request(method, path, content=body)
    assert answer.status_code == status
    assert answer.json()["error"]


def test_a_product_page_does_without_stock_while_the_inventory_is_down(shop: Shop) -> None:
    shop.stop("inventory")
    try:
        answer = shop.client.get("/products/7")
        page: dict[str, Any] = answer.json()
        assert answer.status_code == 200
        assert page["available"] is None
        assert "inventory could not be reached" in page["stock_unknown_because"]
        failed = buy(shop, "ana")
        assert failed.status_code == 502
        assert failed.json()["failed"] == "orders"
        assert "inventory could not be reached" in failed.json()["error"]
    finally:
        shop.start("inventory")
        shop.wait_ready("inventory")
    wait_until(lambda: buy(shop, "ana").status_code == 201, 5, "orders again")
