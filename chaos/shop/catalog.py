"""catalog: what the shop sells, and for how much."""

from __future__ import annotations

import logging
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from psycopg.rows import DictRow
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from chaos.shop.answers import path_number, query_number, query_text
from chaos.shop.application import Context, serve
from chaos.shop.errors import NotFound, Refused
from chaos.shop.pool import Connection
from chaos.shop.releases import catalog_1_5_0
from chaos.shop.services import service

SPEC = service("catalog")
CALL_SECONDS = 1.5
PAGE_SIZE = 20
LAST_PAGE = 1_000

log = logging.getLogger(SPEC.module)
LookUp = Callable[[Connection, int], Awaitable[DictRow | None]]


async def look_up(connection: Connection, product_id: int) -> DictRow | None:
    """Read what the page of one product shows; None for an unknown product."""
    cursor = await connection.execute(
        "SELECT id, name, category, description, price_cents FROM products WHERE id = %s", (product_id,)
    )
    return await cursor.fetchone()


LOOK_UP: Mapping[str, LookUp] = {"1.4.0": look_up, "1.5.0": catalog_1_5_0.look_up}


class Catalog:
    """The endpoints of the catalog."""

    def __init__(self, context: Context) -> None:
        self._database = context.database
        self._inventory = context.upstreams["inventory"]
        self._look_up = LOOK_UP[context.settings.version]

    def routes(self) -> Sequence[Route]:
        """List every path and what answers it."""
        return (
            Route("/categories", self.categories),
            Route("/products", self.products),
            Route("/products/{id}", self.product),
            Route("/prices/{id}", self.price),
            Route("/search", self.search),
        )

    async def categories(self, _request: Request) -> Response:
        """Count the products of every category."""
        async with self._database.connection() as connection:
            cursor = await connection.execute(
                "SELECT category AS name, count(*) AS products FROM products GROUP BY category ORDER BY category"
            )
            return JSONResponse({"categories": await cursor.fetchall()})

    async def products(self, request: Request) -> Response:
        """List one page of a category, or of everything."""
        page = query_number(request, "page", 1, largest=LAST_PAGE)
        category = query_text(request, "category") if request.query_params.get("category") else None
        async with self._database.connection() as connection:
            cursor = await connection.execute(
                "SELECT id, name, category, price_cents FROM products"
                " WHERE %(category)s::text IS NULL OR category = %(category)s"
                " ORDER BY id LIMIT %(limit)s OFFSET %(offset)s",
                {"category": category, "limit": PAGE_SIZE, "offset": (page - 1) * PAGE_SIZE},
            )
            found = await cursor.fetchall()
        log.info("listed %d products of category %s, page %d", len(found), category or "any", page)
        return JSONResponse({"page": page, "products": found})

    async def product(self, request: Request) -> Response:
        """Describe one product, with its stock where the inventory answers."""
        product_id = path_number(request)
        async with self._database.connection() as connection:
            found = await self._look_up(connection, product_id)
        if found is None:
            raise NotFound(f"there is no product {product_id}")
        log.info("product page of %s", found["name"])
        return JSONResponse({**found, **await self._stock(product_id)})

    async def _stock(self, product_id: int) -> dict[str, Any]:
        # A page without its stock sells more than no page at all.
        try:
            answer = await self._inventory.call("GET", f"/stock/{product_id}")
        except Refused as refusal:
            return {"available": None, "stock_unknown_because": str(refusal)}
        return {"available": answer["available"]}

    async def price(self, request: Request) -> Response:
        """Say what one product is called and costs: all that a basket needs to know."""
        product_id = path_number(request)
        async with self._database.connection() as connection:
            cursor = await connection.execute("SELECT id, name, price_cents FROM products WHERE id = %s", (product_id,))
            found = await cursor.fetchone()
        if found is None:
            raise NotFound(f"there is no product {product_id}")
        return JSONResponse(found)

    async def search(self, request: Request) -> Response:
        """Find products by a part of their name, whatever its case."""
        wanted = query_text(request, "q")
        async with self._database.connection() as connection:
            cursor = await connection.execute(
                "SELECT id, name, category, price_cents FROM products"
                " WHERE position(lower(%s) IN lower(name)) > 0 ORDER BY name LIMIT %s",
                (wanted, PAGE_SIZE),
            )
            found = await cursor.fetchall()
        log.info("search found %d products", len(found))
        return JSONResponse({"q": wanted, "products": found})


if __name__ == "__main__":
    sys.exit(serve(SPEC, lambda context: Catalog(context).routes(), call_seconds=CALL_SECONDS))
