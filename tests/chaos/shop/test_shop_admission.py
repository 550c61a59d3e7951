from __future__ import annotations

import asyncio

import httpx
from starlette.types import Receive, Scope, Send

from chaos.shop.admission import Admission


def test_what_comes_over_the_limit_is_refused_at_once_and_health_never() -> None:
    asyncio.run(_fill_and_ask())


async def _fill_and_ask() -> None:
    release, entered = asyncio.Event(), asyncio.Semaphore(0)

    async def slow_app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] != "/health":
            entered.release()
            await release.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    transport = httpx.ASGITransport(app=Admission(slow_app, most_in_flight=2))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        admitted = [asyncio.create_task(client.get("/products")) for _ in range(2)]
        for _ in admitted:
            await entered.acquire()
        refused = await client.get("/products")
        assert refused.status_code == 503
        assert refused.headers["Retry-After"] == "1"
        assert (await client.get("/health")).status_code == 200
        release.set()
        assert [answer.status_code for answer in await asyncio.gather(*admitted)] == [200, 200]
        assert (await client.get("/products")).status_code == 200
