"""Signals: receiving, storing and reading them, and freezing a stretch of them as a recording."""

from telemetry.errors import (
    BadTelemetry,
    RecordingError,
    SourceUnavailable,
    StoreError,
    TelemetryError,
    TooLarge,
)
from telemetry.recording import (
    Alert,
    Recording,
    RecordingHeader,
    Stretch,
    read_header,
    read_recording,
    utc_now,
    write_recording,
)
from telemetry.source import TelemetrySource

__all__ = [
    "Alert",
    "BadTelemetry",
    "Recording",
    "RecordingError",
    "RecordingHeader",
    "SourceUnavailable",
    "StoreError",
    "Stretch",
    "TelemetryError",
    "TelemetrySource",
    "TooLarge",
    "read_header",
    "read_recording",
    "utc_now",
    "write_recording",
]
