"""Sets of small recordings, with what is true of them beside: a little pair of services and its request times."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from assistant.evaluation import Line, Task
from telemetry import Alert, Recording, RecordingHeader, Stretch, write_recording

T0 = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
MINUTES = 40
ALERT_MINUTE = 35


def moment(minute: float) -> datetime:
    return T0 + timedelta(minutes=minute)


def header(name: str) -> RecordingHeader:
    return RecordingHeader(
        id=name,
        system="pair",
        window=Stretch(start=moment(0), end=moment(MINUTES)),
        baseline=(Stretch(start=moment(0), end=moment(ALERT_MINUTE - 2)),),
        alert=Alert(at=moment(ALERT_MINUTE), service="portal"),
        entry_services=("portal",),
        resolution_seconds=60,
    )


def put_recording(folder: Path, name: str, *, broken_service: str | None = None) -> Path:
    """Write a recording in which a service starts to use much more processor, or none does."""
    rows = []
    for minute in range(MINUTES):
        for place, service in enumerate(("portal", "rooms")):
            at_fault = service == broken_service and minute >= ALERT_MINUTE - 1
            value = (9.0 if at_fault else 0.2) + 0.004 * ((minute * 7 + place * 3) % 5)
            rows.append((moment(minute), "cpu_usage", value, service))
    metrics = pd.DataFrame(rows, columns=["ts", "metric", "value", "service"])
    metrics["ts"] = metrics["ts"].astype("datetime64[us, UTC]")
    calls = (("portal", "rooms"),)
    write_recording(Recording(header(name), metrics=metrics, calls=calls), folder / name)
    return folder / name


def put_truth(folder: Path, truths: Sequence[Mapping[str, Any]]) -> Path:
    path = folder / "truth.jsonl"
    path.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in truths), encoding="utf-8")
    return path


def put_set(folder: Path) -> Path:
    """Write a set of a fault, a quiet recording and a broken one, and what is true of them."""
    put_recording(folder, "a-1", broken_service="rooms")
    put_recording(folder, "a-2")
    put_broken(folder, "a-3")
    put_truth(
        folder,
        [
            {"id": "a-1", "fault": True, "service": "rooms", "kind": "cpu"},
            {"id": "a-2", "fault": False, "service": None, "kind": None},
            {"id": "a-3", "fault": True, "service": "portal", "kind": "cpu"},
        ],
    )
    return folder


def put_broken(folder: Path, name: str) -> Path:
    (folder / name).mkdir(parents=True)
    (folder / name / "recording.json").write_text('{"schema": 1, "id": ', encoding="utf-8")
    return folder / name


def only_named(task: Task) -> Line:
    return Line(id=task.recording.id, set_name=task.recording.set_name)


def deadly_for_b(task: Task) -> Line:
    """End the whole process on recordings whose id begins with a b, as running out of memory does."""
    if task.recording.id.startswith("b"):
        os._exit(9)
    return only_named(task)


def who_worked(task: Task) -> Line:
    threads = os.environ.get("OMP_NUM_THREADS")
    return Line(id=task.recording.id, set_name=task.recording.set_name, ranking=(str(os.getpid()), str(threads)))
