from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from shop_processes import free_port

from chaos.shop.errors import Refused, UpstreamFailed
from chaos.shop.upstream import Upstream

Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def answering(text: bytes) -> Behaviour:
    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(text)

    return behave


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()  # until the caller gives up


async def ask(behave: Behaviour | None) -> object:
    """Call a server that behaves like this, or one that is not there."""
    port, ended = free_port(), asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert behave is not None
        await behave(reader, writer)
        writer.close()
        await writer.wait_closed()
        ended.set()

    server = await asyncio.start_server(handle, "127.0.0.1", port) if behave else None
    upstream = Upstream("payments", f"http://127.0.0.1:{port}", timeout_seconds=0.3)
    try:
        return await upstream.call("POST", "/charges", body={"note": "café"})
    finally:
        await upstream.close()
        if server:
            await asyncio.wait_for(ended.wait(), 5)
            server.close()
            await server.wait_closed()


def http(status: bytes, body: bytes) -> bytes:
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)


def test_an_answer_is_handed_back_decoded() -> None:
    assert asyncio.run(ask(answering(http(b"201 Created", '{"id": "é"}'.encode())))) == {"id": "é"}


@pytest.mark.parametrize(
    ("behave", "status", "said"),
    [
        (None, 503, "payments could not be reached for POST /charges"),
        (silent, 504, "payments did not answer POST /charges within 0.3 s"),
        (answering(b""), 502, "payments broke off POST /charges"),
        (answering(http(b"200 OK", b"<html>")), 502, "something that is not JSON"),
        (answering(http(b"500 Oops", b'{"error": "boom"}')), 502, "answered POST /charges with 500: boom"),
    ],
)
def test_a_failed_call_says_who_failed_and_how(behave: Behaviour | None, status: int, said: str) -> None:
    with pytest.raises(UpstreamFailed) as caught:
        asyncio.run(ask(behave))
    assert caught.value.status == status
    assert caught.value.failed == "payments"
    assert said in str(caught.value)


def test_an_answer_about_the_request_is_not_a_failure_of_the_service() -> None:
    with pytest.raises(Refused, match="declined") as caught:
        asyncio.run(ask(answering(http(b"402 Payment Required", b'{"error": "declined"}'))))
    assert caught.value.status == 402
    assert not isinstance(caught.value, UpstreamFailed)
