"""How customers use the shop, written for Locust."""

from __future__ import annotations

import itertools
import os
import random
import time
import uuid
from typing import Any, ClassVar

from locust import FastHttpUser, constant_pacing, task

from chaos.shop.goods import SHELVES, products

# A journey of nine requests, begun by each of twelve customers every eight seconds, makes 13.5 requests a second.
JOURNEY_SECONDS = 8.0
THINK_SECONDS = (0.5, 0.9)
NAMES = ("ana", "joão", "maría", "inês", "josé", "zoë", "begoña", "conceição", "miguel", "siân")
CUSTOMERS = tuple(f"{name}-{number}" for name in NAMES for number in range(4))
WORDS = ("café", "queijo", "azeite", "de", "pan", "loaf", "livro", "azul", "mel", "CHÁ")
GOOD_CARD, DECLINED_CARD = "4111 1111 1111 1111", "4000 0000 0000 0000"
DECLINED_SHARE = 0.03
PATIENCE_SECONDS = 6.0

_numbers = itertools.count()


class Customer(FastHttpUser):
    """Somebody who browses, buys something and looks at what they bought before.

    What a customer does is drawn from a generator seeded with `SHOP_LOAD_SEED` and the customer's number.
    """

    wait_time = constant_pacing(JOURNEY_SECONDS)
    connection_timeout = network_timeout = PATIENCE_SECONDS
    products: ClassVar[int] = sum(1 for _ in products())

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        self._random = random.Random(f"{os.environ.get('SHOP_LOAD_SEED', '0')}-{next(_numbers)}")  # noqa: S311
        self._last_order: str | None = None

    @task
    def journey(self) -> None:
        """Do everything that one visit is made of, with pauses to think."""
        customer = self._random.choice(CUSTOMERS)
        self._browse()
        self._buy(customer)
        self._look_back(customer)

    def _browse(self) -> None:
        self._get("/", {}, "/")
        self._get("/products", {"category": self._random.choice(list(SHELVES)), "page": "1"}, "/products")
        self._get("/search", {"q": self._random.choice(WORDS)}, "/search")
        for _ in range(2):
            self._get(f"/products/{self._random.randint(1, self.products)}", {}, "/products/{id}")

    def _buy(self, customer: str) -> None:
        cart = str(uuid.UUID(int=self._random.getrandbits(128), version=4))
        item = {"product_id": self._random.randint(1, self.products), "quantity": self._random.randint(1, 3)}
        if not self._post(f"/carts/{cart}/items", item, "/carts/{cart_id}/items"):
            return  # an empty cart cannot be bought
        card = DECLINED_CARD if self._random.random() < DECLINED_SHARE else GOOD_CARD
        order = self._post("/checkout", {"cart_id": cart, "customer": customer, "card_number": card}, "/checkout")
        self._last_order = order.get("id", self._last_order)

    def _look_back(self, customer: str) -> None:
        history = self._get("/orders", {"customer": customer}, "/orders")
        if self._last_order is None:
            self._last_order = next((order["id"] for order in history.get("orders", ())), None)
        if self._last_order is not None:
            self._get(f"/orders/{self._last_order}", {}, "/orders/{id}")

    def _get(self, path: str, params: dict[str, str], name: str) -> dict[str, Any]:
        return self._answer(self.client.get(path, params=params, name=name))

    def _post(self, path: str, body: dict[str, Any], name: str) -> dict[str, Any]:
        return self._answer(self.client.post(path, json=body, name=name))

    def _answer(self, response: Any) -> dict[str, Any]:
        # Locust has made this a pause of one customer only.
        time.sleep(self._random.uniform(*THINK_SECONDS))
        if not 200 <= (response.status_code or 0) < 300:
            return {}
        answer = response.json()
        return answer if isinstance(answer, dict) else {}
