from pathlib import Path

import pytest
from small_sets import put_broken, put_recording

from assistant.evaluation import NoRecordings, SameName, find_sets


def test_a_recording_a_set_and_a_folder_of_sets_are_told_apart(tmp_path: Path) -> None:
    first = put_recording(tmp_path / "sets" / "one", "a-1")
    put_recording(tmp_path / "sets" / "one", "a-2")
    put_recording(tmp_path / "sets" / "two", "a-1")
    (tmp_path / "sets" / "empty").mkdir()
    found = find_sets([tmp_path / "sets"])
    assert [(one.name, one.whole, [r.id for r in one.recordings]) for one in found] == [
        ("one", True, ["a-1", "a-2"]),
        ("two", True, ["a-1"]),
    ]
    (one,) = find_sets([tmp_path / "sets" / "one"])
    assert one == found[0]
    (alone,) = find_sets([first])
    assert (alone.name, alone.whole, [r.folder for r in alone.recordings]) == ("one", False, [first])


def test_what_is_named_twice_counts_once(tmp_path: Path) -> None:
    first = put_recording(tmp_path / "one", "a-1")
    put_recording(tmp_path / "one", "a-2")
    (one,) = find_sets([first, tmp_path / "one", tmp_path, tmp_path / "one" / ".." / "one"])
    assert (one.whole, [r.id for r in one.recordings]) == (True, ["a-1", "a-2"])


def test_a_set_goes_by_its_real_name_however_it_was_reached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_recording(tmp_path / "ação", "a-1")
    monkeypatch.chdir(tmp_path / "ação")
    assert [one.name for one in find_sets([Path()])] == ["ação"]


def test_a_place_without_recordings_is_named(tmp_path: Path) -> None:
    put_recording(tmp_path / "one", "a-1")
    (tmp_path / "nothing").mkdir()
    with pytest.raises(NoRecordings, match=r"no recording in .*nothing; name a recording, a set's folder"):
        find_sets([tmp_path / "one", tmp_path / "nothing"])
    with pytest.raises(NoRecordings, match=r"no recording in .*gone"):
        find_sets([tmp_path / "gone"])


def test_an_unfinished_recording_is_none(tmp_path: Path) -> None:
    put_recording(tmp_path / "one", "a-1").rename(tmp_path / "one" / ".a-1-x7")
    with pytest.raises(NoRecordings):
        find_sets([tmp_path / "one"])


def test_two_recordings_of_a_set_may_not_share_an_id(tmp_path: Path) -> None:
    put_recording(tmp_path / "one", "a-1").rename(tmp_path / "one" / "copy")
    put_recording(tmp_path / "one", "a-1")
    with pytest.raises(SameName, match=r"two recordings of the set 'one' are called 'a-1': .*a-1 and .*copy"):
        find_sets([tmp_path / "one"])


def test_two_sets_may_not_share_a_name(tmp_path: Path) -> None:
    put_recording(tmp_path / "x" / "one", "a-1")
    put_recording(tmp_path / "y" / "one", "b-1")
    with pytest.raises(SameName, match="two sets are called 'one'"):
        find_sets([tmp_path / "x", tmp_path / "y"])


def test_a_broken_recording_goes_by_its_folder(tmp_path: Path) -> None:
    put_broken(tmp_path / "one", "a-9")
    (one,) = find_sets([tmp_path / "one"])
    assert [r.id for r in one.recordings] == ["a-9"]
