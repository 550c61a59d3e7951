from pathlib import Path

import pytest
from small_sets import put_truth

from assistant.evaluation import Truth, TruthUnusable, read_truth


def test_truth_is_read_with_its_rules(tmp_path: Path) -> None:
    put_truth(
        tmp_path,
        [
            {"id": "a-1", "fault": True, "service": "preço-db", "kind": "cpu", "indicator": None, "injected_at": None},
            {"id": "a-2", "fault": False, "service": None, "kind": None},
        ],
    )
    (tmp_path / "scoring.json").write_text('{"strip_suffix": ["-db", "-svc"]}')
    found = read_truth(tmp_path)
    assert found.recordings == (
        Truth(id="a-1", fault=True, service="preço-db", kind="cpu"),
        Truth(id="a-2", fault=False),
    )
    assert [found.same(name) for name in ("preço-db", "preço", "a-svc-db", "a-db-svc")] == [
        "preço",
        "preço",
        "a",
        "a-db",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("not json\n", "line 1 is JSONDecodeError"),
        ('{"id": "a-1", "fault": false}\n\n{"id": "a-2"}\n', "line 3 is KeyError"),
        ('{"id": "a-1", "fault": true, "service": null}\n', "a fault without its service"),
        ('{"id": "a-1", "fault": false}\n{"id": "a-1", "fault": false}\n', "speaks of 'a-1' twice"),
        ("[]\n", "line 1 is TypeError"),
    ],
)
def test_broken_truth_is_named_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "truth.jsonl").write_text(text)
    with pytest.raises(TruthUnusable, match=said):
        read_truth(tmp_path)


def test_missing_truth_and_broken_rules_are_named(tmp_path: Path) -> None:
    with pytest.raises(TruthUnusable, match=r"truth.jsonl is not there; run without --truth"):
        read_truth(tmp_path)
    put_truth(tmp_path, [])
    (tmp_path / "scoring.json").write_text("{}")
    with pytest.raises(TruthUnusable, match=r"scoring.json cannot be read: KeyError"):
        read_truth(tmp_path)
    (tmp_path / "truth.jsonl").write_bytes(b"\xff\xfe")
    with pytest.raises(TruthUnusable, match=r"truth.jsonl cannot be read"):
        read_truth(tmp_path)
