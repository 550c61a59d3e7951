"""catalog 1.5.0: the product page was to show the price before the discount.

The column comes with a migration that was never run.
"""

from __future__ import annotations

from psycopg.rows import DictRow

from chaos.shop.pool import Connection


async def look_up(connection: Connection, product_id: int) -> DictRow | None:
    """Read what the page of one product shows, list price included."""
    cursor = await connection.execute(
        "SELECT id, name, category, description, price_cents, list_price_cents FROM products WHERE id = %s",
        (product_id,),
    )
    return await cursor.fetchone()
