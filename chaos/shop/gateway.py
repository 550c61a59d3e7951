"""gateway: the one door of the shop that customers come through."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from chaos.shop.admission import Admission
from chaos.shop.answers import MAX_ID, MAX_TEXT, Fields, body_of, path_number, query_text
from chaos.shop.application import Context, serve
from chaos.shop.releases import gateway_5_3_0
from chaos.shop.services import service

SPEC = service("gateway")
CALL_SECONDS = 2.0
MOST_IN_FLIGHT = 64
LARGEST_QUANTITY = 100

log = logging.getLogger(SPEC.module)
Rank = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]


def rank(products: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put what a search found into the order in which it is shown: the catalog's."""
    return products


RANK: Mapping[str, Rank] = {"5.2.0": rank, "5.3.0": gateway_5_3_0.rank}


class Gateway:
    """The endpoints of the gateway."""

    def __init__(self, context: Context) -> None:
        self._catalog, self._orders = context.upstreams["catalog"], context.upstreams["orders"]
        self._rank = RANK[context.settings.version]

    def routes(self) -> Sequence[Route]:
        """List every path and what answers it."""
        return (
            Route("/", self.home),
            Route("/products", self.products),
            Route("/products/{id}", self.product),
            Route("/search", self.search),
            Route("/carts/{cart_id}/items", self.add_to_cart, methods=["POST"]),
            Route("/checkout", self.checkout, methods=["POST"]),
            Route("/orders", self.history),
            Route("/orders/{id}", self.order),
        )

    async def home(self, _request: Request) -> Response:
        """Show what there is to look at."""
        return JSONResponse({"shop": "Armazém", **await self._catalog.call("GET", "/categories")})

    async def products(self, request: Request) -> Response:
        """Show one page of products."""
        asked = {key: value for key, value in request.query_params.items() if key in {"category", "page"}}
        return JSONResponse(await self._catalog.call("GET", "/products", params=asked))

    async def product(self, request: Request) -> Response:
        """Show one product."""
        return JSONResponse(await self._catalog.call("GET", f"/products/{path_number(request)}"))

    async def search(self, request: Request) -> Response:
        """Show the products whose names have something in them."""
        wanted = query_text(request, "q")
        found = await self._catalog.call("GET", "/search", params={"q": wanted})
        log.info("search for %r", wanted)
        return JSONResponse({"q": wanted, "products": self._rank(found["products"])})

    async def add_to_cart(self, request: Request) -> Response:
        """Put some of a product into a cart, at today's price."""
        cart_id = Fields(dict(request.path_params), "the path").text("cart_id")
        body = await body_of(request)
        quantity = body.whole("quantity", 1, LARGEST_QUANTITY, default=1)
        product = await self._catalog.call("GET", f"/prices/{body.whole('product_id', 1, MAX_ID)}")
        cart = await self._orders.call(
            "POST",
            f"/carts/{quote(cart_id, safe='')}/items",
            body={
                "product_id": product["id"],
                "name": product["name"],
                "unit_price_cents": product["price_cents"],
                "quantity": quantity,
            },
        )
        return JSONResponse(cart, status_code=201)

    async def checkout(self, request: Request) -> Response:
        """Buy what is in a cart."""
        body = await body_of(request)
        wanted = {name: body.text(name) for name in ("cart_id", "customer", "card_number")}
        order = await self._orders.call("POST", "/orders", body=wanted)
        log.info("customer %s checked out order %s", wanted["customer"], order["id"])
        return JSONResponse(order, status_code=201)

    async def history(self, request: Request) -> Response:
        """Show what a customer ordered before."""
        asked = {"customer": query_text(request, "customer")}
        if "page" in request.query_params:
            asked["page"] = request.query_params["page"][:MAX_TEXT]
        return JSONResponse(await self._orders.call("GET", "/orders", params=asked))

    async def order(self, request: Request) -> Response:
        """Show one order."""
        return JSONResponse(await self._orders.call("GET", f"/orders/{quote(request.path_params['id'], safe='')}"))


if __name__ == "__main__":
    sys.exit(
        serve(
            SPEC,
            lambda context: Gateway(context).routes(),
            call_seconds=CALL_SECONDS,
            middleware=[Middleware(Admission, most_in_flight=MOST_IN_FLIGHT)],
        )
    )
