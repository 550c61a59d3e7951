"""payments 3.2.0: customers were to pay in instalments.

Who does not ask for instalments gets none, and an amount cannot be split into no parts.
"""

from __future__ import annotations

from chaos.shop.answers import Fields

MOST_INSTALMENTS = 12


def plan_payment(amount_cents: int, body: Fields) -> list[int]:
    """Split an amount into equal monthly parts, in cents; the first takes what is left over."""
    instalments = body.whole("instalments", 0, MOST_INSTALMENTS, default=0)
    part_cents, left_over_cents = divmod(amount_cents, instalments)
    return [part_cents + left_over_cents, *[part_cents] * (instalments - 1)]
