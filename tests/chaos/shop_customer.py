"""Somebody who uses the shop through its gateway, as the tests of faults need it."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx

from chaos.sandbox import Sandbox


class Customer:
    def __init__(self, sandbox: Sandbox) -> None:
        self._client = httpx.Client(base_url=sandbox.state().service("gateway").url, timeout=5, trust_env=False)

    def close(self) -> None:
        self._client.close()

    def search(self) -> httpx.Response:
        return self._client.get("/search", params={"q": "queijo"})

    def history(self) -> httpx.Response:
        return self._client.get("/orders", params={"customer": "Conceição"})

    def buy(self) -> httpx.Response:
        cart = f"cart-{time.monotonic_ns()}"
        self._client.post(f"/carts/{cart}/items", json={"product_id": 7, "quantity": 1}).raise_for_status()
        wish = {"cart_id": cart, "customer": "Conceição", "card_number": "4111111111111111"}
        return self._client.post("/checkout", json=wish)


def succeeds_within(seconds: float, ask: Callable[[], httpx.Response]) -> bool:
    """Ask until it works: services come back by themselves, and may take a moment."""
    deadline = time.monotonic() + seconds
    while ask().is_error:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True
