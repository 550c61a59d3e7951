# What the package gives; read by people, by type checkers, and by `lazy_loader` at run time.

from .detection.detector import Detector, DetectorSettings
from .detection.golden_signals import GoldenSignals
from .detection.observation import Observation
from .detection.rules import Breach
from .detection.slo import BurnWindows, ErrorBudget, SliCounts, Slo, burn_rate, error_budget
from .errors import (
    BadTelemetry,
    CollectorError,
    Overloaded,
    RecordingError,
    SourceUnavailable,
    StoreError,
    StoreInUse,
    TelemetryError,
    TooLarge,
)
from .freezing import freeze
from .log_templates import MinedLines, mask_values, mine_templates
from .recording import Alert, Recording, RecordingHeader, Stretch, read_header, read_recording, utc_now, write_recording
from .replay import RecordedSource, ReplayClock
from .source import TelemetrySource
from .spans.peers import peer_of_client_spans
from .spans.statistics import by_edge, by_operation, by_service, self_time_ms
from .store.reader import StoredTelemetry

__all__ = [
    "Alert",
    "BadTelemetry",
    "Breach",
    "BurnWindows",
    "CollectorError",
    "Detector",
    "DetectorSettings",
    "ErrorBudget",
    "GoldenSignals",
    "MinedLines",
    "Observation",
    "Overloaded",
    "RecordedSource",
    "Recording",
    "RecordingError",
    "RecordingHeader",
    "ReplayClock",
    "SliCounts",
    "Slo",
    "SourceUnavailable",
    "StoreError",
    "StoreInUse",
    "StoredTelemetry",
    "Stretch",
    "TelemetryError",
    "TelemetrySource",
    "TooLarge",
    "burn_rate",
    "by_edge",
    "by_operation",
    "by_service",
    "error_budget",
    "freeze",
    "mask_values",
    "mine_templates",
    "peer_of_client_spans",
    "read_header",
    "read_recording",
    "self_time_ms",
    "utc_now",
    "write_recording",
]
