"""inventory: how much of everything is left, and for whom it is kept."""

from __future__ import annotations

import logging
import sys
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from opentelemetry import metrics
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from chaos.shop.answers import MAX_ID, Fields, body_of, path_number
from chaos.shop.application import Context, serve
from chaos.shop.errors import BadInput, NotFound, OutOfStock
from chaos.shop.releases import inventory_2_0_0
from chaos.shop.services import service

SPEC = service("inventory")
CALL_SECONDS = 1.5
LARGEST_QUANTITY = 100
MAIN_WAREHOUSE = "lisboa"

log = logging.getLogger(SPEC.module)
ChooseWarehouse = Callable[[str | None], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Some of one product."""

    product_id: int
    quantity: int


def choose_warehouse(_region: str | None) -> str:
    """Say from where an order is sent: there is one warehouse."""
    return MAIN_WAREHOUSE


CHOOSE_WAREHOUSE: Mapping[str, ChooseWarehouse] = {
    "1.9.0": choose_warehouse,
    "2.0.0": inventory_2_0_0.choose_warehouse,
}


def read_lines(body: Fields) -> list[Line]:
    """Read what is to be kept, in the order in which rows are locked.

    Raises:
        BadInput: A line makes no sense.
    """
    lines = [
        Line(
            product_id=entry.whole("product_id", 1, MAX_ID),
            quantity=entry.whole("quantity", 1, LARGEST_QUANTITY),
        )
        for entry in body.objects("lines")
    ]
    if len({line.product_id for line in lines}) < len(lines):
        raise BadInput("lines must name every product once")
    # Two reservations that lock the same rows in different orders would wait for each other.
    return sorted(lines, key=lambda line: line.product_id)


class Inventory:
    """The endpoints of the inventory."""

    def __init__(self, context: Context) -> None:
        self._database = context.database
        self._choose_warehouse = CHOOSE_WAREHOUSE[context.settings.version]
        self._reserved = metrics.get_meter(SPEC.module).create_counter(
            "shop.stock.reserved", "{item}", "Items kept for orders."
        )

    def routes(self) -> Sequence[Route]:
        """List every path and what answers it."""
        return (
            Route("/stock/{id}", self.stock),
            Route("/reservations", self.reserve, methods=["POST"]),
            Route("/reservations/{id}", self.release, methods=["DELETE"]),
        )

    async def stock(self, request: Request) -> Response:
        """Say how much of a product is left."""
        product_id = path_number(request)
        async with self._database.connection() as connection:
            cursor = await connection.execute(
                "SELECT product_id, available FROM stock WHERE product_id = %s", (product_id,)
            )
            found = await cursor.fetchone()
        if found is None:
            raise NotFound(f"there is no stock of product {product_id}")
        return JSONResponse(found)

    async def reserve(self, request: Request) -> Response:
        """Keep products for an order: all of them or none."""
        body = await body_of(request)
        lines = read_lines(body)
        warehouse = self._choose_warehouse(body.text("region") if body.has("region") else None)
        reservation = uuid.uuid4()
        async with self._database.connection() as connection:
            for line in lines:
                cursor = await connection.execute(
                    "UPDATE stock SET available = available - %(quantity)s"
                    " WHERE product_id = %(product)s AND available >= %(quantity)s",
                    {"quantity": line.quantity, "product": line.product_id},
                )
                if cursor.rowcount == 0:
                    raise OutOfStock(f"fewer than {line.quantity} of product {line.product_id} are left")
                await connection.execute(
                    "INSERT INTO reservations (id, product_id, quantity, warehouse) VALUES (%s, %s, %s, %s)",
                    (reservation, line.product_id, line.quantity, warehouse),
                )
        items = sum(line.quantity for line in lines)
        self._reserved.add(items, {"shop.warehouse": warehouse})
        log.info("reserved %d items in %s as %s", items, warehouse, reservation)
        return JSONResponse({"id": str(reservation), "warehouse": warehouse}, status_code=201)

    async def release(self, request: Request) -> Response:
        """Put back what was kept for an order that did not come to be."""
        try:
            reservation = uuid.UUID(request.path_params["id"])
        except ValueError as error:
            raise BadInput(f"not the id of a reservation: {error}") from error
        async with self._database.connection() as connection:
            cursor = await connection.execute(
                "WITH gone AS (DELETE FROM reservations WHERE id = %s RETURNING product_id, quantity)"
                " UPDATE stock SET available = available + gone.quantity FROM gone"
                " WHERE stock.product_id = gone.product_id",
                (reservation,),
            )
        if cursor.rowcount == 0:
            raise NotFound(f"there is no reservation {reservation}")
        log.info("released reservation %s", reservation)
        return JSONResponse({"id": str(reservation), "released": True})


if __name__ == "__main__":
    sys.exit(serve(SPEC, lambda context: Inventory(context).routes(), call_seconds=CALL_SECONDS))
