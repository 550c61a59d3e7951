"""The four golden signals of a service: latency, traffic, errors, saturation."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from pydantic import BaseModel, ConfigDict

from telemetry.detection.saturation import Saturation, saturation
from telemetry.detection.served import Requests, ServedRequests, ServiceRequests
from telemetry.recording import Stretch


class GoldenSignals(BaseModel):
    """What one service did over a window. None means "no data", which is never zero and never "all well".

    Attributes:
        service: The service.
        window: The stretch in which the requests counted here ended.
        request_count: Requests answered.
        requests_per_second: The same, as a rate.
        error_count: Requests whose span has the status ERROR; None where spans carry no status.
        error_ratio: In 0..1 of the requests; None without requests.
        latency_p95_ms: 95th percentile of the requests that succeeded; None where none did.
        failed_latency_p95_ms: The same of those that failed, apart, because failing fast is not being fast.
        saturation: How full its resources are, as far as it says.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    service: str
    window: Stretch
    request_count: int
    requests_per_second: float
    error_count: int | None
    error_ratio: float | None
    latency_p95_ms: float | None
    failed_latency_p95_ms: float | None
    saturation: Saturation = Saturation()


def golden_signals(
    spans: pd.DataFrame, window: Stretch, *, metrics: pd.DataFrame | None = None
) -> tuple[GoldenSignals, ...]:
    """Read the golden signals of every service from the tables of a recording or a source, ordered by service.

    `spans` must reach back before the window by as long as a request may take, since a request counts where it ends.
    """
    served = ServedRequests(spans).between(window.start, window.end)
    return summarise(served, window, saturation(metrics) if metrics is not None else {})


def summarise(
    served: Mapping[str, ServiceRequests], window: Stretch, fullness: Mapping[str, Saturation]
) -> tuple[GoldenSignals, ...]:
    """Join what was counted and what was measured; a service in either of them has its line."""
    silent = ServiceRequests()
    return tuple(
        _signals(service, served.get(service, silent).total, window, fullness.get(service, Saturation()))
        for service in sorted({*served, *fullness} - {""})
    )


def _signals(service: str, requests: Requests, window: Stretch, fullness: Saturation) -> GoldenSignals:
    return GoldenSignals(
        service=service,
        window=window,
        request_count=requests.count,
        requests_per_second=requests.count / window.seconds,
        error_count=requests.errors,
        error_ratio=requests.error_ratio,
        latency_p95_ms=requests.p95_ms,
        failed_latency_p95_ms=requests.failed_p95_ms,
        saturation=fullness,
    )
