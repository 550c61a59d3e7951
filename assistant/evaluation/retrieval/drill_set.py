"""Recordings of drills as questions: is the entry of the same fault on another service found?"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from assistant.diagnosis import Diagnosis, diagnose_folder
from assistant.evaluation.errors import SetUnusable
from assistant.evaluation.retrieval.running import Told
from assistant.evaluation.retrieval.trial import Query, Trial
from assistant.evaluation.sets import RecordingSet
from assistant.evaluation.truth import Truth, read_truth
from assistant.incidents import Incident, Timeline
from assistant.memory import entry_of, question_of, symptoms_text
from knowledge_base import Entry, Question, ReviewStatus
from telemetry import RecordingError, read_header

ELSEWHERE: Final = "same fault elsewhere"
KIND_HELD_OUT: Final = "kind held out"
# With fewer entries known, "nothing similar" is right for want of anything and not for want of likeness.
_FEWEST_KNOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Drill:
    """A fault that was recorded and diagnosed, as the product would remember it and ask about it.

    Attributes:
        entry: What is remembered, written when the fault was noticed.
        question: What is asked while it lasts.
        truth: What was broken.
        began: First moment that its recording has; only what was written before is known.
    """

    entry: Entry
    question: Question
    truth: Truth
    began: datetime


def read_drill_set(
    sets: Sequence[RecordingSet], *, jobs: int, tell: Callable[[Told], None] = lambda _told: None
) -> Trial:
    """Diagnose recordings of faults, and ask of each what was known when it began.

    Each is asked twice: without the entries of the same fault on the same service, so that the same fault on another
    one has to be found; and without any entry of its kind, when "nothing similar" is right. What was recorded later,
    and the case itself, are never found.

    Raises:
        SetUnusable: A recording cannot be diagnosed.
        TruthUnusable: What was broken is not known.
    """
    drills = sorted(_diagnosed(sets, jobs, tell), key=lambda drill: (drill.began, drill.entry.id))
    return Trial(
        name="+".join(one.name for one in sets),
        entries=tuple(drill.entry for drill in drills),
        queries=questions_about(drills),
        measure="recall@1",
    )


def questions_about(drills: Sequence[Drill]) -> tuple[Query, ...]:
    """Ask about each drill what was known before it, in the two ways of `read_drill_set`."""
    return tuple(query for drill in drills for query in _queries(drill, drills))


def _queries(drill: Drill, drills: Sequence[Drill]) -> Iterator[Query]:
    earlier = [other for other in drills if other.entry.created_at < drill.began]
    same = [other for other in earlier if other.truth.kind == drill.truth.kind]
    here = frozenset(other.entry.id for other in same if other.truth.service == drill.truth.service)
    elsewhere = [other.entry.id for other in same if other.entry.id not in here]
    if len(earlier) - len(here) >= _FEWEST_KNOWN:
        yield Query(
            id=f"{drill.entry.id}-elsewhere",
            question=drill.question,
            grades=dict.fromkeys(elsewhere, 1),
            absent=here | {drill.entry.id},
            before=drill.began,
            form=ELSEWHERE,
            seen=bool(elsewhere),
        )
    if elsewhere and len(earlier) - len(same) >= _FEWEST_KNOWN:
        yield Query(
            id=f"{drill.entry.id}-unknown",
            question=drill.question,
            grades={},
            absent=frozenset(other.entry.id for other in same) | {drill.entry.id},
            before=drill.began,
            form=KIND_HELD_OUT,
            seen=False,
        )


def _diagnosed(sets: Sequence[RecordingSet], jobs: int, tell: Callable[[Told], None]) -> Iterator[Drill]:
    faults = [
        (stored.folder, f"{one.name}-{stored.id}", truth)
        for one in sets
        for truth in read_truth(one.folder).recordings
        if truth.fault and truth.kind
        for stored in one.recordings
        if stored.id == truth.id
    ]
    with ExitStack() as ended:
        folders = [folder for folder, _, _ in faults]
        if jobs == 1:
            found: Iterable[Diagnosis] = map(_examined, folders)
        else:
            workers = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_begin)
            ended.callback(workers.shutdown, cancel_futures=True)
            found = workers.map(_examined, folders)
        for number, ((folder, name, truth), diagnosis) in enumerate(zip(faults, found, strict=True), start=1):
            yield _drill(folder, name, truth, diagnosis)
            tell(Told("diagnosed", number, len(faults)))


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent ends us.


def _examined(folder: Path) -> Diagnosis:
    try:
        return diagnose_folder(folder)
    except RecordingError as error:
        raise SetUnusable(folder, f"cannot be diagnosed: {error}") from error


def _drill(folder: Path, name: str, truth: Truth, diagnosis: Diagnosis) -> Drill:
    header = read_header(folder)
    detected = header.alert.at
    incident = Incident(
        id=_as_id(name), system=diagnosis.system, title="", timeline=Timeline(detected=detected), diagnosis=diagnosis
    )
    entry = entry_of(incident, now=detected)
    services = tuple(dict.fromkeys((truth.service or "", *entry.services)))
    # As a drill teaches it, and somebody approved it.
    entry = entry.model_copy(update={"fault_kind": truth.kind, "services": services, "status": ReviewStatus.APPROVED})
    question = question_of(diagnosis, symptoms_text(incident))
    return Drill(entry=entry, question=question, truth=truth, began=diagnosis.window.start)


def _as_id(name: str) -> str:
    return "".join(character if character.isalnum() else "-" for character in name.lower()).strip("-")
