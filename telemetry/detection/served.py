"""The requests that services answered, counted and timed from their spans."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

SERVED_KINDS: Final = ("SERVER", "CONSUMER")

Milliseconds = npt.NDArray[np.float64]
_NONE: Final[Milliseconds] = np.empty(0)


@dataclass(frozen=True, slots=True)
class Requests:
    """What became of some requests.

    Attributes:
        succeeded_ms: Durations of those that did not fail, ascending. A 404 did not fail: the span's status says so.
        failed_ms: Durations of those whose span has the status ERROR, ascending.
        status_known: False where the spans carry no status: then nobody can say what failed.
    """

    succeeded_ms: Milliseconds = field(default_factory=lambda: _NONE)
    failed_ms: Milliseconds = field(default_factory=lambda: _NONE)
    status_known: bool = True

    @property
    def count(self) -> int:
        """Requests, failed or not."""
        return len(self.succeeded_ms) + len(self.failed_ms)

    @property
    def errors(self) -> int | None:
        """Failed requests, None where the status is unknown."""
        return len(self.failed_ms) if self.status_known else None

    @property
    def error_ratio(self) -> float | None:
        """Failed requests in 0..1 of all; None without requests, which is not the same as none failing."""
        return len(self.failed_ms) / self.count if self.count and self.status_known else None

    @property
    def p95_ms(self) -> float | None:
        """95th percentile of those that succeeded, None where none did."""
        return percentile(self.succeeded_ms, 0.95)

    @property
    def failed_p95_ms(self) -> float | None:
        """95th percentile of those that failed, None where none did."""
        return percentile(self.failed_ms, 0.95)


@dataclass(frozen=True, slots=True)
class ServiceRequests:
    """All requests of a service, and the same by operation (span name)."""

    total: Requests = field(default_factory=Requests)
    operations: Mapping[str, Requests] = field(default_factory=dict)


def percentile(ascending: Milliseconds, share: float) -> float | None:
    """Give the smallest value that at least `share` (above 0, up to 1) of the values do not exceed."""
    if not len(ascending):
        return None
    # Less a hair, since 0.95 * 20 is 19.000000000000004 somewhere and must not become the 20th value.
    return float(ascending[max(math.ceil(share * len(ascending) - 1e-9) - 1, 0)])


def is_served(spans: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Mark the spans in which a service answers somebody else: SERVER and CONSUMER.

    Where a span does not say its kind, it is one when its parent belongs to another service or is not in the table.
    """
    kinds = spans["kind"] if "kind" in spans else pd.Series("", index=spans.index, dtype=object)
    served = kinds.isin(SERVED_KINDS).to_numpy()
    silent = (kinds.isna() | (kinds == "")).to_numpy()
    if not silent.any():
        return np.asarray(served, dtype=bool)
    # The first of a repeated id will do: a collector that sends a span twice sends the same one.
    owners = spans.drop_duplicates(["trace_id", "span_id"]).set_index(["trace_id", "span_id"])["service"]
    parents = pd.MultiIndex.from_frame(spans[["trace_id", "parent_span_id"]].fillna(""))
    inside = owners.reindex(parents).to_numpy(dtype=object) == spans["service"].to_numpy(dtype=object)
    return np.asarray(served | (silent & ~inside.astype(bool)), dtype=bool)


class ServedRequests:
    """Requests in the order in which they ended, ready to be counted over any window.

    A request belongs to the moment of its answer, not of its start: what hangs for seconds is unknown before it ends,
    and counting by the start would miss exactly the slow ones in the latest window.
    """

    def __init__(self, spans: pd.DataFrame) -> None:
        served = spans[is_served(spans)]
        duration_ms = served["duration_ms"].to_numpy(dtype=np.float64)
        started_us = served["ts"].to_numpy(dtype="datetime64[us]").astype(np.int64)
        ended_us = started_us + (np.nan_to_num(duration_ms) * 1000).astype(np.int64)
        order = np.argsort(ended_us, kind="stable")
        self._ended_us, self._duration_ms = ended_us[order], np.nan_to_num(duration_ms)[order]
        self._status_known = "status" in served and bool(served["status"].notna().any())
        self._failed = (
            (served["status"].to_numpy(dtype=object) == "ERROR")[order]
            if self._status_known
            else np.zeros(len(order), dtype=bool)
        )
        services, self._services = pd.factorize(served["service"])
        names, self._names = pd.factorize(served["name"].fillna(""))
        self._service, self._operation = services[order], (services * max(len(self._names), 1) + names)[order]

    def between(self, start: datetime, end: datetime) -> dict[str, ServiceRequests]:
        """Gather by service the requests that ended in `start <= end of the request < end`."""
        low, high = np.searchsorted(self._ended_us, [_microseconds(start), _microseconds(end)])
        part = slice(int(low), int(high))
        operations: dict[int, dict[str, Requests]] = {}
        for code, requests in self._grouped(self._operation[part], part).items():
            service, name = divmod(code, len(self._names))
            operations.setdefault(service, {})[str(self._names[name])] = requests
        totals = self._grouped(self._service[part], part)
        return {
            str(self._services[service]): ServiceRequests(total, operations[service])
            for service, total in sorted(totals.items(), key=lambda item: str(self._services[item[0]]))
        }

    def _grouped(self, codes: npt.NDArray[np.int64], part: slice) -> dict[int, Requests]:
        failed, duration_ms = self._failed[part], self._duration_ms[part]
        order = np.lexsort((duration_ms, failed, codes))
        codes, failed, duration_ms = codes[order], failed[order], duration_ms[order]
        found, starts = np.unique(codes, return_index=True)
        groups = {}
        for code, start, end in zip(found, starts, np.append(starts[1:], len(codes))[: len(found)], strict=True):
            first_failed = start + int(np.searchsorted(failed[start:end], True))
            groups[int(code)] = Requests(
                duration_ms[start:first_failed], duration_ms[first_failed:end], status_known=self._status_known
            )
        return groups


def _microseconds(moment: datetime) -> int:
    return int(pd.Timestamp(moment).value // 1000)
