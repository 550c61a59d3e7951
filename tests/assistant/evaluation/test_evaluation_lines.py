import json
from pathlib import Path

import pytest

from assistant.evaluation import EvaluationError, Line, LineFile, StoredRecording, Variant, read_lines


def line(name: str) -> Line:
    return Line(id=name, set_name="one", ranking=("serviço-ü", "b"), kind="slow_code", seconds=0.5, probability=0.7)


def test_lines_stand_in_the_order_of_the_recordings_however_they_came(tmp_path: Path) -> None:
    with LineFile(tmp_path / "new" / "r.jsonl") as file:
        for number in (2, 0, 3, 1):
            file.add(number, line(f"a-{number}"))
            read_lines(file.path)
    assert [one.id for one in read_lines(file.path)] == ["a-0", "a-1", "a-2", "a-3"]


def test_what_is_there_is_on_disk_at_once(tmp_path: Path) -> None:
    with LineFile(tmp_path / "r.jsonl") as file:
        file.add(0, line("a-0"))
        assert read_lines(file.path) == (line("a-0"),)


def test_an_interrupted_run_leaves_every_line_that_it_had(tmp_path: Path) -> None:
    def interrupted() -> None:
        with LineFile(tmp_path / "r.jsonl") as file:
            file.add(0, line("a-0"))
            file.add(5, line("a-5"))
            file.add(3, line("a-3"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [one.id for one in read_lines(tmp_path / "r.jsonl")] == ["a-0", "a-3", "a-5"]


def test_a_run_that_never_began_destroys_nothing(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text("kept\n")
    with LineFile(path):
        pass
    assert path.read_text() == "kept\n"
    with LineFile(path) as file:
        file.add(0, line("a-0"))
    assert read_lines(path) == (line("a-0"),)


def test_a_line_has_the_keys_that_scorers_read() -> None:
    values = json.loads(line("a-1").as_json())
    assert values == {
        "id": "a-1",
        "set": "one",
        "ranking": ["serviço-ü", "b"],
        "kind": "slow_code",
        "abstained": False,
        "seconds": 0.5,
        "probability": 0.7,
        "probabilities": [],
        "late_seconds": 0.0,
    }
    assert "serviço-ü" in line("a-1").as_json()


def test_a_failure_is_one_line_with_its_reason(tmp_path: Path) -> None:
    stored = StoredRecording(set_name="one", id="a-1", folder=tmp_path)
    failed = Line.failed(stored, Variant(late_seconds=30), "não\nlido\u2028aqui")
    assert failed.error == "não lido aqui"
    assert json.loads(failed.as_json())["error"] == "não lido aqui"
    assert Line.failed(stored, Variant(), " ").error


def test_lines_that_are_none_are_named_by_their_number(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text(line("a-1").as_json() + "\n\n[1]\n")
    with pytest.raises(EvaluationError, match=r"line 3 of .*r.jsonl is no result"):
        read_lines(path)
    with pytest.raises(EvaluationError, match="cannot be read"):
        read_lines(tmp_path / "gone.jsonl")
