from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import psycopg
import pytest
from shop_processes import PreparedDatabase, Shop, free_port, wait_until

from chaos.shop import SERVICES
from chaos.shop.database import prepare
from chaos.shop.errors import DatabaseError
from chaos.shop.goods import products


def test_preparing_again_gives_the_same_addresses_and_keeps_the_goods(database: PreparedDatabase) -> None:
    assert prepare(database.admin_url) == database.urls
    assert set(database.urls) == {spec.name for spec in SERVICES if spec.database_role}
    with psycopg.connect(database.urls["catalog"]) as connection:
        rows = connection.execute("SELECT name FROM products ORDER BY id").fetchall()
    assert [name for (name,) in rows] == [product.name for product in products()]
    assert len(rows) == 200


def test_a_role_reads_its_own_schema_only(database: PreparedDatabase) -> None:
    with psycopg.connect(database.urls["orders"]) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("SELECT * FROM shop_inventory.stock")


def test_a_role_needs_its_password(database: PreparedDatabase) -> None:
    password = psycopg.conninfo.conninfo_to_dict(database.urls["orders"])["password"]
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(database.urls["orders"].replace(str(password), "wrong"))


@pytest.mark.parametrize("address", ["nonsense", "postgresql://a:secret@127.0.0.1:{port}/x"])
def test_a_wrong_address_is_told_without_its_password(address: str) -> None:
    with pytest.raises(DatabaseError) as caught:
        prepare(address.format(port=free_port()))
    assert "secret" not in str(caught.value)


def test_who_may_not_create_roles_is_told_so(database: PreparedDatabase) -> None:
    with pytest.raises(DatabaseError, match="cannot be prepared for the shop: permission denied"):
        prepare(database.urls["orders"])


@pytest.fixture
def shut_out(database: PreparedDatabase, shop: Shop) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute("ALTER ROLE shop_orders NOLOGIN")
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'shop_orders'")
        try:
            yield admin
        finally:
            admin.execute("ALTER ROLE shop_orders LOGIN")
            wait_until(lambda: shop.answers("orders"), 10, "orders ready again")


def test_a_service_whose_database_refuses_it_says_so_and_recovers_soon_after(
    shop: Shop, shut_out: psycopg.Connection
) -> None:
    deadline = time.monotonic() + 4
    while time.monotonic() < deadline:  # longer than the pool's patience, so that it has given up in between
        own = httpx.get(shop.url("orders") + "/orders", params={"customer": "ana"}, timeout=5)
        assert own.status_code == 503
        assert own.json()["failed"] == "postgresql"
    through_gateway = shop.client.get("/orders", params={"customer": "ana"})
    assert through_gateway.status_code == 502
    assert through_gateway.json()["failed"] == "orders"
    assert shop.answers("orders", "/health")
    assert not shop.answers("orders", "/ready")
    assert shop.client.get("/products/5").status_code == 200
    assert "not permitted to log in" in shop.said("orders")

    shut_out.execute("ALTER ROLE shop_orders LOGIN")
    wait_until(
        lambda: shop.client.get("/orders", params={"customer": "ana"}).status_code == 200, 5, "history served again"
    )
