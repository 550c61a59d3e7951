"""payments: asks the bank whether a card pays."""

from __future__ import annotations

import logging
import sys
import uuid
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from opentelemetry import metrics, trace
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from chaos.shop.answers import Fields, body_of
from chaos.shop.application import Context, serve
from chaos.shop.errors import BadInput, CardDeclined, NotFound
from chaos.shop.releases import payments_3_2_0
from chaos.shop.services import service

SPEC = service("payments")
CALL_SECONDS = 1.5
LARGEST_AMOUNT_CENTS = 10_000_000
# Our bank declines these, as the test cards of real banks do.
DECLINED_ENDING = "0000"
CHARGES_REMEMBERED = 10_000

log = logging.getLogger(SPEC.module)
tracer = trace.get_tracer(SPEC.module)
PlanPayment = Callable[[int, Fields], list[int]]


def plan_payment(amount_cents: int, _body: Fields) -> list[int]:
    """Split an amount into what is paid when, in cents: everything now."""
    return [amount_cents]


PLAN_PAYMENT: Mapping[str, PlanPayment] = {"3.1.0": plan_payment, "3.2.0": payments_3_2_0.plan_payment}


def read_card(body: Fields) -> str:
    """Read a card number, spaces left out.

    Raises:
        BadInput: It is not one. The message does not repeat it.
    """
    digits = body.text("card_number").replace(" ", "")
    if not (digits.isascii() and digits.isdecimal() and 12 <= len(digits) <= 19):
        raise BadInput("card_number must have 12 to 19 digits")
    return digits


def authorize(card: str) -> bool:
    """Say whether the bank accepts a card."""
    return not card.endswith(DECLINED_ENDING)


class Payments:
    """The endpoints of the payments; charges are remembered until the process ends, as the bank keeps the books."""

    def __init__(self, context: Context) -> None:
        self._plan_payment = PLAN_PAYMENT[context.settings.version]
        self._charges: OrderedDict[str, dict[str, Any]] = OrderedDict()
        meter = metrics.get_meter(SPEC.module)
        self._charged = meter.create_counter("shop.payments.charged", "{payment}", "Cards that paid.")
        self._declined = meter.create_counter("shop.payments.declined", "{payment}", "Cards that the bank declined.")

    def routes(self) -> Sequence[Route]:
        """List every path and what answers it."""
        return (
            Route("/charges", self.charge, methods=["POST"]),
            Route("/charges/{id}", self.receipt),
        )

    async def charge(self, request: Request) -> Response:
        """Take money from a card."""
        body = await body_of(request)
        order_id = body.text("order_id")
        amount_cents = body.whole("amount_cents", 1, LARGEST_AMOUNT_CENTS)
        card = read_card(body)
        with tracer.start_as_current_span("authorize card") as span:
            span.set_attribute("shop.amount_cents", amount_cents)
            span.set_attribute("shop.card.last_digits", card[-4:])
            accepted = authorize(card)
            span.set_attribute("shop.card.accepted", accepted)
        if not accepted:
            self._declined.add(1)
            log.info("card ending in %s declined for order %s", card[-4:], order_id)
            raise CardDeclined("the bank declined the card")
        plan = self._plan_payment(amount_cents, body)
        receipt = {"id": str(uuid.uuid4()), "order_id": order_id, "amount_cents": amount_cents, "plan_cents": plan}
        self._remember(receipt)
        self._charged.add(1)
        log.info("charged %.2f EUR for order %s", amount_cents / 100, order_id)
        return JSONResponse(receipt, status_code=201)

    async def receipt(self, request: Request) -> Response:
        """Show one charge."""
        charge = self._charges.get(request.path_params["id"])
        if charge is None:
            raise NotFound("there is no such charge")
        return JSONResponse(charge)

    def _remember(self, receipt: dict[str, Any]) -> None:
        self._charges[receipt["id"]] = receipt
        if len(self._charges) > CHARGES_REMEMBERED:
            self._charges.popitem(last=False)


if __name__ == "__main__":
    sys.exit(serve(SPEC, lambda context: Payments(context).routes(), call_seconds=CALL_SECONDS))
