"""From a cart to a paid order, in steps that are undone when a later one fails."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from opentelemetry import metrics, trace
from psycopg.rows import DictRow

from chaos.shop.errors import NotFound, Refused
from chaos.shop.pool import Database
from chaos.shop.upstream import Upstream

SHIPPING_CENTS = 490
FREE_SHIPPING_FROM_CENTS = 5_000

log = logging.getLogger(__name__)
tracer = trace.get_tracer(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a basket costs, in cents."""

    items_cents: int
    shipping_cents: int

    @property
    def total_cents(self) -> int:
        """What the customer pays."""
        return self.items_cents + self.shipping_cents


def price_basket(items: Sequence[DictRow]) -> Price:
    """Add up a basket; shipping is free from 50 EUR on."""
    items_cents = sum(item["quantity"] * item["unit_price_cents"] for item in items)
    return Price(
        items_cents=items_cents, shipping_cents=0 if items_cents >= FREE_SHIPPING_FROM_CENTS else SHIPPING_CENTS
    )


class Checkout:
    """Places orders."""

    def __init__(self, database: Database, *, inventory: Upstream, payments: Upstream) -> None:
        self._database, self._inventory, self._payments = database, inventory, payments
        meter = metrics.get_meter(__name__)
        self._placed = meter.create_counter("shop.orders.placed", "{order}", "Orders paid.")
        self._failed = meter.create_counter("shop.orders.failed", "{order}", "Orders begun that were not paid.")
        self._revenue = meter.create_counter("shop.revenue", "EUR", "What customers paid.")

    async def place(self, *, cart_id: str, customer: str, card_number: str) -> dict[str, Any]:
        """Order what is in a cart.

        Raises:
            NotFound: There is nothing in the cart.
            Refused: A step failed. What had been done before it was undone as far as that was possible, and the
                order is kept as failed.
        """
        order_id = str(uuid.uuid4())
        items, price = await self._begin(order_id, cart_id, customer)
        reservation: str | None = None
        try:
            reservation = await self._reserve(order_id, items)
            await self._charge(order_id, price, card_number)
        except Refused as refusal:
            self._failed.add(1, {"shop.failed": refusal.failed or "customer"})
            level = logging.WARNING if refusal.status >= 500 else logging.INFO
            log.log(level, "order %s of customer %s failed: %s", order_id, customer, refusal)
            await self._undo(order_id, reservation)
            raise
        await self._finish(order_id, cart_id)
        self._placed.add(1)
        self._revenue.add(price.total_cents / 100)
        log.info("order %s placed by customer %s for %.2f EUR", order_id, customer, price.total_cents / 100)
        return {"id": order_id, "status": "paid", "total_cents": price.total_cents}

    async def _begin(self, order_id: str, cart_id: str, customer: str) -> tuple[list[DictRow], Price]:
        async with self._database.connection() as connection:
            cursor = await connection.execute(
                "SELECT product_id, name, unit_price_cents, quantity FROM cart_items WHERE cart_id = %s", (cart_id,)
            )
            items = await cursor.fetchall()
            if not items:
                raise NotFound(f"there is nothing in cart {cart_id}")
            with tracer.start_as_current_span("price basket") as span:
                price = price_basket(items)
                span.set_attribute("shop.basket.products", len(items))
                span.set_attribute("shop.basket.total_cents", price.total_cents)
            await connection.execute(
                "INSERT INTO orders (id, customer, status, total_cents) VALUES (%s, %s, 'pending', %s)",
                (order_id, customer, price.total_cents),
            )
            await connection.execute(
                "INSERT INTO order_items (order_id, product_id, name, unit_price_cents, quantity)"
                " SELECT %s, product_id, name, unit_price_cents, quantity FROM cart_items WHERE cart_id = %s",
                (order_id, cart_id),
            )
        return items, price

    async def _reserve(self, order_id: str, items: Sequence[DictRow]) -> str:
        lines = [{"product_id": item["product_id"], "quantity": item["quantity"]} for item in items]
        answer = await self._inventory.call("POST", "/reservations", body={"order_id": order_id, "lines": lines})
        return str(answer["id"])

    async def _charge(self, order_id: str, price: Price, card_number: str) -> None:
        await self._payments.call(
            "POST",
            "/charges",
            body={"order_id": order_id, "amount_cents": price.total_cents, "card_number": card_number},
        )

    async def _finish(self, order_id: str, cart_id: str) -> None:
        async with self._database.connection() as connection:
            await connection.execute("UPDATE orders SET status = 'paid' WHERE id = %s", (order_id,))
            await connection.execute("DELETE FROM cart_items WHERE cart_id = %s", (cart_id,))

    async def _undo(self, order_id: str, reservation: str | None) -> None:
        # The first failure is what the customer is told; one while cleaning up is for the log.
        try:
            if reservation is not None:
                await self._inventory.call("DELETE", f"/reservations/{reservation}")
            async with self._database.connection() as connection:
                await connection.execute("UPDATE orders SET status = 'failed' WHERE id = %s", (order_id,))
        except Refused as refusal:
            log.warning("order %s could not be cleaned up: %s", order_id, refusal)
