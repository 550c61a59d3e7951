from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from assistant.taxonomy import FaultKind
from chaos.errors import BadExperiment
from chaos.experiment import EXPERIMENTS, find_experiment, list_experiments, load_experiment
from chaos.shop.services import SERVICES

SAMPLE = EXPERIMENTS / "payments-unreachable.yaml"


def changed(folder: Path, change: str, value: Any) -> Path:
    """Write the sample with one key replaced, or taken out where the value is None."""
    content = yaml.safe_load(SAMPLE.read_text(encoding="utf-8"))
    content[change] = value
    if value is None:
        del content[change]
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return path


def part(name: str) -> list[dict[str, Any]]:
    activities: list[dict[str, Any]] = yaml.safe_load(SAMPLE.read_text(encoding="utf-8"))[name]
    return activities


def truth(**changes: Any) -> list[dict[str, Any]]:
    said = {"service": "payments", "kind": "network_link", "cause": "c", "fix": "f", **changes}
    return [{"name": "firedrill", "truth": {key: value for key, value in said.items() if value is not None}}]


def test_the_five_of_the_demo_are_there_and_break_what_they_say() -> None:
    kinds = {one.name: (one.truth.service, one.truth.kind) for one in list_experiments()}
    assert kinds == {
        "bad-version-catalog": ("catalog", FaultKind.BAD_VERSION),
        "bad-version-inventory": ("inventory", FaultKind.BAD_VERSION),
        "database-refused": ("orders", FaultKind.DATABASE_CONNECTION),
        "payments-unreachable": ("payments", FaultKind.NETWORK_LINK),
        "request-flood": ("gateway", FaultKind.REQUEST_FLOOD),
    }
    services = {spec.name for spec in SERVICES}
    for one in list_experiments():
        assert one.title
        assert one.description
        assert one.truth.service in services
        assert set(one.truth.link or ()) <= services


@pytest.mark.slow
def test_chaos_toolkit_itself_accepts_all_of_them(tmp_path: Path) -> None:
    for path in sorted(EXPERIMENTS.glob("*.yaml")):
        command = [sys.executable, "-P", "-m", "chaostoolkit", "--no-version-check", "--no-log-file", "validate"]
        checked = subprocess.run([*command, str(path)], capture_output=True, text=True, cwd=tmp_path, check=False)
        assert checked.returncode == 0, checked.stderr
        find_experiment(path.stem)
    assert list(tmp_path.iterdir()) == []


def test_an_experiment_is_found_by_its_file_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed(tmp_path, "title", "Não chega nada aos pagamentos")
    monkeypatch.chdir(tmp_path)
    found = find_experiment("mine.yaml")
    assert (found.name, found.title) == ("mine", "Não chega nada aos pagamentos")
    assert found.path == tmp_path / "mine.yaml"  # It is run from wherever Chaos Toolkit is.
    assert found.truth.link == ("orders", "payments")


def test_a_name_that_there_is_not_is_answered_with_the_closest() -> None:
    with pytest.raises(BadExperiment, match="no such experiment; did you mean 'request-flood'"):
        find_experiment("request-floods")
    with pytest.raises(BadExperiment, match=r"no such experiment; there are bad-version-catalog, .*request-flood"):
        find_experiment("zzz")


def test_a_folder_without_experiments_says_so(tmp_path: Path) -> None:
    assert list_experiments(tmp_path) == []
    with pytest.raises(BadExperiment, match="there are none"):
        find_experiment("zzz", tmp_path)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"title: [unclosed", "is not YAML: line 1: "),
        (b"title: ok\nmethod: a: b", "is not YAML: line 2: mapping values are not allowed here"),
        (b"\xff\xfe\xff", "cannot be read"),
        (b"title: \x00", "cannot be read"),
        (b"- a\n- b", "is not a mapping"),
        (b"since: 2026-13-45", "cannot be read: month must be in 1..12"),
        (b"title: " + b"[" * 5000 + b"]" * 5000, "cannot be read: it is nested too deeply"),
        (b"", "is not a mapping"),
    ],
)
def test_a_file_that_is_no_experiment_is_refused_with_the_reason(tmp_path: Path, text: bytes, problem: str) -> None:
    path = tmp_path / "broken.yaml"
    path.write_bytes(text)
    with pytest.raises(BadExperiment, match=f"experiment .*broken.yaml: {problem}"):
        load_experiment(path)


@pytest.mark.parametrize("stem", ["Payments", "não", "a b", "-a", "a.b", "a_b", "a\n", "x" * 42])
def test_a_file_whose_name_cannot_name_a_drill_is_refused(tmp_path: Path, stem: str) -> None:
    path = tmp_path / f"{stem}.yaml"
    path.write_bytes(SAMPLE.read_bytes())
    with pytest.raises(BadExperiment, match=r"at most 41 small letters a-z, digits and dashes.*; rename the file"):
        load_experiment(path)


def test_the_longest_name_of_a_drill_is_taken(tmp_path: Path) -> None:
    path = tmp_path / f"{'x' * 41}.yaml"
    path.write_bytes(SAMPLE.read_bytes())
    assert load_experiment(path).name == "x" * 41


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("steady-state-hypothesis", None, "lacks a steady-state-hypothesis with probes"),
        ("steady-state-hypothesis", {"title": "t", "probes": []}, "lacks a steady-state-hypothesis with probes"),
        ("steady-state-hypothesis", "all is well", "lacks a steady-state-hypothesis with probes"),
        ("method", None, "its method must have exactly one activity 'apply the fault', 'the fault shows', "),
        ("method", 5, "its method must have exactly one activity 'apply the fault', 'the fault shows', "),
        ("method", part("method")[1:], "its method must have exactly one activity 'apply the fault'$"),
        (
            "method",
            [*part("method"), part("method")[0]],
            "its method must have exactly one activity 'apply the fault'$",
        ),
        ("method", part("method")[::-1], "its method must have 'apply the fault', 'the fault shows', .* in this order"),
        ("rollbacks", part("rollbacks")[1:], "its rollbacks must have exactly one activity 'undo the fault'$"),
        (
            "rollbacks",
            part("rollbacks")[:1],
            "its rollbacks must have exactly one activity 'the shop is steady again'$",
        ),
        ("extensions", None, "does not say what it breaks: it lacks an extension 'firedrill' with a truth"),
        ("extensions", 5, "does not say what it breaks"),
        ("extensions", [{"name": "firedrill"}], "does not say what it breaks"),
        ("extensions", [{"name": "firedrill", "truth": "payments"}], "in the extension 'firedrill', truth: "),
        ("extensions", truth(kind="gremlins"), "in the extension 'firedrill', truth.kind: .*'network_link'"),
        ("extensions", truth(fix=None), "in the extension 'firedrill', truth.fix: Field required"),
        ("extensions", truth(colour="red"), "in the extension 'firedrill', truth.colour: Extra inputs"),
    ],
)
def test_an_experiment_that_lacks_what_a_drill_needs_is_refused(
    tmp_path: Path, key: str, value: Any, problem: str
) -> None:
    with pytest.raises(BadExperiment, match=problem):
        load_experiment(changed(tmp_path, key, value))


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("description", None, "Chaos Toolkit does not accept it: experiment requires a description"),
        ("method", [{"type": "probe", "name": "x"}, *part("method")], "not accept it: an activity requires a provider"),
        ("method", ["wait", *part("method")], "Chaos Toolkit cannot read it: AttributeError"),
        (
            "configuration",
            {"token": {"type": "env", "key": "FIREDRILL_SET_NOWHERE"}},
            "not accept it: Configuration makes reference to an environment key that does not exist",
        ),
    ],
)
def test_what_chaos_toolkit_would_not_run_is_refused_before_anything_is_touched(
    tmp_path: Path, key: str, value: Any, problem: str
) -> None:
    path = changed(tmp_path, key, value)
    load_experiment(path)
    with pytest.raises(BadExperiment, match=problem):
        find_experiment(str(path))


def test_an_action_that_there_is_not_is_refused(tmp_path: Path) -> None:
    apply, *others = part("method")
    apply["provider"]["func"] = "break_everything"
    with pytest.raises(BadExperiment, match="break_everything"):
        find_experiment(str(changed(tmp_path, "method", [apply, *others])))
    arguments = {"link": "orders-payments", "mode": "reset", "loudness": 11}
    apply["provider"] |= {"func": "break_link", "arguments": arguments}
    with pytest.raises(BadExperiment, match="loudness"):
        find_experiment(str(changed(tmp_path, "method", [apply, *others])))
