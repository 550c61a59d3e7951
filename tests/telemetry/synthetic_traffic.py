"""Made-up telemetry of a small shop: random arrivals, long tails, pauses of the machine, a failure now and then."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from telemetry.detection.detector import Detector
from telemetry.detection.observation import Observation
from telemetry.replay import RecordedSource, ReplayClock
from telemetry.source import TelemetrySource

T0 = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)

# Requests per second and usual milliseconds of each operation: about 13 requests/s come in at the gateway.
SHOP: Mapping[tuple[str, str], tuple[float, float]] = {
    ("gateway", "GET /products"): (5.0, 20.0),
    ("gateway", "GET /search"): (3.0, 30.0),
    ("gateway", "POST /cart"): (2.0, 15.0),
    ("gateway", "POST /checkout"): (1.5, 90.0),
    ("gateway", "GET /orders"): (1.5, 25.0),
    ("catalog", "GET /products"): (5.0, 8.0),
    ("catalog", "GET /search"): (3.0, 15.0),
    ("orders", "POST /orders"): (1.5, 70.0),
    ("orders", "GET /orders"): (1.5, 12.0),
    ("payments", "POST /payments"): (1.5, 25.0),
    ("inventory", "POST /reservations"): (1.5, 18.0),
    ("inventory", "GET /stock"): (3.0, 6.0),
}


@dataclass
class Rows:
    """Requests of one operation before they become spans; a fault changes the arrays in place."""

    service: str
    operation: str
    start: np.ndarray  # seconds after T0
    duration_ms: np.ndarray
    failed: np.ndarray


Fault = Callable[[Rows, np.random.Generator], None]


def traffic(
    seconds: float,
    *,
    seed: int = 1,
    rate: Callable[[np.ndarray], np.ndarray] | None = None,
    most: float = 1.0,
    faults: tuple[Fault, ...] = (),
    pauses: bool = True,
    error_ratio: float = 0.002,
    shop: Mapping[tuple[str, str], tuple[float, float]] = SHOP,
) -> pd.DataFrame:
    """Make spans; `rate` multiplies the arrival rate over time, nowhere by more than `most`."""
    rng = np.random.default_rng(seed)
    stops = np.sort(rng.uniform(0, seconds, rng.poisson(seconds / 60))) if pauses else np.empty(0)
    frames = []
    for (service, operation), (per_second, usual_ms) in shop.items():
        start = np.sort(rng.uniform(0, seconds, rng.poisson(seconds * per_second * most)))
        if rate is not None:
            start = start[rng.random(len(start)) < rate(start) / most]
        duration = usual_ms * rng.lognormal(0, 0.4, len(start)) * np.where(rng.random(len(start)) < 0.01, 6, 1)
        for stop in stops:
            length = rng.uniform(0.3, 1.5)
            caught = (start >= stop) & (start < stop + length)
            duration[caught] += (stop + length - start[caught]) * 1000
        rows = Rows(service, operation, start, duration, rng.random(len(start)) < error_ratio)
        for fault in faults:
            fault(rows, rng)
        frames.append(_frame(rows))
    return pd.concat(frames).sort_values("ts", kind="stable", ignore_index=True)


def _frame(rows: Rows) -> pd.DataFrame:
    count = len(rows.start)
    ids = [f"{rows.service}-{rows.operation}-{number}" for number in range(count)]
    return pd.DataFrame(
        {
            "trace_id": ids,
            "span_id": ids,
            "parent_span_id": "",
            "service": rows.service,
            "name": rows.operation,
            "ts": (T0 + pd.to_timedelta(rows.start, unit="s")).astype("datetime64[us, UTC]"),
            "duration_ms": rows.duration_ms,
            "kind": "SERVER",
            "status": np.where(rows.failed, "ERROR", "UNSET"),
        }
    )


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def fails(service: str, operation: str, share: float, start: float, end: float = np.inf) -> Fault:
    """A share of one operation's requests fails (`*`: of all operations)."""

    def fault(rows: Rows, rng: np.random.Generator) -> None:
        if rows.service == service and operation in ("*", rows.operation):
            hit = (rows.start >= start) & (rows.start < end) & (rng.random(len(rows.start)) < share)
            rows.failed |= hit

    return fault


def slow(service: str, operation: str, added_ms: float, start: float, end: float = np.inf) -> Fault:
    """Every request of one operation takes longer (`*`: of all operations)."""

    def fault(rows: Rows, rng: np.random.Generator) -> None:
        if rows.service == service and operation in ("*", rows.operation):
            rows.duration_ms[(rows.start >= start) & (rows.start < end)] += added_ms

    return fault


def watch(
    source: TelemetrySource, clock: ReplayClock, until: float, *, detector: Detector | None = None, every: float = 5.0
) -> Iterator[Observation]:
    """Observe as the server does, every 5 s, from the clock's time to `until` seconds after T0."""
    detector = detector or Detector(source)
    while clock.now < at(until):
        yield detector.observe(clock.advance(every))


def observations(
    spans: pd.DataFrame, start: float, until: float, *, metrics: pd.DataFrame | None = None
) -> list[Observation]:
    clock = ReplayClock(at(start))
    return list(watch(RecordedSource(spans=spans, metrics=metrics, clock=clock), clock, until))


def first_breach(found: list[Observation], service: str, signal: str) -> Observation:
    for observation in found:
        if any(breach.service == service and breach.signal == signal for breach in observation.breaches):
            return observation
    seen = sorted({(breach.service, breach.signal) for observation in found for breach in observation.breaches})
    raise AssertionError(f"no {signal} breach at {service}; seen: {seen}")
