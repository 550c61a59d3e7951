"""Our figures are those of the scorer that nobody here wrote, which lies beside the repository."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from small_sets import put_broken, put_truth

from assistant.evaluation import (
    Line,
    LineFile,
    RecordingSet,
    Task,
    Variant,
    examine_all,
    find_sets,
    read_lines,
    read_truth,
    score,
)

SHARED = Path(__file__).resolve().parents[4] / "shared"
SCORER = SHARED / "bench" / "score_rca.py"
PUBLIC = SHARED / "data" / "rca"
OF_EACH_SET = 3

pytestmark = pytest.mark.skipif(not SCORER.is_file(), reason="the outside scorer does not lie beside the repository")


def assert_same_figures(sets: tuple[RecordingSet, ...], results: Path) -> None:
    folders = [str(one.folder) for one in sets]
    command = [sys.executable, str(SCORER), *folders, "--results", str(results), "--json"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    truths = {one.name: read_truth(one.folder) for one in sets}
    ours = json.loads(json.dumps(score(sets, truths, read_lines(results)).as_json()))
    assert_holds(json.loads(done.stdout), ours, "figures")


def assert_holds(theirs: Any, ours: Any, where: str) -> None:
    if isinstance(theirs, dict):
        for key, value in theirs.items():
            assert_holds(value, ours[key], f"{where}.{key}")
    else:
        assert theirs == ours, where


def made_up_line(chance: random.Random, set_name: str, name: str, services: list[str]) -> Line | None:
    fate = chance.random()
    if fate < 0.1:
        return None
    if fate < 0.2:
        return Line(id=name, set_name=set_name, error="it broke")
    abstained = chance.random() < 0.3
    ranking = tuple(chance.choices(services, k=chance.randrange(8)))
    return Line(
        id=name,
        set_name=set_name,
        ranking=ranking,
        abstained=abstained,
        kind=None if abstained or not ranking else chance.choice(["cpu", "rede", "deploy"]),
        seconds=round(chance.random(), 4),
    )


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_made_up_results_get_the_same_figures(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    services = ["carts", "carts-db", "orders", "preço", "preço-db", "fila"]
    results = LineFile(tmp_path / "r.jsonl")
    with results:
        for set_name in ("one", "two"):
            truths = []
            for name in (f"a-{number}" for number in range(chance.randrange(2, 40))):
                put_broken(tmp_path / "sets" / set_name, name)
                fault = chance.random() < 0.7
                kind = chance.choice(["cpu", "rede", None]) if fault else None
                truths.append(
                    {"id": name, "fault": fault, "service": chance.choice(services) if fault else None, "kind": kind}
                )
                line = made_up_line(chance, set_name, name, services)
                if line is not None:
                    results.add(results_so_far(results), line)
            put_truth(tmp_path / "sets" / set_name, truths)
        (tmp_path / "sets" / "two" / "scoring.json").write_text('{"strip_suffix": ["-db"]}')
    assert_same_figures(find_sets([tmp_path / "sets"]), results.path)


def results_so_far(results: LineFile) -> int:
    return len(read_lines(results.path)) if results.path.exists() else 0


@pytest.mark.slow
@pytest.mark.skipif(not PUBLIC.is_dir(), reason="the public failure data does not lie beside the repository")
def test_real_recordings_get_the_same_figures(tmp_path: Path) -> None:
    sets = find_sets([PUBLIC])
    tasks = [Task(stored, Variant()) for one in sets for stored in one.recordings[:OF_EACH_SET]]
    with LineFile(tmp_path / "r.jsonl") as results:
        for number, (_, line) in enumerate(examine_all(tasks, jobs=1)):
            assert line.error is None
            results.add(number, line)
    assert_same_figures(sets, results.path)
