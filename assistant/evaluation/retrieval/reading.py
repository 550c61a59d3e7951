"""From places on a disk to trials, whatever lies there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from assistant.evaluation.errors import NoRecordings, SameName, SetUnusable
from assistant.evaluation.retrieval.drill_set import read_drill_set
from assistant.evaluation.retrieval.incident_set import read_incident_set
from assistant.evaluation.retrieval.runbook_set import CORPUS_FILE, QUERIES_FILE, read_runbook_set
from assistant.evaluation.retrieval.running import Told
from assistant.evaluation.retrieval.scoring import check_enough
from assistant.evaluation.retrieval.trial import Trial
from assistant.evaluation.sets import RecordingSet, find_sets
from assistant.evaluation.truth import TRUTH_FILE

_LINES: Final = ".jsonl"


def read_trials(
    places: Sequence[Path], *, jobs: int, tell: Callable[[Told], None] = lambda _told: None
) -> tuple[Trial, ...]:
    """Read sets: folders of runbooks and questions, files of incidents or folders of such, and sets of recordings.

    All recordings together are one trial, as a drill may have an entry of another set.

    Args:
        places: Where the sets are.
        jobs: How many recordings are diagnosed at once.
        tell: Told how far that is.

    Raises:
        SetUnusable: A place holds no set, or a broken one.
        SameName: Two sets share a name.
        TooFewQueries: A set has fewer questions with an answer than a figure needs.
        TruthUnusable: Recordings of which nobody knows what was broken.
    """
    trials: dict[str, tuple[Trial, Path]] = {}
    recorded: list[Path] = []
    for place in dict.fromkeys(path.resolve() for path in places):
        files = _files(place)
        if not files:
            recorded.append(place)
        for file in files:
            trial = read_runbook_set(file) if file.is_dir() else read_incident_set(file)
            check_enough(trial)
            if trial.name in trials:
                raise SameName("sets", trial.name, trials[trial.name][1], file)
            trials[trial.name] = trial, file
    found = [trial for trial, _ in trials.values()]
    if recorded:
        drills = read_drill_set(_with_truth(recorded), jobs=jobs, tell=tell)
        check_enough(drills)
        found.append(drills)
    return tuple(found)


def _files(place: Path) -> list[Path]:
    """Give what is a set of its own in a place; nothing where there are recordings."""
    if (place / CORPUS_FILE).is_file() or (place / QUERIES_FILE).is_file() or place.is_file():
        return [place]
    if not place.exists():
        raise SetUnusable(place, "is not there; name a set")
    try:
        find_sets([place])
    except NoRecordings:
        files = sorted(path for path in place.glob(f"[!.]*{_LINES}") if path.is_file())
        if not files:
            raise SetUnusable(
                place, f"holds no set: neither {CORPUS_FILE}, nor {_LINES} files of incidents, nor recordings"
            ) from None
        return files
    return []


def _with_truth(places: Sequence[Path]) -> tuple[RecordingSet, ...]:
    sets = find_sets(places)
    for one in sets:
        if not (one.folder / TRUTH_FILE).is_file():
            raise SetUnusable(one.folder, f"has no {TRUTH_FILE}, so nobody knows what should be found; leave it out")
    return sets
