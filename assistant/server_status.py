"""What the server says of itself and of the services: the answers to `/status` and `/signals`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict


class _Read(BaseModel):
    # What the server adds later must not break a client that does not know of it yet.
    model_config = ConfigDict(frozen=True, extra="ignore")


class TelemetryState(_Read):
    """How fresh the telemetry is.

    Attributes:
        newest: When the newest span, point or line was stamped; None when there is none.
        age_seconds: How long ago that was; None when there is none.
        problem: Why the telemetry cannot be read; None while it can.
    """

    newest: AwareDatetime | None = None
    age_seconds: float | None = None
    problem: str | None = None


class DetectorBreach(_Read):
    """A signal that the detector sees out of bounds right now."""

    service: str = ""
    signal: str = ""
    description: str = ""


class DetectorState(_Read):
    """What the detector is doing.

    Attributes:
        last_run: When it last looked; None before it first did.
        baseline_seconds: How much normal telemetry it compares with; 0 while it still learns.
        breaches: What it sees out of bounds, whether or not that has opened an incident.
    """

    last_run: AwareDatetime | None = None
    baseline_seconds: float = 0.0
    breaches: tuple[DetectorBreach, ...] = ()


class ServerStatus(_Read):
    """The server in one glance.

    Attributes:
        version: Firedrill's version.
        system: Name of the system observed.
        workspace: Folder that the server owns.
        telemetry: How fresh the telemetry is.
        detector: What the detector is doing.
        open_incidents: How many incidents are open.
        entries: How many entries the knowledge base holds.
        model: Name of the language model that writes answers; None when our own code does.
        drills: What the server knows of drills, as it reports it.
    """

    version: str
    system: str
    workspace: str
    telemetry: TelemetryState = TelemetryState()
    detector: DetectorState = DetectorState()
    open_incidents: int = 0
    entries: int = 0
    model: str | None = None
    drills: tuple[Mapping[str, Any], ...] = ()


class ServiceSignals(_Read):
    """The golden signals of one service now; None is "no data", which is not zero.

    Attributes:
        service: Its name. Untrusted text.
        requests_per_second: Traffic.
        error_ratio: Failed requests over all, in 0..1.
        latency_p95_ms: 95th percentile of the duration, in milliseconds.
    """

    service: str
    requests_per_second: float | None = None
    error_ratio: float | None = None
    latency_p95_ms: float | None = None
