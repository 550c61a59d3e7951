"""inventory 2.0.0: orders were to be sent from the warehouse next to the customer.

Callers do not send a region yet, and for none there is no warehouse.
"""

from __future__ import annotations

# Days on the road, by the region of the customer and the warehouse.
DAYS_ON_THE_ROAD: dict[str | None, dict[str, int]] = {
    "pt": {"lisboa": 1, "madrid": 2},
    "es": {"lisboa": 2, "madrid": 1},
    "br": {"recife": 2, "lisboa": 9},
}


def choose_warehouse(region: str | None) -> str:
    """Say from where an order arrives soonest."""
    days = DAYS_ON_THE_ROAD.get(region, {})
    return min(days, key=lambda warehouse: days[warehouse])
