"""One TCP link between two services, which can be disturbed while it carries traffic."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_CHUNK_BYTES: Final = 64 * 1024
_CONNECT_SECONDS: Final = 5.0
LONGEST_DELAY_MILLISECONDS: Final = 60_000.0


class Mode(StrEnum):
    """What a link does with traffic."""

    OPEN = "open"
    DELAY = "delay"
    RESET = "reset"
    SWALLOW = "swallow"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """A mode and its numbers.

    Attributes:
        mode: What happens to traffic.
        milliseconds: With `delay`, how much later everything arrives at the callee; answers are not held up.
        jitter_milliseconds: With `delay`, the largest deviation from that, either way.
    """

    mode: Mode = Mode.OPEN
    milliseconds: float = 0.0
    jitter_milliseconds: float = 0.0

    def __post_init__(self) -> None:
        if self.mode is Mode.DELAY and not 0 < self.milliseconds <= LONGEST_DELAY_MILLISECONDS:
            raise ValueError(
                f"milliseconds must lie above 0 and not above {LONGEST_DELAY_MILLISECONDS:g}, got {self.milliseconds:g}"
            )
        if not 0 <= self.jitter_milliseconds <= self.milliseconds:
            raise ValueError(
                f"jitter_milliseconds must lie between 0 and milliseconds ({self.milliseconds:g}), "
                f"got {self.jitter_milliseconds:g}"
            )
        if self.mode is not Mode.DELAY and self.milliseconds:
            raise ValueError(f"mode {self.mode} takes no milliseconds; only delay does")

    def delay_seconds(self, chance: random.Random) -> float:
        """Draw how long the next piece of traffic is held up."""
        deviation = chance.uniform(-self.jitter_milliseconds, self.jitter_milliseconds)
        return (self.milliseconds + deviation) / 1000


class Link:
    """Listens where the caller thinks that the callee is, and passes on what the mode lets through.

    Attributes:
        name: Its name in the control API.
        port: Where it listens on 127.0.0.1; known after `open` when it was 0.
        upstream: Host and port of the callee.
        behaviour: What it does now.
        accepted: Connections accepted since the start.
        disturbed: Connections since the start that were reset, or of which something was delayed or swallowed.
    """

    def __init__(self, name: str, port: int, upstream: tuple[str, int], chance: random.Random | None = None) -> None:
        self.name, self.port, self.upstream = name, port, upstream
        self.behaviour = Behaviour()
        self.accepted = self.disturbed = 0
        self.chance = chance or random.Random()  # noqa: S311 -- jitter is no secret
        self._changed = asyncio.Event()
        self._live: set[_Connection] = set()
        self._server: asyncio.Server | None = None

    @property
    def live(self) -> int:
        """Connections open now."""
        return len(self._live)

    async def open(self) -> None:
        """Start to listen.

        Raises:
            OSError: Somebody else listens on the port.
        """
        if self._server is None:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def behave(self, behaviour: Behaviour) -> None:
        """Change what happens to traffic, that of the connections open now included.

        Raises:
            OSError: The link has to listen again, and somebody else took its port; it stays as it was.
        """
        if behaviour.mode is not Mode.REFUSE:
            await self.open()
        elif self._server is not None:
            self._server.close()
            self._server = None
        self.behaviour = behaviour
        self._changed.set()
        self._changed = asyncio.Event()
        for connection in list(self._live):
            # A stream that lost bytes can never be right again: mended, it could only confuse both ends.
            if behaviour.mode in (Mode.RESET, Mode.REFUSE) or (behaviour.mode is not Mode.SWALLOW and connection.holed):
                connection.reset()

    async def hold(self, seconds: float) -> None:
        """Wait, but not beyond the next change of behaviour."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), seconds)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        connection = _Connection(self, reader, writer)
        self._live.add(connection)
        try:
            if self.behaviour.mode in (Mode.RESET, Mode.REFUSE):
                connection.reset()
            else:
                await connection.carry()
        finally:
            connection.close()
            self._live.discard(connection)


class _Connection:
    """One caller's connection and, unless traffic is swallowed, ours to the callee.

    Attributes:
        holed: Something of it was swallowed.
    """

    def __init__(self, link: Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._link, self._reader = link, reader
        self._writers = [writer]
        self._disturbed = False
        self.holed = False

    async def carry(self) -> None:
        try:
            if self._link.behaviour.mode is Mode.SWALLOW:
                self._swallow()
                await self._drop_everything()
                return
            reader, writer = await asyncio.wait_for(asyncio.open_connection(*self._link.upstream), _CONNECT_SECONDS)
            self._writers.append(writer)
            await asyncio.gather(
                self._pump(self._reader, writer, held_up=True), self._pump(reader, self._writers[0], held_up=False)
            )
        except (OSError, TimeoutError):
            # The callee is gone or cut us off; the caller learns it the hard way, as without us.
            self._abort()

    def reset(self) -> None:
        self._note_disturbed()
        self._abort()

    def close(self) -> None:
        for writer in self._writers:
            writer.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, held_up: bool) -> None:
        while chunk := await reader.read(_CHUNK_BYTES):
            behaviour = self._link.behaviour
            if held_up and behaviour.mode is Mode.DELAY:
                self._note_disturbed()
                await self._link.hold(behaviour.delay_seconds(self._link.chance))
            if self._link.behaviour.mode is Mode.SWALLOW:
                self._swallow()
                continue
            writer.write(chunk)
            await writer.drain()
        if self._link.behaviour.mode is Mode.SWALLOW:
            self._swallow()
        elif not writer.is_closing():
            writer.write_eof()

    async def _drop_everything(self) -> None:
        while await self._reader.read(_CHUNK_BYTES):
            pass

    def _swallow(self) -> None:
        self.holed = True
        self._note_disturbed()

    def _note_disturbed(self) -> None:
        if not self._disturbed:
            self._disturbed = True
            self._link.disturbed += 1

    def _abort(self) -> None:
        for writer in self._writers:
            connected: socket.socket | None = writer.get_extra_info("socket")
            if connected is not None and not writer.is_closing():
                # Lingering for zero seconds is what makes the kernel send RST rather than FIN.
                with suppress(OSError):
                    connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
