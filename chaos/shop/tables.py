"""The tables of the services that keep something, each in the schema that is named like its role."""

from __future__ import annotations

TABLES: dict[str, str] = {
    "catalog": """
        CREATE TABLE IF NOT EXISTS products (
            id integer PRIMARY KEY,
            name text NOT NULL,
            category text NOT NULL,
            description text NOT NULL,
            price_cents integer NOT NULL CHECK (price_cents > 0)
        );
        CREATE INDEX IF NOT EXISTS products_by_category ON products (category, id);
    """,
    "inventory": """
        CREATE TABLE IF NOT EXISTS stock (
            product_id integer PRIMARY KEY,
            available bigint NOT NULL CHECK (available >= 0)
        );
        CREATE TABLE IF NOT EXISTS reservations (
            id uuid NOT NULL,
            product_id integer NOT NULL REFERENCES stock,
            quantity integer NOT NULL CHECK (quantity > 0),
            warehouse text NOT NULL,
            reserved_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (id, product_id)
        );
    """,
    "orders": """
        CREATE TABLE IF NOT EXISTS cart_items (
            cart_id text NOT NULL,
            product_id integer NOT NULL,
            name text NOT NULL,
            unit_price_cents integer NOT NULL,
            quantity integer NOT NULL CHECK (quantity > 0),
            PRIMARY KEY (cart_id, product_id)
        );
        CREATE TABLE IF NOT EXISTS orders (
            id uuid PRIMARY KEY,
            customer text NOT NULL,
            status text NOT NULL CHECK (status IN ('pending', 'paid', 'failed')),
            total_cents bigint NOT NULL,
            placed_at timestamptz NOT NULL DEFAULT now()
        );
        CREATE INDEX IF NOT EXISTS orders_by_customer ON orders (customer, placed_at DESC);
        CREATE TABLE IF NOT EXISTS order_items (
            order_id uuid NOT NULL REFERENCES orders,
            product_id integer NOT NULL,
            name text NOT NULL,
            unit_price_cents integer NOT NULL,
            quantity integer NOT NULL,
            PRIMARY KEY (order_id, product_id)
        );
    """,
}
