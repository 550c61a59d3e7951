"""Which recordings there are: a set is a folder of them, and what is true of them lies beside, never inside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from assistant.evaluation.errors import NoRecordings, SameName
from assistant.evaluation.stored import StoredRecording
from telemetry import RecordingError, read_header

_HEADER: Final = "recording.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingSet:
    """Recordings that lie in one folder.

    Attributes:
        name: The folder's name.
        folder: Where the set lies, and what is true of it.
        recordings: What is to be run, in the order of their ids.
        whole: Whether the set was asked for as a whole, rather than some of its recordings.
    """

    name: str
    folder: Path
    recordings: tuple[StoredRecording, ...]
    whole: bool


def find_sets(places: Sequence[Path]) -> tuple[RecordingSet, ...]:
    """Find the recordings in places, each a recording, a set's folder or a folder of sets.

    What is named twice counts once. Only headers are read, and nothing that says what is true.

    Raises:
        NoRecordings: A place holds none.
        SameName: Two recordings of a set share an id, or two sets a name.
    """
    wanted: dict[Path, set[Path]] = {}
    whole: set[Path] = set()
    for place in places:
        home = place.resolve()
        if (home / _HEADER).is_file():
            wanted.setdefault(home.parent, set()).add(home)
            continue
        folders = [home] if _recordings_in(home) else [one for one in _folders_in(home) if _recordings_in(one)]
        if not folders:
            raise NoRecordings(place)
        for folder in folders:
            wanted.setdefault(folder, set()).update(_recordings_in(folder))
            whole.add(folder)
    found = [_as_set(folder, recordings, whole=folder in whole) for folder, recordings in wanted.items()]
    named: dict[str, RecordingSet] = {}
    for one in found:
        other = named.setdefault(one.name, one)
        if other is not one:
            raise SameName("sets", one.name, other.folder, one.folder)
    return tuple(sorted(found, key=lambda one: one.name))


def _as_set(folder: Path, recordings: Iterable[Path], *, whole: bool) -> RecordingSet:
    stored: dict[str, StoredRecording] = {}
    for path in sorted(recordings):
        one = StoredRecording(set_name=folder.name, id=_id_of(path), folder=path)
        other = stored.setdefault(one.id, one)
        if other is not one:
            raise SameName(f"recordings of the set {folder.name!r}", one.id, other.folder, one.folder)
    ordered = tuple(stored[key] for key in sorted(stored))
    return RecordingSet(name=folder.name, folder=folder, recordings=ordered, whole=whole)


def _id_of(folder: Path) -> str:
    try:
        return read_header(folder).id
    except RecordingError:
        return folder.name  # The run will say what is wrong with it.


def _recordings_in(folder: Path) -> list[Path]:
    return [one for one in _folders_in(folder) if (one / _HEADER).is_file()]


def _folders_in(folder: Path) -> list[Path]:
    # What begins with a dot is unfinished or not ours.
    return sorted(one for one in folder.glob("[!.]*") if one.is_dir())
