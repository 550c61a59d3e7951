from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from chaos.errors import AlreadyRunning, DidNotStart, PortTaken, StateBroken
from chaos.processes import Processes, Running
from chaos.readiness import answers, said_json

ENV = {"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1"}
SLEEPER = (sys.executable, "-c", 'import time; print(\'{"hello": "olá"}\'); time.sleep(60)')
STUBBORN = (
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('{}'); time.sleep(60)",
)
PARENT = (
    sys.executable,
    "-c",
    "import subprocess, sys, time, json\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
    "print(json.dumps({'child': child.pid})); time.sleep(60)",
)


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    supervised = Processes(tmp_path / "processes")
    yield supervised
    supervised.stop_all(grace_seconds=0.5)


def start(processes: Processes, name: str = "sleeper", argv: tuple[str, ...] = SLEEPER) -> Running:
    return processes.start(name, argv, env=ENV, ready=said_json)


def eventually(condition: Callable[[], bool], seconds: float = 5.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_what_a_process_announces_is_remembered_by_whoever_comes_next(processes: Processes) -> None:
    running = start(processes)
    assert running.announced == {"hello": "olá"}
    assert Processes(processes.folder).running() == [running]


def test_another_supervisor_stops_what_the_first_one_started(processes: Processes) -> None:
    running = start(processes)
    assert Processes(processes.folder).stop("sleeper") is True
    assert not psutil.pid_exists(running.pid) or psutil.Process(running.pid).status() == psutil.STATUS_ZOMBIE
    assert processes.running() == []


def test_kill_9_is_noticed(processes: Processes) -> None:
    running = start(processes)
    os.kill(running.pid, signal.SIGKILL)
    assert eventually(lambda: processes.running() == [])
    assert [lost.name for lost in processes.lost()] == ["sleeper"]
    assert start(processes).pid != running.pid


def test_a_process_that_ignores_sigterm_is_ended_after_the_grace(processes: Processes) -> None:
    running = start(processes, argv=STUBBORN)
    before = time.monotonic()
    assert processes.stop("sleeper", grace_seconds=0.3)
    assert 0.3 <= time.monotonic() - before < 3
    assert not psutil.pid_exists(running.pid)


@pytest.mark.parametrize("killed_first", [False, True])
def test_children_end_with_their_parent_even_when_it_was_killed(processes: Processes, killed_first: bool) -> None:
    running = start(processes, argv=PARENT)
    if killed_first:
        os.kill(running.pid, signal.SIGKILL)
        assert eventually(lambda: processes.running() == [])
    processes.stop("sleeper", grace_seconds=0.5)
    child = running.announced["child"]
    assert eventually(lambda: not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE)


def test_an_id_that_went_to_a_stranger_is_left_alone(processes: Processes, tmp_path: Path) -> None:
    stranger = Processes(tmp_path / "strangers")
    victim = start(stranger)
    try:
        start(processes)
        text = (processes.folder / "processes.json").read_text()
        ours = processes.running()[0]
        processes.stop("sleeper")
        (processes.folder / "processes.json").write_text(
            text.replace(f'"pid": {ours.pid}', f'"pid": {victim.pid}').replace(
                f'"create_time": {ours.create_time}', f'"create_time": {ours.create_time - 1000}'
            )
        )
        assert processes.running() == []
        assert processes.stop("sleeper") is False
        assert stranger.running() == [victim]
    finally:
        stranger.stop_all()


def test_a_name_is_given_once(processes: Processes) -> None:
    running = start(processes)
    with pytest.raises(AlreadyRunning, match=f"sleeper is running already \\(pid {running.pid}\\)"):
        start(processes)
    assert processes.running() == [running]


def test_a_taken_port_names_its_owner_and_nothing_is_started(processes: Processes) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(PortTaken, match=rf"port {port} is taken by .*\(pid {os.getpid()}\)"):
            processes.start("server", SLEEPER, env=ENV, ports=(port,))
    assert processes.running() == []
    assert processes.lost() == []


def test_a_process_that_dies_while_starting_is_quoted(processes: Processes) -> None:
    argv = (sys.executable, "-c", "import sys; sys.exit('não há configuração')")
    with pytest.raises(DidNotStart, match=r"ended while starting[\s\S]*não há configuração"):
        start(processes, argv=argv)
    assert processes.lost() == []


def test_only_the_lines_of_this_start_are_read(processes: Processes) -> None:
    start(processes)
    processes.stop("sleeper")
    with pytest.raises(DidNotStart, match="wrote nothing"):
        start(processes, argv=(sys.executable, "-c", ""))


def test_a_process_that_is_never_ready_does_not_outlive_its_start(processes: Processes) -> None:
    argv = (sys.executable, "-c", "import time; time.sleep(60)")
    with pytest.raises(DidNotStart, match=r"not ready after 0.3 s"):
        processes.start("mute", argv, env=ENV, ready=said_json, timeout_seconds=0.3)
    assert processes.running() == []


def test_what_cannot_be_executed_is_said(processes: Processes) -> None:
    with pytest.raises(DidNotStart, match="cannot be executed"):
        processes.start("ghost", ("/nowhere/at-all",), env=ENV)


def test_a_server_is_ready_when_it_answers(processes: Processes) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    argv = (sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", str(processes.folder))
    running = processes.start("web", argv, env=ENV, ready=answers(f"http://127.0.0.1:{port}/"), ports=(port,))
    assert running.ports == (port,)
    assert processes.find("web") == running


def test_the_newest_is_stopped_first(processes: Processes) -> None:
    for name in ("first", "second", "third"):
        start(processes, name)
    assert processes.stop_all() == ["third", "second", "first"]


def test_supervisors_at_work_at_once_lose_nothing(processes: Processes) -> None:
    def work(number: int) -> None:
        own = Processes(processes.folder)
        start(own, f"kept-{number}")
        start(own, f"passing-{number}")
        own.stop(f"passing-{number}")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(running.name for running in processes.running()) == [f"kept-{number}" for number in range(4)]
    assert processes.lost() == []


def test_a_broken_state_is_named_and_not_overwritten(processes: Processes) -> None:
    processes.folder.mkdir(parents=True)
    path = processes.folder / "processes.json"
    path.write_text("[{]")
    with pytest.raises(StateBroken, match=r"processes\.json"):
        start(processes)
    assert path.read_text() == "[{]"
    path.unlink()
