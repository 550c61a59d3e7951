"""Journals as Chaos Toolkit 1.19 really writes them, one for each way in which a run can end."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from chaos.errors import RunFailed
from chaos.experiment import APPLY, DIAGNOSIS, EFFECT, STEADY, UNDO
from chaos.journal import RunTimes, read_journal

FAILED = "chaoslib.exceptions.ActivityFailed: "


def at(second: float) -> str:
    return f"2026-03-01T10:00:{second:09.6f}+00:00"


def moment(second: int) -> datetime:
    return datetime(2026, 3, 1, 10, 0, second, tzinfo=UTC)


def activity(name: str, second: float, output: Any = None, *, failed: str = "", kind: str = "probe") -> dict[str, Any]:
    """Write one activity that took a second; `failed` is the last line of its traceback."""
    entry = {
        "activity": {"type": kind, "name": name, "provider": {"type": "python", "module": "m", "func": "f"}},
        "output": None if failed else output,
        "start": at(second),
        "status": "failed" if failed else "succeeded",
        "end": at(second + 1),
        "duration": 1.0,
    }
    if failed:
        entry["exception"] = ["Traceback (most recent call last):\n", f"{FAILED}{failed}\n"]
    return entry


def sighting(second: float) -> dict[str, Any]:
    return {"seen": True, "at": at(second), "value": 0.9}


NOT_SEEN = {"seen": False, "at": None, "value": 0.1}
KNOWN = {"incident": "inc-1", "detected": at(7), "diagnosed": at(8)}
MET = [{**activity("few requests fail", 0, 0.0), "tolerance_met": True}]
APPLIED = activity(APPLY, 1, {"refused": True}, kind="action")
SEEN = activity(EFFECT, 2, sighting(3))
DIAGNOSED = activity(DIAGNOSIS, 4, KNOWN)
UNDONE = activity(UNDO, 20, {"refused": False}, kind="action")
STEADY_AGAIN = activity(STEADY, 21, sighting(24))


def journal(**changes: Any) -> dict[str, Any]:
    """Write the journal of a run in which all went as it should, but for the changes."""
    return {
        "chaoslib-version": "1.44.0",
        "platform": "Linux",
        "node": "vm",
        "experiment": {"title": "t"},
        "start": at(0),
        "status": "completed",
        "deviated": False,
        "steady_states": {"before": {"steady_state_met": True, "probes": MET}, "after": None, "during": []},
        "run": [APPLIED, SEEN, DIAGNOSED],
        "rollbacks": [UNDONE, STEADY_AGAIN],
        "end": at(30),
        "duration": 30.0,
        **changes,
    }


def read(folder: Path, content: dict[str, Any]) -> RunTimes:
    path = folder / "drill.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return read_journal(path)


def test_a_run_that_went_well_has_all_its_times(tmp_path: Path) -> None:
    assert read(tmp_path, journal()) == RunTimes(
        injected=moment(1), effect_seen=moment(3), rolled_back=moment(20), steady=moment(24)
    )


def unmet(probe: dict[str, Any]) -> dict[str, Any]:
    before = {"steady_state_met": False, "probes": [*MET, {**probe, "tolerance_met": False}]}
    return {"before": before, "after": None, "during": []}


@pytest.mark.parametrize(
    ("status", "probe", "why"),
    [
        ("completed", activity("requests are quick", 0, 812.5), "requests are quick: it read 812.5"),
        (
            "failed",
            activity("requests are quick", 0, failed=f"{FAILED}only 3 requests to gateway in 10 s"),
            "requests are quick: only 3 requests to gateway in 10 s",
        ),
    ],
)
def test_a_system_that_was_not_steady_before_makes_the_run_invalid(
    tmp_path: Path, status: str, probe: dict[str, Any], why: str
) -> None:
    times = read(tmp_path, journal(status=status, steady_states=unmet(probe), run=[]))
    assert times.invalid == f"the system was not steady before the fault: {why}"
    assert (times.injected, times.effect_seen, times.left) == (None, None, None)


def test_a_fault_that_could_not_be_applied_makes_the_run_invalid_though_it_completed(tmp_path: Path) -> None:
    refused = activity(
        APPLY, 1, failed="chaos.errors.FaultFailed: catalog did not start; see log\nline two", kind="action"
    )
    times = read(tmp_path, journal(run=[refused, activity(EFFECT, 2, NOT_SEEN), DIAGNOSED]))
    assert times.invalid == "the fault could not be applied: catalog did not start; see log"


def test_a_fault_that_never_showed_makes_the_run_invalid(tmp_path: Path) -> None:
    times = read(tmp_path, journal(run=[APPLIED, activity(EFFECT, 2, NOT_SEEN), DIAGNOSED]))
    assert times.invalid == "the fault did not take effect: the telemetry never showed it"
    assert times.effect_seen is None
    assert times.left is None


def test_an_effect_that_could_not_be_looked_for_makes_the_run_invalid(tmp_path: Path) -> None:
    blind = activity(EFFECT, 2, failed="ValueError: no such column")
    times = read(tmp_path, journal(run=[APPLIED, blind, DIAGNOSED]))
    assert times.invalid == "whether the fault took effect is not known: ValueError: no such column"


def test_a_probe_that_failed_after_the_effect_does_not_make_the_run_invalid(tmp_path: Path) -> None:
    lost = activity(DIAGNOSIS, 4, failed=f"{FAILED}no Firedrill server answers")
    assert read(tmp_path, journal(run=[APPLIED, SEEN, lost])).invalid is None


def test_a_deviation_says_nothing_about_the_run(tmp_path: Path) -> None:
    assert read(tmp_path, journal(deviated=True)).invalid is None


def test_an_interrupted_run_is_invalid_and_tells_whether_the_fault_was_undone(tmp_path: Path) -> None:
    # What a signal ends is left without a status.
    cut = {key: value for key, value in activity(DIAGNOSIS, 4).items() if key != "status"}
    times = read(tmp_path, journal(status="interrupted", run=[APPLIED, SEEN, cut]))
    assert times.invalid == "the run was interrupted"
    assert times.rolled_back == moment(20)

    half = {key: value for key, value in activity(UNDO, 20, kind="action").items() if key != "status"}
    times = read(tmp_path, journal(status="interrupted", run=[APPLIED, SEEN, cut], rollbacks=[half]))
    assert (times.rolled_back, times.left) == (None, "it was interrupted")


def test_a_fault_that_could_not_be_undone_was_not_rolled_back(tmp_path: Path) -> None:
    stuck = activity(UNDO, 20, failed="chaos.errors.FaultFailed: the database does not answer", kind="action")
    times = read(tmp_path, journal(rollbacks=[stuck, activity(STEADY, 21, NOT_SEEN)]))
    assert (times.rolled_back, times.steady, times.left) == (None, None, "the database does not answer")


def test_a_run_without_rollbacks_left_the_fault(tmp_path: Path) -> None:
    assert read(tmp_path, journal(status="aborted", rollbacks=[])).left == "it did not run"


def test_a_surge_seen_to_the_second_is_not_seen_before_the_fault(tmp_path: Path) -> None:
    assert read(tmp_path, journal(run=[APPLIED, activity(EFFECT, 2, sighting(0)), DIAGNOSED])).effect_seen == moment(1)


def test_times_without_a_zone_are_utc(tmp_path: Path) -> None:
    older = {**APPLIED, "start": "2026-03-01T10:00:01.000000"}
    assert read(tmp_path, journal(run=[older, SEEN, DIAGNOSED])).injected == moment(1)


def test_a_runner_that_was_killed_left_no_journal(tmp_path: Path) -> None:
    with pytest.raises(RunFailed, match=r"drill gone: Chaos Toolkit left no journal; see .*gone.log"):
        read_journal(tmp_path / "gone.json")


@pytest.mark.parametrize("text", [json.dumps(journal())[:-200], "", "[]", "\0"])
def test_a_journal_that_was_cut_off_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "drill.json").write_text(text, encoding="utf-8")
    with pytest.raises(RunFailed, match="drill drill: "):
        read_journal(tmp_path / "drill.json")
