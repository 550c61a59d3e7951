"""Measuring the diagnosis from the command line: what is written, what is said, and what is never looked at."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

# The small sets are shared with the tests of the measuring, and lie beside them.
sys.path.append(str(Path(__file__).parents[1] / "assistant" / "evaluation"))
from small_sets import put_broken, put_recording, put_set

from assistant.evaluation import Case, as_one_word, calibrate, part_names, read_lines
from ui.cli import run
from ui.commands.diagnosis_scores import reliability
from ui.exits import Exit

Ran = tuple[int, str, str]
PATIENCE_SECONDS = 60


@pytest.fixture
def evaluate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    monkeypatch.chdir(tmp_path)

    def ran(*arguments: str) -> Ran:
        try:
            code = run(["evaluate", "diagnosis", *arguments])
        except SystemExit as ended:  # argparse ends by itself
            code = int(ended.code or 0)
        said = capfd.readouterr()
        return code, said.out, said.err

    return ran


@pytest.fixture
def one(tmp_path: Path) -> Path:
    return put_set(tmp_path / "sets" / "one")


def written(path: Path) -> list[dict[str, Any]]:
    """Read lines without the time they took, which is never the same."""
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [{key: value for key, value in line.items() if key != "seconds"} for line in lines]


def test_a_run_writes_a_line_for_each_recording_and_says_how_it_went(evaluate: Callable[..., Ran], one: Path) -> None:
    code, out, error = evaluate("sets", "--out", "new/r.jsonl", "--jobs", "1")
    assert code == Exit.DONE
    assert "3 recordings" in out
    assert "1 failed; lines in new/r.jsonl" in out
    assert "0 of 3 done" in error
    assert "one/a-3: recording " in error
    lines = written(Path("new/r.jsonl"))
    assert [(line["set"], line["id"], "error" in line) for line in lines] == [
        ("one", "a-1", False),
        ("one", "a-2", False),
        ("one", "a-3", True),
    ]
    assert [path.name for path in Path("new").iterdir()] == ["r.jsonl"]


@pytest.mark.parametrize("jobs", ["1", pytest.param("2", marks=pytest.mark.slow)])
def test_running_never_opens_what_is_true(evaluate: Callable[..., Ran], one: Path, jobs: str) -> None:
    evaluate("sets", "--out", "known.jsonl", "--jobs", jobs)
    (one / "truth.jsonl").write_bytes(b"\xff garbage")
    (one / "scoring.json").write_text("garbage")
    assert evaluate("sets", "--out", "garbage.jsonl", "--jobs", jobs)[0] == Exit.DONE
    (one / "truth.jsonl").unlink()
    (one / "truth.jsonl").mkdir()  # Nobody can open this.
    assert evaluate("sets", "--out", "unreadable.jsonl", "--jobs", jobs)[0] == Exit.DONE
    assert written(Path("garbage.jsonl")) == written(Path("known.jsonl"))
    assert written(Path("unreadable.jsonl")) == written(Path("known.jsonl"))


def test_broken_truth_is_met_only_when_every_line_is_written(evaluate: Callable[..., Ran], one: Path) -> None:
    (one / "truth.jsonl").write_text("garbage\n")
    code, out, error = evaluate("sets", "--out", "r.jsonl", "--truth", "--late", "0,60", "--jobs", "1")
    assert (code, out) == (Exit.BAD_INPUT, "")
    assert "truth.jsonl cannot be read: line 1" in error
    assert [len(written(Path(name))) for name in ("r.jsonl", "r.late-60.jsonl")] == [3, 3]


def test_truth_brings_figures_late_alarms_and_reliability(evaluate: Callable[..., Ran], one: Path) -> None:
    code, out, _ = evaluate("sets/one", "--out", "r.jsonl", "--truth", "--jobs", "1")
    assert code == Exit.DONE
    for late in ("late-30", "late-60", "late-120"):
        assert len(written(Path(f"r.{late}.jsonl"))) == 3
    for word in ("AC@1", "Avg@5", "false alarms", "120 s", "expected calibration error", "0.9-1.0", "cpu"):
        assert word in out
    assert {line["late_seconds"] for line in written(Path("r.late-120.jsonl"))} == {120}


def test_json_is_one_document_with_the_same_figures(evaluate: Callable[..., Ran], one: Path) -> None:
    code, out, _ = evaluate("sets", "--out", "r.jsonl", "--truth", "--late", "0,60,60", "--jobs", "1", "--json")
    runs = json.loads(out)["runs"]
    assert code == Exit.DONE
    assert [(entry["late_seconds"], entry["out"]) for entry in runs] == [(0, "r.jsonl"), (60, "r.late-60.jsonl")]
    scores = runs[0]["scores"]
    assert (runs[0]["failed"], scores["overall"]["missing"], scores["overall"]["faults"]) == (1, 1, 2)
    assert list(scores["sets"]["one"]["kinds"]) == ["cpu"]
    assert len(scores["overall"]["calibration"]["bins"]) == 10
    code, out, _ = evaluate("sets", "--out", "r.jsonl", "--jobs", "1", "--json")
    assert "scores" not in json.loads(out)["runs"][0]


def test_one_recording_is_scored_alone(evaluate: Callable[..., Ran], one: Path) -> None:
    arguments = ("sets/one/a-1", "--out", "r.jsonl", "--truth", "--late", "0", "--jobs", "1", "--json")
    _, out, _ = evaluate(*arguments)
    overall = json.loads(out)["runs"][0]["scores"]["overall"]
    assert (overall["recordings"], overall["missing"]) == (1, 0)


def test_without_metrics_nothing_is_found_in_metrics(evaluate: Callable[..., Ran], one: Path) -> None:
    evaluate("sets", "--out", "r.jsonl", "--without", "metrics", "--jobs", "1")
    assert all(line["abstained"] for line in written(Path("r.jsonl")) if "error" not in line)


def test_an_ablation_leaves_out_each_part_in_turn(evaluate: Callable[..., Ran], one: Path) -> None:
    first, *rest = part_names()
    arguments = ("sets/one/a-1", "--out", "r.jsonl", "--truth", "--ablation", "--without", first, "--jobs", "1")
    code, out, _ = evaluate(*arguments)
    assert code == Exit.DONE
    assert sorted(path.name for path in Path().glob("r.*")) == sorted(
        ["r.jsonl", *(f"r.without-{as_one_word(name)}.jsonl" for name in rest)]
    )
    table = out[out.index("Left out") :]
    assert all(name in table for name in rest)
    assert "nothing" in table


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "required: SET, --out"),
        (("sets",), "required: --out"),
        (("sets", "--out", "r.jsonl", "--late", "0,soon"), "'0,soon' are no latenesses; write whole seconds"),
        (("sets", "--out", "r.jsonl", "--late", "-5"), "--late"),
        (("sets", "--out", "r.jsonl", "--jobs", "0"), "'0' is no count"),
        (("sets", "--out", "r.jsonl", "--without", "magic"), "nothing called 'magic' can be switched off. There is: "),
        (("sets", "--out", "r.jsonl", "--ablation"), "--ablation compares scores: give --truth too"),
        (("nowhere", "--out", "r.jsonl"), "there is no recording in nowhere; name a recording"),
        (("sets", "twin", "--out", "r.jsonl"), "two sets are called 'one'"),
        (("sets", "untold", "--out", "r.jsonl", "--truth"), "there is no truth.jsonl in "),
        (("sets", "--out", "sets"), "--out sets would overwrite"),
        (("sets", "--out", "sets/one/truth.jsonl"), "would overwrite what is kept there"),
        (("sets", "--out", "r.jsonl/r.jsonl", "--jobs", "1"), "r.jsonl"),
    ],
)
def test_bad_use_gets_a_reason_and_overwrites_nothing(
    evaluate: Callable[..., Ran], one: Path, arguments: tuple[str, ...], said: str
) -> None:
    put_recording(Path("twin/one"), "a-1")
    put_recording(Path("untold"), "u-1")
    Path("r.jsonl").write_text("kept\n")
    truth = (one / "truth.jsonl").read_text()
    code, out, error = evaluate(*arguments)
    assert (code, out) == (Exit.BAD_INPUT, "")
    assert said in error
    assert "Traceback" not in error
    assert Path("r.jsonl").read_text() == "kept\n"
    assert (one / "truth.jsonl").read_text() == truth


def test_a_run_in_which_nothing_could_be_read_is_bad_input(evaluate: Callable[..., Ran]) -> None:
    put_broken(Path("broken"), "a-1")
    code, out, _ = evaluate("broken", "--out", "r.jsonl", "--jobs", "1")
    assert code == Exit.BAD_INPUT
    assert "1 recordings, no cause named on 0, 1 failed" in out


@pytest.mark.slow
def test_ctrl_c_leaves_whole_lines_and_no_process(tmp_path: Path) -> None:
    for number in range(60):
        put_recording(tmp_path / "one", f"a-{number:02d}")
    out = tmp_path / "r.jsonl"
    late = ",".join(str(seconds) for seconds in range(40))
    command = [sys.executable, "-m", "ui.cli", "evaluate", "diagnosis", str(tmp_path / "one"), "--out", str(out)]
    running = subprocess.Popen(
        [*command, "--jobs", "2", "--late", late],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        wait_until(lambda: out.exists() and out.stat().st_size > 0)
        os.killpg(running.pid, signal.SIGINT)
        said, error = running.communicate(timeout=PATIENCE_SECONDS)
    finally:
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()
    assert (running.returncode, said) == (130, "")
    assert error.splitlines()[-1] == "stopped"
    assert "Traceback" not in error
    lines = read_lines(out)
    assert lines
    assert [line.id for line in lines] == sorted({line.id for line in lines})
    wait_until(lambda: not group_lives(running.pid))


@pytest.mark.slow
def test_workers_end_with_a_killed_parent(tmp_path: Path) -> None:
    for number in range(60):
        put_recording(tmp_path / "one", f"a-{number:02d}")
    out = tmp_path / "r.jsonl"
    late = ",".join(str(seconds) for seconds in range(40))
    command = [sys.executable, "-m", "ui.cli", "evaluate", "diagnosis", str(tmp_path / "one"), "--out", str(out)]
    running = subprocess.Popen(
        [*command, "--jobs", "2", "--late", late],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_until(lambda: out.exists() and out.stat().st_size > 0)
        running.kill()
        running.wait(PATIENCE_SECONDS)
        wait_until(lambda: not group_lives(running.pid))
        assert read_lines(out)
    finally:
        if group_lives(running.pid):
            os.killpg(running.pid, signal.SIGKILL)


def group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(true: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < give_up
        time.sleep(0.02)


def test_a_reliability_diagram_draws_what_was_right_next_to_what_was_said() -> None:
    cases = [Case(set_name="one", id=str(n), fault=True, rank=1 if n else None, probability=0.75) for n in range(4)]
    title, *bins = reliability(calibrate(cases))
    assert "'#'" in title
    assert len(bins) == 10
    assert bins[7].startswith("0.7-0.8  " + "#" * 30 + "|")
    assert bins[7].endswith("4, said 0.75, right 0.75")
    assert all(line.endswith("none") for line in bins[:7] + bins[8:])
    for said, right in ((0.0, None), (1.0, 1)):
        (edge,) = [
            line
            for line in reliability(calibrate([Case(set_name="", id="", fault=True, rank=right, probability=said)]))
            if "said" in line and line[0].isdigit()
        ]
        assert edge.count("|") == 1
