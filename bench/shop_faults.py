"""What a benchmark breaks in the shop: each applied and undone by the code of the drills, with two small additions."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass, field
from typing import Protocol

from bench.lock_contention import LockContention
from chaos import FaultError
from chaos.faults.bad_version import deploy_version, roll_back
from chaos.faults.database_refused import accept_connections, refuse_connections
from chaos.faults.link_broken import break_link, mend_link
from chaos.faults.request_flood import start_flood, stop_flood
from chaos.sandbox import find_sandbox


class Fault(Protocol):
    """Something that can be broken in a running shop. Undoing what was never applied does no harm."""

    def apply(self) -> None:
        """Break it.

        Raises:
            ChaosError: It could not be broken.
        """
        ...

    def undo(self) -> None:
        """Mend it.

        Raises:
            ChaosError: It could not be mended.
        """
        ...


@dataclass(frozen=True, slots=True)
class Nothing:
    """No fault: the twin that a diagnosis must not find a cause in."""

    def apply(self) -> None:
        """Do nothing."""

    def undo(self) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True)
class DatabaseRefused:
    """The database no longer lets a service in."""

    service: str

    def apply(self) -> None:
        """Take the right to log in."""
        refuse_connections(self.service)

    def undo(self) -> None:
        """Give it back."""
        accept_connections(self.service)


@dataclass(frozen=True, slots=True)
class LinkBroken:
    """The link from a caller to a callee is disturbed in one of the proxy's modes."""

    caller: str
    callee: str
    mode: str
    milliseconds: float = 0.0
    jitter_milliseconds: float = 0.0

    @property
    def link(self) -> str:
        """Name of the link."""
        return f"{self.caller}-{self.callee}"

    def apply(self) -> None:
        """Disturb it."""
        break_link(self.link, self.mode, self.milliseconds, self.jitter_milliseconds)

    def undo(self) -> None:
        """Let it carry everything again."""
        mend_link(self.link)


@dataclass(frozen=True, slots=True)
class BadRelease:
    """A service is deployed as a version with a defect."""

    service: str
    version: str

    def apply(self) -> None:
        """Deploy it."""
        deploy_version(self.service, self.version)

    def undo(self) -> None:
        """Deploy the version before."""
        roll_back(self.service)


@dataclass(frozen=True, slots=True)
class Flood:
    """Far more requests than usual for one path of the gateway."""

    path: str

    def apply(self) -> None:
        """Start to send them."""
        start_flood(self.path)

    def undo(self) -> None:
        """Stop."""
        stop_flood()


@dataclass(frozen=True, slots=True)
class Killed:
    """The process of a service is killed, with what it had not sent yet, and nobody starts it again."""

    service: str

    def apply(self) -> None:
        """Kill it.

        Raises:
            FaultError: It does not run.
        """
        running = find_sandbox().processes.find(self.service)
        if running is None:
            raise FaultError(f"{self.service} does not run, so it cannot be killed; start the shop anew")
        os.kill(running.pid, signal.SIGKILL)

    def undo(self) -> None:
        """Start it again, as the version that it was."""
        roll_back(self.service)


@dataclass(frozen=True, slots=True)
class TableLocked:
    """Somebody else locks a table of a service again and again, so that its statements wait."""

    service: str
    table: str
    _contention: LockContention = field(default_factory=LockContention, compare=False)

    def apply(self) -> None:
        """Begin to take the lock."""
        self._contention.start(find_sandbox().secrets().admin_url, f"shop_{self.service}", self.table)

    def undo(self) -> None:
        """Let go of it."""
        self._contention.stop()
