"""Everything that can go wrong while running a system and breaking it on purpose.

ChaosError
├── StateBroken          a file in which we remember what runs cannot be read
├── ProcessError         a background process
│   ├── PortTaken        ... cannot have its port
│   ├── AlreadyRunning   ... runs already
│   └── DidNotStart      ... died, or never became ready
├── SandboxError         the sandbox as a whole
│   └── NoSandbox        ... is not running, or cannot be found
├── EventNotSent         the collector did not take a deploy event
├── BadExperiment        an experiment's file is missing or wrong; nothing was touched
├── RunFailed            a drill ended without saying what it did
├── ProxyUnreachable     the link proxy does not answer, or says no
└── FaultError           a fault
    ├── BadArgument      ... was asked for something that there is not; nothing was touched
    └── FaultFailed      ... could not be applied or taken back
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path


class ChaosError(Exception):
    """Base of this package's errors; the message says what to do next."""


class StateBroken(ChaosError):
    """A state file holds something that we did not write."""

    def __init__(self, path: Path | str, problem: str) -> None:
        super().__init__(str(path), problem)
        self.path, self.problem = str(path), problem

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}; stop what still runs by hand, delete the file and start again"


class ProcessError(ChaosError):
    """A background process could not be started or stopped."""


class PortTaken(ProcessError):
    """Somebody else listens on a port that we need.

    Attributes:
        port: The TCP port.
        pid: Who listens there, None where the system does not say.
        process_name: Its name, empty where the system does not say.
    """

    def __init__(self, port: int, pid: int | None = None, process_name: str = "") -> None:
        super().__init__(port, pid, process_name)
        self.port, self.pid, self.process_name = port, pid, process_name

    def __str__(self) -> str:
        owner = f"{self.process_name or 'a process'} (pid {self.pid})" if self.pid else "another process"
        return f"port {self.port} is taken by {owner}; stop it, or choose another port"


class AlreadyRunning(ProcessError):
    """A process of that name is running already.

    Attributes:
        name: The process's name with us.
        pid: Which process it is; None or 0 where that is not known.
    """

    def __init__(self, name: str, pid: int | None) -> None:
        super().__init__(name, pid)
        self.name, self.pid = name, pid

    def __str__(self) -> str:
        which = f" (pid {self.pid})" if self.pid else ""
        return f"{self.name} is running already{which}; stop it first"


class DidNotStart(ProcessError):
    """A process died while starting, or did not become ready in time.

    Attributes:
        name: The process's name with us.
        problem: What happened.
        last_lines: The end of what it wrote.
        log_path: Where everything it wrote can be read.
    """

    def __init__(self, name: str, problem: str, last_lines: str, log_path: Path | str) -> None:
        super().__init__(name, problem, last_lines, str(log_path))
        self.name, self.problem, self.last_lines, self.log_path = name, problem, last_lines, str(log_path)

    def __str__(self) -> str:
        said = f" Its last lines:\n{self.last_lines}" if self.last_lines else " It wrote nothing."
        return f"{self.name} {self.problem}; see {self.log_path}.{said}"


class SandboxError(ChaosError):
    """The sandbox cannot do what was asked."""


class NoSandbox(SandboxError):
    """There is no running sandbox where one was looked for."""


class EventNotSent(ChaosError):
    """The collector did not take an event; what the event tells of may well have happened."""


class BadExperiment(ChaosError):
    """An experiment cannot be run as it is written; nothing was touched."""

    def __init__(self, experiment: Path | str, problem: str) -> None:
        super().__init__(str(experiment), problem)
        self.experiment, self.problem = str(experiment), problem

    def __str__(self) -> str:
        return f"experiment {self.experiment}: {self.problem}"


class RunFailed(ChaosError):
    """A drill's runner ended without a journal; whether the fault was undone is not known."""

    def __init__(self, experiment: str, problem: str) -> None:
        super().__init__(experiment, problem)
        self.experiment, self.problem = experiment, problem

    def __str__(self) -> str:
        return f"drill {self.experiment}: {self.problem}; check the shop with `firedrill status`, or start it anew"


class ProxyUnreachable(ChaosError):
    """The link proxy did not answer, or answered with a refusal."""


class FaultError(ChaosError):
    """A fault was not applied, or not taken back."""


class BadArgument(FaultError):
    """Something was asked for that there is not; nothing was touched."""

    def __init__(self, what: str, asked: str, known: Iterable[str] = ()) -> None:
        super().__init__(what, asked, tuple(known))
        self.what, self.asked, self.known = what, asked, tuple(known)

    def __str__(self) -> str:
        closest = get_close_matches(self.asked, self.known, n=1)
        advice = f" Did you mean {closest[0]!r}?" if closest else ""
        known = f"; there is {', '.join(self.known)}." if self.known else "."
        return f"there is no {self.what} {self.asked!r}{known}{advice}"


class FaultFailed(FaultError):
    """A fault could not be applied or taken back; the message says by whom it was refused."""
