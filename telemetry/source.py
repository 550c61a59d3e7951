"""The one way to ask for telemetry, whoever holds it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import pandas as pd

METRIC_COLUMNS = ("ts", "metric", "value", "service", "pod", "env", "version")
SPAN_COLUMNS = (
    "trace_id",
    "span_id",
    "parent_span_id",
    "service",
    "name",
    "ts",
    "duration_ms",
    "pod",
    "kind",
    "status",
    "attributes",
)
LOG_COLUMNS = ("ts", "service", "body", "pod", "severity", "trace_id", "span_id", "attributes")
EVENT_COLUMNS = ("ts", "service", "event_type", "version", "metadata")


class TelemetrySource(Protocol):
    """Anything that can be asked what a system did between two moments.

    All ranges are `start <= ts < end` with timezone-aware datetimes. All tables are pandas frames whose columns,
    types and meaning are those of a recording (`docs/recording.md`), `ts` as `datetime64[us, UTC]`, sorted by `ts`.
    An empty frame with its columns means "collected, and nothing happened". Statistics over the tables are plain
    functions (`spans.statistics`, `log_templates`), so every source gives the same ones.

    Raises:
        SourceUnavailable: The source cannot be asked.
    """

    def services(self, start: datetime, end: datetime) -> list[str]:
        """Name, in order, the services that sent anything in the range."""
        ...

    def metrics(
        self, start: datetime, end: datetime, step_seconds: float, *, names: Sequence[str] = ()
    ) -> pd.DataFrame:
        """Give metric series over a range, one point a series and step, stamped at the step's end.

        A series is named `name{key="value",...}` with its attributes in alphabetical order, and says what was done
        to it: gauges are averaged over the step and keep their name; counters become `rate(name{...})` per second,
        resets counted from zero; histograms become `rate(name_count{...})`, `mean(name{...})` and `p95(name{...})`.
        A step without points has no row. `names` restricts the answer to these OpenTelemetry metric names.
        """
        ...

    def spans(
        self, start: datetime, end: datetime, *, services: Sequence[str] = (), kinds: Sequence[str] = ()
    ) -> pd.DataFrame:
        """Give the spans that started in the range, restricted to services and kinds where these are named."""
        ...

    def logs(self, start: datetime, end: datetime, *, services: Sequence[str] = ()) -> pd.DataFrame:
        """Give the log lines of the range, as they were written."""
        ...

    def events(self, start: datetime, end: datetime) -> pd.DataFrame:
        """Give deployments, flag changes, restarts and the like."""
        ...

    def newest(self) -> datetime | None:
        """Say when the newest span, point or line was stamped; None when there is nothing at all."""
        ...
