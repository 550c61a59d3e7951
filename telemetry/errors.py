"""Everything that can go wrong while reading, receiving or storing telemetry.

TelemetryError
├── RecordingError      a recording on disk is missing or broken
├── SourceUnavailable   a telemetry source cannot be asked
├── StoreError          the embedded store cannot be opened or written
│   └── StoreInUse      ... because another process writes it
├── CollectorError      the collector cannot be started
├── Overloaded          more telemetry arrives than can be stored; send it again later
└── BadTelemetry        what somebody sent is not telemetry
    └── TooLarge        ... or more of it than one request may carry
"""

from __future__ import annotations

from pathlib import Path


class TelemetryError(Exception):
    """Base of this package's errors; the message says what to do next."""


class RecordingError(TelemetryError):
    """A recording cannot be read or written as `docs/recording.md` says."""

    def __init__(self, path: Path | str, problem: str) -> None:
        super().__init__(str(path), problem)
        self.path, self.problem = str(path), problem

    def __str__(self) -> str:
        return f"recording {self.path}: {self.problem}"


class SourceUnavailable(TelemetryError):
    """A source did not answer, which is not the same as having no data."""

    def __init__(self, source: str, problem: str) -> None:
        super().__init__(source, problem)
        self.source, self.problem = source, problem

    def __str__(self) -> str:
        return f"telemetry source {self.source}: {self.problem}"


class StoreError(TelemetryError):
    """The embedded store cannot be opened, read or written."""


class StoreInUse(StoreError):
    """The embedded store has its one writer already."""


class CollectorError(TelemetryError):
    """The collector cannot start with what it was told."""


class Overloaded(TelemetryError):
    """More telemetry is on its way to the store than may wait; nothing of the request was stored."""


class BadTelemetry(TelemetryError):
    """A request that claims to be OTLP and is not; nothing of it was stored."""


class TooLarge(BadTelemetry):
    """A request over the limit of what one OTLP export may carry, counted after decompression."""
