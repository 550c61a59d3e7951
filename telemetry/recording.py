"""A recording: one stretch of telemetry, frozen to disk. The format is specified in `docs/recording.md`."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from telemetry.errors import RecordingError

SCHEMA_VERSION: Final = 1
_TIMESTAMP: Final = pa.timestamp("us", tz="UTC")
_STRING: Final = pa.string()

# Required columns come first; what follows the bar in the specification is optional.
_REQUIRED: Final[Mapping[str, Mapping[str, pa.DataType]]] = {
    "metrics": {"ts": _TIMESTAMP, "metric": _STRING, "value": pa.float64(), "service": _STRING},
    "spans": {
        "trace_id": _STRING,
        "span_id": _STRING,
        "parent_span_id": _STRING,
        "service": _STRING,
        "name": _STRING,
        "ts": _TIMESTAMP,
        "duration_ms": pa.float64(),
    },
    "logs": {"ts": _TIMESTAMP, "service": _STRING, "body": _STRING},
    "events": {
        "ts": _TIMESTAMP,
        "service": _STRING,
        "event_type": _STRING,
        "version": _STRING,
        "metadata": _STRING,
    },
}
TABLES: Final = tuple(_REQUIRED)


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


def _in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


# One time zone, whatever it was written in: tools for times refuse to compare what only means the same.
Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]


class Stretch(_Value):
    """A stretch of time, `start` included and `end` not."""

    start: Moment
    end: Moment

    @model_validator(mode="after")
    def _runs_forward(self) -> Stretch:
        if self.end <= self.start:
            raise ValueError(f"end {self.end.isoformat()} is not after start {self.start.isoformat()}")
        return self

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return (self.end - self.start).total_seconds()


class Alert(_Value):
    """What woke somebody. `at` may be late; `service` is where it was noticed, seldom where it began."""

    at: Moment
    service: str | None = None
    description: str = ""


class RecordingHeader(_Value):
    """What `recording.json` holds: what was recorded, when, of which system, and why."""

    schema_version: int = Field(SCHEMA_VERSION, alias="schema")
    id: str = Field(pattern=r"^[a-z0-9-]+$")
    system: str
    window: Stretch
    baseline: tuple[Stretch, ...] = ()
    alert: Alert
    entry_services: tuple[str, ...] = ()
    resolution_seconds: float = Field(gt=0)
    tables: Mapping[str, str] = Field(default_factory=dict)

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class Recording:
    """A header and the tables that were collected.

    A table that is None was not collected, which is not the same as an empty one ("collected, nothing happened").
    Tables are pandas frames with the columns of the specification, sorted by `ts`, cut to the window.

    Attributes:
        header: What `recording.json` holds.
        metrics: One row a point, or None.
        spans: One row a span, or None.
        logs: One row a line, or None.
        events: One row an event, or None.
        calls: Known calls as `(caller, callee)`, or None where no topology was recorded.
    """

    def __init__(
        self,
        header: RecordingHeader,
        *,
        metrics: pd.DataFrame | None = None,
        spans: pd.DataFrame | None = None,
        logs: pd.DataFrame | None = None,
        events: pd.DataFrame | None = None,
        calls: tuple[tuple[str, str], ...] | None = None,
    ) -> None:
        self.header = header
        self.metrics, self.spans, self.logs, self.events = metrics, spans, logs, events
        self.calls = calls

    def table(self, name: str) -> pd.DataFrame | None:
        """Give a table by its name in the specification, None where it was not collected."""
        found: pd.DataFrame | None = {
            "metrics": self.metrics,
            "spans": self.spans,
            "logs": self.logs,
            "events": self.events,
        }[name]
        return found

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of the tables that were not collected."""
        return tuple(name for name in TABLES if self.table(name) is None)


def read_recording(folder: Path) -> Recording:
    """Read a recording, its shared tables included, each cut to the window.

    Raises:
        RecordingError: The folder, its `recording.json` or one of its tables is missing, broken, or says
            something impossible. The message names the file.
    """
    header = read_header(folder)
    tables = {name: _read_table(folder, header, name) for name in TABLES}
    return Recording(header, calls=_read_topology(folder), **tables)


def read_header(folder: Path) -> RecordingHeader:
    """Read only `recording.json`.

    Raises:
        RecordingError: As `read_recording`.
    """
    path = folder / "recording.json"
    if not path.is_file():
        raise RecordingError(folder, "there is no recording.json in it; give the folder that holds one")
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        header = RecordingHeader.model_validate(found)
    except (ValueError, ValidationError, OSError) as error:
        raise RecordingError(path, f"cannot be read: {_first_line(error)}") from error
    if header.schema_version != SCHEMA_VERSION:
        raise RecordingError(path, f"has schema {header.schema_version}, this version reads {SCHEMA_VERSION}")
    return header


def write_recording(recording: Recording, folder: Path) -> None:
    """Write a recording to a new folder; it appears whole or not at all.

    Raises:
        RecordingError: The folder exists already, or cannot be written.
    """
    if folder.exists():
        raise RecordingError(folder, "exists already; choose another folder, recordings are never overwritten")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise RecordingError(folder, f"cannot be written: {error}") from error
    try:
        for name in TABLES:
            frame = recording.table(name)
            if frame is not None:
                pq.write_table(_to_arrow(frame, name), unfinished / f"{name}.parquet", compression="zstd")
        if recording.calls is not None:
            text = json.dumps({"calls": [list(call) for call in recording.calls]}, ensure_ascii=False, indent=1)
            (unfinished / "topology.json").write_text(text, encoding="utf-8")
        header = recording.header.model_dump(mode="json", by_alias=True, exclude={"tables"})
        (unfinished / "recording.json").write_text(json.dumps(header, ensure_ascii=False, indent=1), encoding="utf-8")
        unfinished.rename(folder)
    except (OSError, pa.ArrowException) as error:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise RecordingError(folder, f"cannot be written: {_first_line(error)}") from error


def _read_table(folder: Path, header: RecordingHeader, name: str) -> pd.DataFrame | None:
    shared = header.tables.get(name)
    path = (folder / shared) if shared else folder / f"{name}.parquet"
    if not path.is_file():
        if shared:
            raise RecordingError(folder, f"names {shared} as its {name} table, and there is no such file")
        return None
    window = [
        ("ts", ">=", pa.scalar(header.window.start, type=_TIMESTAMP)),
        ("ts", "<", pa.scalar(header.window.end, type=_TIMESTAMP)),
    ]
    try:
        lacking = [column for column in _REQUIRED[name] if column not in pq.read_schema(path).names]
        if lacking:
            raise RecordingError(path, f"lacks the column {', '.join(lacking)}")
        frame = pq.read_table(path, filters=window).to_pandas()
    except (OSError, pa.ArrowException, ValueError) as error:
        raise RecordingError(path, f"cannot be read: {_first_line(error)}") from error
    ordered: pd.DataFrame = frame.sort_values("ts", kind="stable", ignore_index=True)
    return ordered


def _read_topology(folder: Path) -> tuple[tuple[str, str], ...] | None:
    path = folder / "topology.json"
    if not path.is_file():
        return None
    try:
        calls = json.loads(path.read_text(encoding="utf-8"))["calls"]
        return tuple((str(caller), str(callee)) for caller, callee in calls)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RecordingError(path, f"cannot be read: {_first_line(error)}") from error


def _to_arrow(frame: pd.DataFrame, name: str) -> pa.Table:
    types = dict(_REQUIRED[name])
    fields = [pa.field(column, types.get(column, _STRING)) for column in frame.columns]
    return pa.Table.from_pandas(frame, schema=pa.schema(fields), preserve_index=False)


def _first_line(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def utc_now() -> datetime:
    """Give the present moment, timezone-aware; the default clock of everything that takes one."""
    return datetime.now(UTC)
