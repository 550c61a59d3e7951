"""Entries as the drills leave them, shared by the tests of this package."""

from datetime import UTC, datetime
from typing import Any

from knowledge_base import Entry

WRITTEN_AT = datetime(2026, 3, 1, 10, 30, tzinfo=UTC)


def entry(entry_id: str, **changes: Any) -> Entry:
    values: dict[str, Any] = {
        "id": entry_id,
        "kind": "incident",
        "title": f"Incident {entry_id}",
        "symptoms": "Something failed.",
        "created_at": WRITTEN_AT,
        "updated_at": WRITTEN_AT,
    }
    return Entry(**(values | changes))


DATABASE_ON_ORDERS = entry(
    "inc-database-orders",
    title="orders cannot connect to its database",
    symptoms="Error ratio of POST /orders on orders rose from 0% to 97%. The gateway's checkout fails with 502. "
    "New log lines on orders: connection to server failed: FATAL: role is not permitted to log in.",
    cause="The database refused connections of the orders role.",
    fix="Gave the role its login right back.",
    services=("orders",),
    operations=("POST /orders",),
    fault_kind="database_connection",
    signature={"errors": 0.97, "database_errors": 1.0, "logs": 0.8, "latency": 0.2},
)
FLOOD_ON_GATEWAY = entry(
    "inc-flood-gateway",
    title="a flood of requests saturates the gateway",
    symptoms="Traffic on the gateway rose from 12 requests/s to 410 requests/s, most of it GET /products from one "
    "client. Latency of all operations rose from 30 ms to 2400 ms; some requests time out.",
    cause="Excess load from one client.",
    fix="Blocked the client at the edge.",
    services=("gateway",),
    operations=("GET /products",),
    fault_kind="request_flood",
    signature={"traffic_surge": 1.0, "latency": 0.9, "saturation": 0.8, "errors": 0.2},
)
LINK_TO_PAYMENTS = entry(
    "inc-link-orders-payments",
    title="calls from orders to payments are reset",
    symptoms="Calls of orders to payments fail with connection reset; payments itself sees less traffic and no errors. "
    "Error ratio of POST /orders on orders rose from 0% to 64%.",
    cause="The proxy between orders and payments reset connections.",
    fix="Removed the fault from the proxy.",
    services=("orders", "payments"),
    operations=("POST /orders",),
    fault_kind="network_link",
    signature={"errors": 0.64, "link_errors": 1.0, "traffic_drop": 0.6},
)
BAD_VERSION_OF_CATALOG = entry(
    "inc-bad-version-catalog",
    title="catalog 1.5.0 fails on GET /products/{id}",
    symptoms="catalog was deployed as 1.5.0; a minute later the error ratio of GET /products/{id} on catalog rose from "
    "0% to 88%. Only instances of 1.5.0 fail. New log lines on catalog: KeyError: 'currency'.",
    cause="Version 1.5.0 of catalog has a bug.",
    fix="Rolled catalog back to 1.4.2.",
    services=("catalog",),
    operations=("GET /products/{id}",),
    fault_kind="bad_version",
    signature={"errors": 0.88, "deploy": 1.0, "version_errors": 0.9, "logs": 0.7},
)
DRILLS = (DATABASE_ON_ORDERS, FLOOD_ON_GATEWAY, LINK_TO_PAYMENTS, BAD_VERSION_OF_CATALOG)

BAD_INVENTORY_TEXT = (
    "inventory 2.2.0 fails on POST /reservations. inventory was deployed as 2.2.0; soon after the error ratio of "
    "POST /reservations on inventory rose from 0% to 71%, and orders fails POST /orders with 502. "
    "New log lines on inventory: ValueError: negative quantity."
)
BAD_INVENTORY_SIGNATURE = {"errors": 0.71, "deploy": 1.0, "version_errors": 0.8, "logs": 0.5, "latency": 0.1}
