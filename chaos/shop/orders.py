"""orders: carts, and what became of them."""

from __future__ import annotations

import logging
import sys
import uuid
from collections.abc import Callable, Mapping, Sequence

from opentelemetry import metrics
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from chaos.shop.answers import MAX_ID, MAX_TEXT, Fields, body_of, query_number, query_text
from chaos.shop.application import Context, serve
from chaos.shop.checkout import Checkout
from chaos.shop.errors import BadInput, NotFound
from chaos.shop.releases import orders_2_4_0
from chaos.shop.services import service

SPEC = service("orders")
CALL_SECONDS = 1.5
HISTORY_LENGTH = 20
LAST_PAGE = 1_000
LARGEST_QUANTITY = 100
LARGEST_PRICE_CENTS = 1_000_000

log = logging.getLogger(SPEC.module)
FirstRow = Callable[[Request, int], int]


def first_row(request: Request, page_length: int) -> int:
    """Say where in a customer's history the page that was asked for begins."""
    return (query_number(request, "page", 1, largest=LAST_PAGE) - 1) * page_length


FIRST_ROW: Mapping[str, FirstRow] = {"2.3.0": first_row, "2.4.0": orders_2_4_0.first_row}


class Orders:
    """The endpoints of the orders."""

    def __init__(self, context: Context) -> None:
        self._database = context.database
        self._first_row = FIRST_ROW[context.settings.version]
        self._checkout = Checkout(
            context.database, inventory=context.upstreams["inventory"], payments=context.upstreams["payments"]
        )
        self._cart_items = metrics.get_meter(SPEC.module).create_counter(
            "shop.cart.items", "{item}", "Items put into carts."
        )

    def routes(self) -> Sequence[Route]:
        """List every path and what answers it."""
        return (
            Route("/carts/{cart_id}/items", self.add_item, methods=["POST"]),
            Route("/orders", self.place, methods=["POST"]),
            Route("/orders", self.history),
            Route("/orders/{id}", self.order),
        )

    async def add_item(self, request: Request) -> Response:
        """Put some of a product into a cart, which need not exist yet."""
        cart_id = Fields({"cart_id": request.path_params["cart_id"]}, "the path").text("cart_id")
        body = await body_of(request)
        quantity = body.whole("quantity", 1, LARGEST_QUANTITY, default=1)
        item = {
            "cart": cart_id,
            "product": body.whole("product_id", 1, MAX_ID),
            "name": body.text("name"),
            "price": body.whole("unit_price_cents", 1, LARGEST_PRICE_CENTS),
            "quantity": quantity,
            "most": LARGEST_QUANTITY,
        }
        async with self._database.connection() as connection:
            await connection.execute(
                "INSERT INTO cart_items (cart_id, product_id, name, unit_price_cents, quantity)"
                " VALUES (%(cart)s, %(product)s, %(name)s, %(price)s, %(quantity)s)"
                " ON CONFLICT (cart_id, product_id) DO UPDATE"
                " SET quantity = least(cart_items.quantity + excluded.quantity, %(most)s)",
                item,
            )
            cursor = await connection.execute(
                "SELECT count(*) AS products, sum(quantity) AS items, sum(quantity * unit_price_cents) AS total_cents"
                " FROM cart_items WHERE cart_id = %s",
                (cart_id,),
            )
            cart = await cursor.fetchone()
        self._cart_items.add(quantity)
        log.info("added %d of %s to cart %s", quantity, item["name"], cart_id)
        return JSONResponse({"cart_id": cart_id, **(cart or {})}, status_code=201)

    async def place(self, request: Request) -> Response:
        """Turn a cart into an order: kept by the inventory and paid, or not placed at all."""
        body = await body_of(request)
        order = await self._checkout.place(
            cart_id=body.text("cart_id"), customer=body.text("customer"), card_number=body.text("card_number")
        )
        return JSONResponse(order, status_code=201)

    async def history(self, request: Request) -> Response:
        """List a customer's orders, latest first."""
        customer = query_text(request, "customer")
        offset = self._first_row(request, HISTORY_LENGTH)
        async with self._database.connection() as connection:
            cursor = await connection.execute(
                "SELECT id::text, status, total_cents,"
                " to_char(placed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS placed_at"
                " FROM orders WHERE customer = %s ORDER BY orders.placed_at DESC LIMIT %s OFFSET %s",
                (customer, HISTORY_LENGTH, offset),
            )
            found = await cursor.fetchall()
        log.info("listed %d orders of customer %s", len(found), customer)
        return JSONResponse({"customer": customer, "orders": found})

    async def order(self, request: Request) -> Response:
        """Show one order with what was ordered."""
        try:
            order_id = uuid.UUID(request.path_params["id"])
        except ValueError as error:
            raise BadInput(f"not the id of an order: {request.path_params['id'][:MAX_TEXT]!r}") from error
        async with self._database.connection() as connection:
            cursor = await connection.execute(
                "SELECT id::text, customer, status, total_cents FROM orders WHERE id = %s", (order_id,)
            )
            found = await cursor.fetchone()
            if found is None:
                raise NotFound(f"there is no order {order_id}")
            cursor = await connection.execute(
                "SELECT product_id, name, unit_price_cents, quantity FROM order_items"
                " WHERE order_id = %s ORDER BY product_id",
                (order_id,),
            )
            items = await cursor.fetchall()
        log.info("showed order %s", order_id)
        return JSONResponse({**found, "items": items})


if __name__ == "__main__":
    sys.exit(serve(SPEC, lambda context: Orders(context).routes(), call_seconds=CALL_SECONDS))
