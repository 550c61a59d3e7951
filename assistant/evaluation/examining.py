"""One recording, diagnosed and written down as a line."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Final, Protocol

from assistant.diagnosis import Diagnosis, diagnose
from assistant.diagnosis.finding import Part
from assistant.diagnosis.parts import PARTS
from assistant.evaluation.lines import Line
from assistant.evaluation.stored import StoredRecording
from assistant.evaluation.variants import Variant
from telemetry import Recording, RecordingError, RecordingHeader, read_recording

_log = logging.getLogger(__name__)

_INSIDE: Final = timedelta(seconds=1)


class Engine(Protocol):
    """What turns a recording into a diagnosis."""

    def __call__(self, recording: Recording, *, parts: Sequence[Part]) -> Diagnosis:
        """Diagnose with these parts."""
        ...


def examine(stored: StoredRecording, variant: Variant, *, engine: Engine = diagnose) -> Line:
    """Diagnose a recording; whatever goes wrong is said in the line, so that the others still get theirs.

    Reads the recording's own folder and nothing beside it, save for tables that its header shares with others.
    """
    started = time.perf_counter()
    try:
        recording = _as_asked(read_recording(stored.folder), variant)
        found = engine(recording, parts=tuple(part for part in PARTS if part.name not in variant.without))
    except RecordingError as error:
        return Line.failed(stored, variant, str(error))
    except Exception as error:
        # An engine that breaks on one recording is a finding about that recording, and the run goes on.
        _log.exception("the diagnosis of %s broke", stored.folder)
        return Line.failed(stored, variant, f"the diagnosis broke: {type(error).__name__}: {error}")
    return line_of(stored, variant, found, seconds=time.perf_counter() - started)


def line_of(stored: StoredRecording, variant: Variant, found: Diagnosis, *, seconds: float) -> Line:
    """Write down a diagnosis; an abstention names no kind and no probability."""
    top = None if found.abstained else found.top
    return Line(
        id=stored.id,
        set_name=stored.set_name,
        ranking=tuple(dict.fromkeys(one.service for one in found.hypotheses)),
        kind=None if top is None else str(top.kind),
        abstained=found.abstained or top is None,
        seconds=round(seconds, 4),
        probability=None if top is None else top.probability,
        probabilities=tuple(one.probability for one in found.hypotheses),
        late_seconds=variant.late_seconds,
        failed_parts=found.failed_parts,
    )


def alarm_later(header: RecordingHeader, late_seconds: float) -> RecordingHeader:
    """Give a header whose alarm comes later by so many seconds, at the latest in the window's last second."""
    alert = header.alert
    latest = max(alert.at, header.window.end - _INSIDE)
    moved = alert.model_copy(update={"at": min(alert.at + timedelta(seconds=late_seconds), latest)})
    return header.model_copy(update={"alert": moved})


def _as_asked(recording: Recording, variant: Variant) -> Recording:
    kept = {name: None if name in variant.without else recording.table(name) for name in _tables(recording)}
    return Recording(
        alarm_later(recording.header, variant.late_seconds),
        calls=None if "topology" in variant.without else recording.calls,
        **kept,
    )


def _tables(recording: Recording) -> tuple[str, ...]:
    return tuple(name for name in ("metrics", "spans", "logs", "events") if name not in recording.missing)
