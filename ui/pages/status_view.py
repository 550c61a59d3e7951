"""The status strip as plain values: what is fresh, what is watched, how each service does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from assistant.server_status import DetectorState, ServerStatus, ServiceSignals, TelemetryState
from ui.pages.wording import NO_DATA, count, duration, milliseconds, percentage, rate

STALE_SECONDS: Final = 60.0
ERROR_RATIO_OF_NOTE: Final = 0.01


class Tone(StrEnum):
    """How a fact is to be taken; each is also the name of a Streamlit colour."""

    GOOD = "green"
    BAD = "red"
    DOUBTFUL = "orange"
    NEUTRAL = "gray"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing in the strip.

    Attributes:
        label: What it is about.
        value: What it is, short.
        tone: How to take it.
        note: What lies behind it; may quote telemetry.
    """

    label: str
    value: str
    tone: Tone
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRow:
    """The golden signals of one service, said in words."""

    service: str
    traffic: str
    errors: str
    latency: str
    tone: Tone


def status_strip(status: ServerStatus, now: datetime) -> tuple[Fact, ...]:
    """Say the server's status in four facts, the most urgent first."""
    return (
        _incidents(status.open_incidents),
        _telemetry(status.telemetry),
        _detector(status.detector, now),
        Fact(
            label="Answers written by",
            value=status.model or "evidence",
            tone=Tone.NEUTRAL,
            note="A language model, held to the evidence and to what is known"
            if status.model
            else "No language model is configured: Firedrill's own code writes the answers from the evidence",
        ),
    )


def service_rows(signals: Sequence[ServiceSignals], breached: frozenset[str] = frozenset()) -> tuple[ServiceRow, ...]:
    """Say every service's golden signals; `breached` names those that the detector sees out of bounds."""
    return tuple(
        ServiceRow(
            service=signal.service,
            traffic=rate(signal.requests_per_second),
            errors=percentage(signal.error_ratio),
            latency=milliseconds(signal.latency_p95_ms),
            tone=_service_tone(signal, signal.service in breached),
        )
        for signal in signals
    )


def _service_tone(signal: ServiceSignals, breached: bool) -> Tone:
    if breached:
        return Tone.BAD
    if signal.error_ratio is not None and signal.error_ratio >= ERROR_RATIO_OF_NOTE:
        return Tone.DOUBTFUL
    if signal.requests_per_second is None and signal.error_ratio is None and signal.latency_p95_ms is None:
        return Tone.NEUTRAL  # A gap in the data is not health.
    return Tone.GOOD


def _incidents(number: int) -> Fact:
    return Fact(
        label="Open incidents",
        value=str(number) if number else "none",
        tone=Tone.BAD if number else Tone.GOOD,
        note="Opened by the detector when signals left their bounds" if number else "Nothing needs you now",
    )


def _telemetry(telemetry: TelemetryState) -> Fact:
    if telemetry.problem:
        return Fact(label="Telemetry", value="cannot be read", tone=Tone.BAD, note=telemetry.problem)
    if telemetry.age_seconds is None:
        return Fact(
            label="Telemetry",
            value=NO_DATA,
            tone=Tone.DOUBTFUL,
            note="Nothing has arrived yet: point an OpenTelemetry exporter at the collector, or run `firedrill up`",
        )
    stale = telemetry.age_seconds > STALE_SECONDS
    return Fact(
        label="Telemetry",
        value=f"{duration(max(telemetry.age_seconds, 0.0))} old",
        tone=Tone.DOUBTFUL if stale else Tone.GOOD,
        note="Nothing new arrives: is the collector running?" if stale else "Age of the newest point, span or line",
    )


def _detector(detector: DetectorState, now: datetime) -> Fact:
    if detector.last_run is None:
        return Fact(label="Detector", value="not started", tone=Tone.DOUBTFUL, note="It has not looked yet")
    ago = (now - detector.last_run).total_seconds()
    if ago > STALE_SECONDS:
        late = f"It last looked {duration(ago)} ago; see the server's log"
        return Fact(label="Detector", value="stopped", tone=Tone.BAD, note=late)
    if detector.breaches:
        said = "; ".join(breach.description or f"{breach.signal} of {breach.service}" for breach in detector.breaches)
        return Fact(
            label="Detector",
            value=count(len(detector.breaches), "signal out of bounds", "signals out of bounds"),
            tone=Tone.BAD,
            note=said,
        )
    learnt = f"Compares with {duration(detector.baseline_seconds)} of normal telemetry"
    if detector.baseline_seconds <= 0:
        return Fact(label="Detector", value="learning what is normal", tone=Tone.DOUBTFUL, note=learnt)
    return Fact(label="Detector", value="all within bounds", tone=Tone.GOOD, note=learnt)
