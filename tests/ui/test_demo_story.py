from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from chaos import DrillResult, QuietResult, Score
from ui.commands.results import drill_table
from ui.demo.story import DRILLS, DemoResult
from ui.demo.workspace import demo_settings, make_room
from ui.settings import Settings

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def drill(name: str, *, right: bool = True, similar: str | None = None, **changed: Any) -> DrillResult:
    score = Score(top_service="orders", top_kind="bad_version", right=right, similar=similar)
    known: dict[str, Any] = {
        "id": f"{name}-1",
        "name": name,
        "fault": "bad_version",
        "service": "orders",
        "effect_seen_at": NOON,
        "detected_at": NOON,
        "score": score,
    }
    return DrillResult(**(known | changed))


def result(*changed: DrillResult, false_alarms: int = 0) -> DemoResult:
    drills = {name: drill(name) for name in DRILLS[:-1]} | {DRILLS[-1]: drill(DRILLS[-1], similar=DRILLS[-2])}
    drills |= {one.name: one for one in changed}
    incidents = tuple(f"inc-{number}" for number in range(false_alarms))
    return DemoResult(drills=tuple(drills.values()), quiet=QuietResult(began=NOON, minutes=1, incidents=incidents))


@pytest.mark.parametrize(
    ("told", "convincing"),
    [
        (result(), True),
        (result(drill(DRILLS[0], right=False)), True),
        (result(drill(DRILLS[0], right=False), drill(DRILLS[1], right=False)), False),
        (result(drill(DRILLS[0], detected_at=None)), False),
        (result(drill(DRILLS[0], invalid="the fault took no effect")), False),
        (result(drill(DRILLS[-1], right=False, similar=DRILLS[-2])), False),
        (result(drill(DRILLS[-1], similar=DRILLS[0])), False),
        (result(drill(DRILLS[-1])), False),
        (result(false_alarms=1), False),
    ],
)
def test_a_demo_convinces_only_by_all_that_it_promises(told: DemoResult, convincing: bool) -> None:
    assert told.convincing is convincing


def test_the_summary_has_the_names_that_are_promised() -> None:
    summary = result().summary()
    promised = {
        *("name", "fault", "service", "effect_seen", "detected", "seconds_to_detect", "top_service", "top_kind"),
        *("right", "similar", "seconds_to_recover"),
    }
    assert all(promised <= set(one) for one in summary["drills"])
    assert {"minutes", "false_alarms"} <= set(summary["quiet"])


def test_the_table_has_a_line_for_each_drill_even_an_invalid_one(capsys: pytest.CaptureFixture[str]) -> None:
    drill_table([drill("um"), drill("dois", right=False), drill("três", invalid="[red]não[/red] pegou")])
    lines = capsys.readouterr().out.splitlines()
    assert any("um" in line and "right" in line for line in lines)
    assert any("dois" in line and "wrong" in line for line in lines)
    assert any("três" in line and "invalid: [red]não[/red] pegou" in line for line in lines)


def test_a_demo_has_a_workspace_of_its_own_and_keeps_one_demo_before(tmp_path: Path) -> None:
    folder = demo_settings(Settings.model_validate({"workspace": {"path": tmp_path}})).workspace.path
    assert folder == tmp_path / "demo"
    assert make_room(folder) is None
    for text in ("first", "second"):
        folder.mkdir()
        (folder / "note").write_text(text)
        aside = make_room(folder)
        assert aside == tmp_path / "demo-before"
        assert not folder.exists()
        assert (aside / "note").read_text() == text
