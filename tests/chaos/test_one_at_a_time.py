import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos import AlreadyRunning, alone, end_running

HOLDER = """
import sys, signal
from pathlib import Path
from chaos.one_at_a_time import alone
from ui.interruption import end_as_with_ctrl_c
end_as_with_ctrl_c()
try:
    with alone(Path(sys.argv[1]) / "lock", "a demo"):
        print("held", flush=True)
        signal.pause()
except KeyboardInterrupt:
    pass
"""


@pytest.fixture
def other_demo(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen([sys.executable, "-c", HOLDER, tmp_path], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_demo_is_refused_and_told_who_runs(other_demo: subprocess.Popen[str], tmp_path: Path) -> None:
    with pytest.raises(AlreadyRunning, match=str(other_demo.pid)), alone(tmp_path / "lock", "a demo"):
        pass


def test_another_command_can_end_it_as_ctrl_c_would(other_demo: subprocess.Popen[str], tmp_path: Path) -> None:
    assert end_running(tmp_path / "lock", "a demo")
    assert other_demo.wait(timeout=10) == 0
    with alone(tmp_path / "lock", "a demo"):
        pass


def test_a_demo_that_was_killed_keeps_nobody_out(other_demo: subprocess.Popen[str], tmp_path: Path) -> None:
    other_demo.send_signal(signal.SIGKILL)
    other_demo.wait(timeout=10)
    assert not end_running(tmp_path / "lock", "a demo")
    with alone(tmp_path / "lock", "a demo"):
        pass


def test_where_no_demo_ever_ran_there_is_none_to_end_and_nothing_is_left(tmp_path: Path) -> None:
    assert not end_running(tmp_path / "nowhere" / "lock", "a demo")
    assert not (tmp_path / "nowhere").exists()
