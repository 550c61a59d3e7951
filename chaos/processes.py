"""A supervisor of background processes that are meant to outlive the command that started them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import psutil

from chaos.errors import AlreadyRunning, DidNotStart, ProcessError, StateBroken
from chaos.ports import require_free
from chaos.readiness import Ready
from chaos.state_file import StateFile

STOP_GRACE_SECONDS: Final = 10.0
_KILL_SECONDS: Final = 10.0
_POLL_SECONDS: Final = 0.03
_LAST_LINES: Final = 20
_LOG_READ_BYTES: Final = 64 * 1024
# A creation time is the kernel's clock tick added to a boot time that wobbles as the wall clock is corrected.
_SAME_CREATION_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A process that we started.

    Attributes:
        name: Its name with us, unique among what runs.
        pid: Its id, which is also the id of its session and process group.
        create_time: When the system says it began, in Unix seconds; tells it from a later owner of the same id.
        argv: Its command line.
        ports: The TCP ports that were asked for on its behalf.
        log_path: Where its standard output and standard error go.
        announced: What it said of itself when it became ready.
    """

    name: str
    pid: int
    create_time: float
    argv: tuple[str, ...]
    ports: tuple[int, ...]
    log_path: Path
    announced: Mapping[str, Any] = field(default_factory=dict)


class Processes:
    """Starts and stops processes, and remembers them in a folder, so that another command can stop them.

    Any number of these may work on one folder at once. Processes are found by id and creation time, never by name.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._state = StateFile(folder / "processes.json")

    def start(
        self,
        name: str,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        ready: Ready | None = None,
        ports: Sequence[int] = (),
        timeout_seconds: float = 30.0,
    ) -> Running:
        """Start a process in a session of its own and wait until it is ready.

        What it writes is appended to `<name>.log` in the folder. `env` is its whole environment. Whatever stops this
        call, the process does not outlive a failed start.

        Raises:
            AlreadyRunning: One of that name runs.
            PortTaken: One of `ports` is in use; nothing was started.
            DidNotStart: It cannot be executed, died, or was not ready in time.
        """
        with self._state.locked():
            records = self._read()
            earlier = records.pop(name, None)
            if earlier and _is_alive(earlier):
                raise AlreadyRunning(name, earlier.pid)
            if earlier:
                _end(earlier, grace_seconds=0)  # Killed without us, it may have left children on its port.
            for port in ports:
                require_free(port)
            log_path = self.folder / f"{name}.log"
            written_before = log_path.stat().st_size if log_path.exists() else 0
            running = _spawn(name, tuple(argv), env, tuple(ports), log_path)
            self._write({**records, name: running})
        try:
            announced = _await_ready(running, ready, written_before, timeout_seconds)
            return self._note_announced(running, announced)
        except BaseException:
            self.stop(name)
            raise

    def stop(self, name: str, grace_seconds: float = STOP_GRACE_SECONDS) -> bool:
        """Ask a process and its children to end, and after the grace end them; say whether there was one."""
        record = self._read().get(name)
        if record is None:
            return False
        was_alive = _is_alive(record)
        _end(record, grace_seconds)
        with self._state.locked():
            records = self._read()
            current = records.get(name)
            if current and (current.pid, current.create_time) == (record.pid, record.create_time):
                del records[name]
                self._write(records)
        return was_alive

    def stop_all(self, grace_seconds: float = STOP_GRACE_SECONDS) -> list[str]:
        """Stop everything, the newest first; give the names of those that ran."""
        return [name for name in reversed(list(self._read())) if self.stop(name, grace_seconds)]

    def running(self) -> list[Running]:
        """Give the processes that are alive, oldest first."""
        return [record for record in self._read().values() if _is_alive(record)]

    def lost(self) -> list[Running]:
        """Give the processes that ended without having been stopped, oldest first."""
        return [record for record in self._read().values() if not _is_alive(record)]

    def find(self, name: str) -> Running | None:
        """Give a process by its name, None where none of that name is alive."""
        record = self._read().get(name)
        return record if _is_alive(record) else None

    def _note_announced(self, running: Running, announced: Mapping[str, Any]) -> Running:
        noted = replace(running, announced=dict(announced))
        with self._state.locked():
            records = self._read()
            if running.name in records:
                self._write({**records, running.name: noted})
        return noted

    def _read(self) -> dict[str, Running]:
        try:
            return {entry["name"]: _from_json(entry) for entry in self._state.read() or ()}
        except (TypeError, KeyError, ValueError) as error:
            raise StateBroken(self._state.path, f"is not a list of processes ({error!r})") from error

    def _write(self, records: Mapping[str, Running]) -> None:
        self._state.write([_to_json(record) for record in records.values()])


def _spawn(name: str, argv: tuple[str, ...], env: Mapping[str, str], ports: tuple[int, ...], log_path: Path) -> Running:
    # Not subprocess.Popen: it insists on being waited for, and these are meant to outlive us.
    try:
        pid = os.posix_spawnp(
            argv[0],
            argv,
            dict(env),
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, str(log_path), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            setsid=True,
            setsigmask=[],
            setsigdef=[signal.SIGINT, signal.SIGPIPE, signal.SIGTERM],
        )
    except OSError as error:
        raise DidNotStart(name, f"cannot be executed ({error})", "", log_path) from error
    try:
        create_time = psutil.Process(pid).create_time()
    except psutil.NoSuchProcess as error:  # Only where somebody else reaps our children.
        raise DidNotStart(name, "ended at once", "", log_path) from error
    return Running(name=name, pid=pid, create_time=create_time, argv=argv, ports=ports, log_path=log_path)


def _await_ready(
    running: Running, ready: Ready | None, written_before: int, timeout_seconds: float
) -> Mapping[str, Any]:
    if ready is None:
        return {}
    deadline = time.monotonic() + timeout_seconds
    while True:
        alive = _is_alive(running)
        output = _read_from(running.log_path, written_before)
        # Only the living can be ready: an answer may come from a stranger on the same port.
        if alive and (announced := ready(output)) is not None:
            return announced
        if not alive or time.monotonic() > deadline:
            problem = f"was not ready after {timeout_seconds:g} s" if alive else "ended while starting"
            raise DidNotStart(running.name, problem, _last_lines(running.log_path, written_before), running.log_path)
        time.sleep(_POLL_SECONDS)


def _end(record: Running, grace_seconds: float) -> None:
    deadline = time.monotonic() + grace_seconds
    if _is_alive(record):
        with suppress(ProcessLookupError):
            os.killpg(record.pid, signal.SIGTERM)
    while members := list(_members(record)):
        late_seconds = time.monotonic() - deadline
        if late_seconds > _KILL_SECONDS:
            raise ProcessError(f"{record.name} (pid {record.pid}) does not end, not even killed; look at it by hand")
        if late_seconds > 0:
            for member in members:
                with suppress(psutil.NoSuchProcess):
                    member.kill()
        time.sleep(_POLL_SECONDS)
    _reap(record.pid)  # It may have ended after the last look for members began.


def _members(record: Running) -> Iterator[psutil.Process]:
    """Give what lives of the process's session: itself, and what it left behind."""
    _reap(record.pid)
    leader = _create_time(record.pid)
    if leader is not None and abs(leader - record.create_time) > _SAME_CREATION_SECONDS:
        return  # The id went to a stranger, so the session of that name is a stranger's too.
    for process in psutil.process_iter():
        with suppress(psutil.Error, ProcessLookupError, PermissionError):
            if os.getsid(process.pid) == record.pid and process.status() != psutil.STATUS_ZOMBIE:
                yield process


def _is_alive(record: Running | None) -> bool:
    if record is None:
        return False
    _reap(record.pid)
    created = _create_time(record.pid)
    return created is not None and abs(created - record.create_time) <= _SAME_CREATION_SECONDS


def _create_time(pid: int) -> float | None:
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.NoSuchProcess:
        return None


def _reap(pid: int) -> None:
    # Only the command that started a process is its parent; for every other one this does nothing.
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def _read_from(log_path: Path, offset: int) -> str:
    with log_path.open("rb") as log:
        log.seek(offset)
        return log.read(_LOG_READ_BYTES).decode("utf-8", errors="replace")


def _last_lines(log_path: Path, written_before: int) -> str:
    tail = _read_from(log_path, max(written_before, log_path.stat().st_size - _LOG_READ_BYTES))
    return "\n".join(tail.splitlines()[-_LAST_LINES:])


def _to_json(running: Running) -> dict[str, Any]:
    return {
        "name": running.name,
        "pid": running.pid,
        "create_time": running.create_time,
        "argv": list(running.argv),
        "ports": list(running.ports),
        "log_path": str(running.log_path),
        "announced": dict(running.announced),
    }


def _from_json(entry: Mapping[str, Any]) -> Running:
    return Running(
        name=str(entry["name"]),
        pid=int(entry["pid"]),
        create_time=float(entry["create_time"]),
        argv=tuple(entry["argv"]),
        ports=tuple(entry["ports"]),
        log_path=Path(entry["log_path"]),
        announced=dict(entry["announced"]),
    )
