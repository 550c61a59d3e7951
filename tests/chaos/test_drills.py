"""Drills by the real Chaos Toolkit, with a fault that is a file, so that a run takes about two seconds."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml
from incident_server import IncidentServer, incident, incident_server, resolved

from assistant.client import ServerError
from assistant.diagnosis import Hypothesis
from assistant.incidents import Truth
from assistant.taxonomy import FaultKind
from chaos.drills import DrillResult, DrillRunner, judge
from chaos.errors import AlreadyRunning, RunFailed
from chaos.experiment import APPLY, DIAGNOSIS, EFFECT, STEADY, UNDO, Experiment, find_experiment
from chaos.journal import RunTimes
from chaos.scoring import Score
from telemetry import utc_now

pytestmark = pytest.mark.slow

CAUSE = Hypothesis(service="orders", kind=FaultKind.CODE_ERROR, probability=0.9, summary="It fails.")
PATIENCE_SECONDS = 30


def activity(name: str, func: str, kind: str = "probe", module: str = "drill_activities", **arguments: Any) -> Any:
    provider = {"type": "python", "module": module, "func": func, "arguments": arguments}
    return {"type": kind, "name": name, "provider": provider}


class World:
    """A folder with a fault in it or not, a server, and experiments on them."""

    def __init__(self, folder: Path, server: IncidentServer) -> None:
        self.folder, self.server = folder, server
        self.drills = folder / "drills"
        self.runner = DrillRunner(
            assistant=server.assistant,
            server_url=server.url,
            telemetry=folder / "telemetry.db",
            sandbox=folder / "sandbox.json",
            folder=self.drills,
        )

    @property
    def broken(self) -> bool:
        return (self.folder / "fault").exists()

    def experiment(
        self,
        *,
        apply: str = "apply",
        undo: Any = None,
        effect: Any = None,
        diagnosis: Any = None,
        **more: Any,
    ) -> Experiment:
        content = {
            "version": "1.0.0",
            "title": "Um arquivo a mais",
            "description": "A file that should not be there.",
            "steady-state-hypothesis": {
                "title": "There is no fault",
                "probes": [{**activity("no fault is there", "faults"), "tolerance": 0}],
            },
            "method": [
                activity(APPLY, apply, "action"),
                effect or activity(EFFECT, "sighting"),
                diagnosis or activity(DIAGNOSIS, "await_diagnosis", module="chaos.probes", within_seconds=0),
            ],
            "rollbacks": [undo or activity(UNDO, "undo", "action"), activity(STEADY, "sighting")],
            "extensions": [
                {
                    "name": "firedrill",
                    "truth": {"service": "orders", "kind": "code_error", "cause": "A file.", "fix": "Remove it."},
                }
            ],
            **more,
        }
        path = self.folder / "extra-file.yaml"
        path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
        return find_experiment(str(path))

    def detect(self, seconds_from_now: float, key: str = "inc-1") -> None:
        """Have an incident detected, and diagnosed rightly; in the future, since the fault comes a moment later."""
        self.server.records.add(incident(key, utc_now() + timedelta(seconds=seconds_from_now), CAUSE))

    def incident_while_broken(self) -> Thread:
        """Detect an incident as soon as the fault is there."""

        def watch() -> None:
            self.wait_for("fault")
            self.detect(0)

        thread = Thread(target=watch)
        thread.start()
        return thread

    def wait_for(self, name: str) -> None:
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while not (self.folder / name).exists():
            assert time.monotonic() < give_up_at, f"{name} never appeared"
            time.sleep(0.02)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    here, root = Path(__file__).parent, Path(__file__).parents[2]
    monkeypatch.syspath_prepend(str(here))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(root), str(here))))
    monkeypatch.setenv("DRILL_FOLDER", str(tmp_path))
    with incident_server() as server:
        yield World(tmp_path, server)


def waiting(seconds: float, name: str = DIAGNOSIS) -> Any:
    return activity(name, "wait", seconds=seconds)


def diagnosis_of_a_real_wait() -> Any:
    return activity(DIAGNOSIS, "await_diagnosis", module="chaos.probes", within_seconds=20)


def test_a_drill_is_timed_scored_taught_and_kept(world: World) -> None:
    watch = world.incident_while_broken()
    result = world.runner.run(world.experiment(diagnosis=diagnosis_of_a_real_wait()))
    watch.join()
    assert result.invalid is None
    assert not world.broken
    moments = (result.injected, result.effect_seen_at, result.detected_at, result.rolled_back_at, result.steady_at)
    assert None not in moments
    assert result.injected <= result.effect_seen_at  # type: ignore[operator]
    assert result.rolled_back_at <= result.steady_at  # type: ignore[operator]
    assert result.score == Score(top_service="orders", top_kind="code_error", probability=0.9, right=True)
    truth = world.server.records.truths["inc-1"]
    assert truth == Truth(
        service="orders", kind=FaultKind.CODE_ERROR, cause="A file.", fix="Remove it.", drill="extra-file"
    )
    (kept,) = world.server.records.drills
    assert kept["id"] == result.id
    assert kept.items() >= {"name": "extra-file", "detected": True, "right": True, "invalid": None}.items()
    assert json.dumps(kept)


def test_an_incident_that_is_over_when_it_is_looked_for_still_counts(world: World) -> None:
    watch = world.incident_while_broken()
    result = world.runner.run(world.experiment(effect=waiting(1.0, EFFECT)))
    watch.join()
    assert result.incident == "inc-1"
    found = world.server.records.incidents["inc-1"]
    world.server.records.add(resolved(found))
    assert result.detected_at == found.timeline.detected


def test_incidents_from_before_the_fault_and_after_its_end_are_not_the_drill_s(world: World) -> None:
    world.detect(-0.5, "inc-before")
    world.detect(3600, "inc-after")
    result = world.runner.run(world.experiment())
    assert (result.incident, result.detected_at, result.seconds_to_detect) == (None, None, None)
    assert result.invalid is None
    assert result.score == Score()
    assert result.summary()["right"] is False
    assert world.server.records.truths == {}


def test_a_fault_that_never_showed_is_scored_nowhere_and_teaches_nothing(world: World) -> None:
    watch = world.incident_while_broken()
    unseen = activity(EFFECT, "wait", seconds=0.5, seen=False)
    result = world.runner.run(world.experiment(effect=unseen))
    watch.join()
    assert result.invalid == "the fault did not take effect: the telemetry never showed it"
    assert result.incident == "inc-1"
    assert result.score == Score()
    assert result.summary().items() >= {"effect_seen": False, "right": None, "seconds_to_detect": None}.items()
    assert world.server.records.truths == {}
    assert len(world.server.records.drills) == 1


def test_a_fault_that_cannot_be_applied_makes_the_drill_invalid(world: World) -> None:
    result = world.runner.run(world.experiment(apply="refuse"))
    assert result.invalid == "the fault could not be applied: RuntimeError: the fault cannot be applied"
    assert result.rolled_back_at is not None


def test_a_system_that_is_not_well_is_not_broken_further(world: World) -> None:
    (world.folder / "fault").touch()
    result = world.runner.run(world.experiment(apply="refuse"))
    assert result.invalid == "the system was not steady before the fault: no fault is there: it read 1"
    assert result.injected is None


def test_a_runner_that_is_killed_leaves_no_fault_behind(world: World) -> None:
    with pytest.raises(RunFailed, match=r"Chaos Toolkit left no journal; see .*\.log"):
        world.runner.run(world.experiment(apply="apply_and_die"))
    assert not world.broken
    assert world.server.records.drills == []


def test_what_is_undone_after_a_death_is_what_was_applied_with_its_variables(world: World) -> None:
    experiment = world.experiment(
        apply="apply_edit_and_die",
        undo=activity(UNDO, "undo_named", "action", what="${what}"),
        configuration={"what": "fault"},
    )
    with pytest.raises(RunFailed, match="Chaos Toolkit left no journal"):
        world.runner.run(experiment)
    assert not world.broken


def test_a_roll_back_that_fails_is_tried_once_more(world: World) -> None:
    result = world.runner.run(world.experiment(undo=activity(UNDO, "undo_at_the_second_try", "action")))
    assert not world.broken
    assert result.invalid is None
    assert result.rolled_back_at is None  # When it was undone in the end is nobody's measure of recovery.


def test_a_fault_that_stays_is_told_loudly(world: World) -> None:
    with pytest.raises(RunFailed, match=r"the fault could not be undone .*the fault cannot be applied"):
        world.runner.run(world.experiment(undo=activity(UNDO, "refuse", "action")))


def test_a_server_that_dies_meanwhile_does_not_keep_the_fault_from_being_undone(world: World) -> None:
    def stop() -> None:
        world.wait_for("waiting")
        world.server.stop()

    thread = Thread(target=stop)
    thread.start()
    with pytest.raises(ServerError, match="no Firedrill server answers"):
        world.runner.run(world.experiment(effect=waiting(1.0, EFFECT)))
    thread.join()
    assert not world.broken


def test_a_drill_that_the_server_does_not_keep_is_not_lost(world: World) -> None:
    world.server.records.keeps_drills = False
    told = list[str]()
    result = replace(world.runner, told=told.append).run(world.experiment())
    assert result.invalid is None
    assert len(told) == 1
    assert told[0].startswith(f"drill {result.id} is over, and the server does not keep its result: ")


@pytest.mark.parametrize("said", [b"", b"0", b"somebody", b"\xff\xfe", "¹²".encode(), b"9" * 5000])
def test_a_drill_whose_runner_is_not_known_still_runs_alone(world: World, said: bytes) -> None:
    world.drills.mkdir()
    with (world.drills / "running").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write(said)
        lock.flush()
        with pytest.raises(AlreadyRunning) as refused:
            world.runner.run(world.experiment())
    assert str(refused.value) == "a drill is running already; stop it first"


def test_one_drill_runs_at_a_time(world: World) -> None:
    first = Thread(target=world.runner.run, args=(world.experiment(diagnosis=waiting(2.0)),))
    first.start()
    world.wait_for("waiting")
    with pytest.raises(AlreadyRunning, match=f"a drill is running already \\(pid {os.getpid()}\\)"):
        world.runner.run(world.experiment())
    first.join()
    assert not world.broken
    assert world.runner.run(world.experiment()).invalid is None


@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("times", [1, 2])
def test_an_interrupted_drill_rolls_back_before_it_ends(world: World, which: signal.Signals, times: int) -> None:
    world.experiment(diagnosis=waiting(60))
    script = """
        import signal, sys
        from pathlib import Path
        import httpx
        from assistant.client import AssistantClient
        from chaos.drills import DrillRunner
        from chaos.experiment import find_experiment

        def interrupt(*_):
            raise KeyboardInterrupt
        signal.signal(signal.SIGTERM, interrupt)  # As the command line does.
        signal.signal(signal.SIGINT, interrupt)
        folder, url = Path(sys.argv[1]), sys.argv[2]
        runner = DrillRunner(
            assistant=AssistantClient(httpx.Client(base_url=url)), server_url=url, told=lambda text: print(text),
            telemetry=folder / "t.db", sandbox=folder / "s.json", folder=folder / "drills",
        )
        try:
            runner.run(find_experiment(str(folder / "extra-file.yaml")))
        except KeyboardInterrupt:
            sys.exit(130)
    """
    argv = [sys.executable, "-c", textwrap.dedent(script), str(world.folder), world.server.url]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    try:
        world.wait_for("waiting")
        assert world.broken
        began = time.monotonic()
        for _ in range(times):
            process.send_signal(which)
            time.sleep(0.1)
        said, _ = process.communicate(timeout=PATIENCE_SECONDS)
        assert time.monotonic() - began < PATIENCE_SECONDS
        assert process.returncode == 130
        assert "undoing the fault" in said
        assert not world.broken
    finally:
        process.kill()
        process.wait()


def test_nothing_of_the_user_s_and_nothing_outside_plays_a_part(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = world.folder / "home" / ".chaostoolkit" / "settings.yaml"
    settings.parent.mkdir(parents=True)
    settings.write_text("runtime: {rollbacks: {strategy: never}}\ncontrols: {x: {provider: 5}}\n", encoding="utf-8")
    monkeypatch.setenv("HOME", str(settings.parents[1]))
    monkeypatch.chdir("/proc")  # Where not even root can write.
    with socket.create_server(("127.0.0.1", 0)) as outside:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{outside.getsockname()[1]}")
        assert world.runner.run(world.experiment()).invalid is None
        outside.setblocking(False)
        with pytest.raises(BlockingIOError):
            outside.accept()
    assert not world.broken


def result_of(times: RunTimes, detected_after: float | None) -> DrillResult:
    start = times.injected
    assert start is not None
    found = incident("inc-1", start + timedelta(seconds=detected_after), CAUSE) if detected_after is not None else None
    return judge(find_experiment("request-flood"), times, found, drill_id="d")


def test_detection_is_counted_from_the_effect_and_never_below_zero() -> None:
    t0 = utc_now()
    times = RunTimes(injected=t0, effect_seen=t0 + timedelta(seconds=4))
    assert result_of(times, 11.5).seconds_to_detect == 7.5
    # Another effect of the same fault was noticed before the one that the probe waits for.
    early = result_of(times, 3)
    assert early.seconds_to_detect == 0
    assert early.effect_seen_at == early.detected_at
    assert result_of(times, None).seconds_to_detect is None


def test_what_did_not_happen_has_no_duration() -> None:
    t0 = utc_now()
    unseen = result_of(RunTimes(injected=t0, invalid="not seen"), 5)
    assert (unseen.effect_seen_at, unseen.seconds_to_detect, unseen.seconds_to_recover) == (None, None, None)
    stuck = result_of(RunTimes(injected=t0, effect_seen=t0, rolled_back=t0), 5)
    assert stuck.seconds_to_recover is None
