"""Numbers over a frame of spans: per service, per operation, per edge. The same for every source.

Frames need `trace_id`, `span_id`, `parent_span_id`, `service`, `name`, `ts` and `duration_ms`. Without `status`, errors
are NaN: not known is not none. Spans that were sent twice count once.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from telemetry.spans.peers import peer_of_client_spans, peers
from telemetry.spans.tree import NONE, SpanTree, failed, span_tree

__all__ = ["by_edge", "by_operation", "by_service", "peer_of_client_spans", "self_time_ms"]


def by_service(spans: pd.DataFrame, *, window_seconds: float | None = None) -> pd.DataFrame:
    """Sum up the requests to each service.

    Args:
        spans: Spans of any services.
        window_seconds: Over how long they came, for `rate`; by default from the first start to the last.

    Returns:
        One row a service, in order: `service`, `count`, `errors`, `error_ratio` in 0..1, `p50_ms`, `p95_ms`, `rate`
        in requests a second.
    """
    return _summary(spans, ["service"], window_seconds)


def by_operation(spans: pd.DataFrame, *, window_seconds: float | None = None) -> pd.DataFrame:
    """Sum up the requests to each operation, as `by_service` does, with `name` after `service`."""
    return _summary(spans, ["service", "name"], window_seconds)


def by_edge(spans: pd.DataFrame) -> pd.DataFrame:
    """Sum up the calls between services, those that were never answered included.

    Returns:
        One row an edge, in order: `caller`, `callee`, `count`, `errors`, `error_ratio` in 0..1, `p95_client_ms` as the
        caller saw it, `p95_server_ms` as the callee did, and `network_ms`, the median of what lies between the two.
        A side that no span tells of is NaN. A call counts as an error when either side says so.
    """
    tree = span_tree(spans)
    calls = pd.concat([_seen_by_caller(spans, tree), _seen_by_callee_only(spans, tree)], ignore_index=True)
    calls["network_ms"] = (calls["client_ms"] - calls["server_ms"]).clip(lower=0.0)
    grouped = calls.groupby(["caller", "callee"], sort=True)
    summary = pd.DataFrame(
        {
            "count": grouped.size().astype("int64"),
            "errors": grouped["error"].sum(min_count=1),
            "p95_client_ms": grouped["client_ms"].quantile(0.95),
            "p95_server_ms": grouped["server_ms"].quantile(0.95),
            "network_ms": grouped["network_ms"].median(),
        }
    )
    summary.insert(2, "error_ratio", summary["errors"] / summary["count"])
    return summary.reset_index()


def self_time_ms(spans: pd.DataFrame) -> pd.Series[float]:
    """Give the time each span spent itself: its duration without what its direct children cover together."""
    tree = span_tree(spans)
    duration = spans["duration_ms"].to_numpy(dtype=np.float64)
    start = _start_ms(spans)
    end = start + duration
    child = np.flatnonzero((tree.parent != NONE) & ~tree.repeated)
    parent = tree.parent[child]
    # What a child does after its parent has ended does not cover any of the parent.
    low = np.clip(start[child], start[parent], end[parent])
    high = np.clip(end[child], start[parent], end[parent])
    order = np.lexsort((low, parent))
    parent, low, high = parent[order], low[order], high[order]
    # Children overlap: each adds only what reaches beyond all that began before it.
    reached = pd.Series(high).groupby(parent).cummax().groupby(parent).shift(1).to_numpy(dtype=np.float64)
    added = np.clip(high - np.fmax(low, reached), 0.0, None)
    covered = np.bincount(parent, weights=added, minlength=len(spans)) if len(parent) else np.zeros(len(spans))
    return pd.Series(np.clip(duration - covered, 0.0, None), index=spans.index, name="self_time_ms")


def _summary(spans: pd.DataFrame, keys: list[str], window_seconds: float | None) -> pd.DataFrame:
    chosen = span_tree(spans).entry
    requests = spans.loc[chosen, [*keys, "duration_ms"]].assign(error=failed(spans)[chosen])
    grouped = requests.groupby(keys, sort=True)
    count = grouped.size().astype("int64")
    errors = grouped["error"].sum(min_count=1)
    summary = pd.DataFrame(
        {
            "count": count,
            "errors": errors,
            "error_ratio": errors / count,
            "p50_ms": grouped["duration_ms"].quantile(0.5),
            "p95_ms": grouped["duration_ms"].quantile(0.95),
            "rate": count / (window_seconds or _extent_seconds(spans)),
        }
    )
    return summary.reset_index()


def _seen_by_caller(spans: pd.DataFrame, tree: SpanTree) -> pd.DataFrame:
    """Give one row a client span whose callee is known."""
    callee = peers(spans, tree)
    client = np.flatnonzero((callee != "") & ~tree.repeated)
    answered = np.flatnonzero(tree.called)
    # One call may be answered more than once (a proxy's retry); the caller waited for the last answer.
    answer = np.full(len(spans), NONE)
    answer[tree.parent[answered]] = answered
    served = answer[client]
    duration, error = spans["duration_ms"].to_numpy(dtype=np.float64), failed(spans)
    return _calls(
        tree.service[client],
        callee[client],
        np.fmax(error[client], np.where(served == NONE, 0.0 * error[client], error[served])),
        duration[client],
        np.where(served == NONE, np.nan, duration[served]) if len(spans) else duration,
    )


def _seen_by_callee_only(spans: pd.DataFrame, tree: SpanTree) -> pd.DataFrame:
    """Give one row a call whose near end is no client span: kinds are not known, or it was not instrumented."""
    served = np.flatnonzero(tree.called)
    served = served[tree.kind[tree.parent[served]] != "CLIENT"]
    duration = spans["duration_ms"].to_numpy(dtype=np.float64)[served]
    return _calls(
        tree.parent_service[served],
        tree.service[served],
        failed(spans)[served],
        np.full(len(served), np.nan),
        duration,
    )


def _calls(caller: Any, callee: Any, error: Any, client_ms: Any, server_ms: Any) -> pd.DataFrame:
    return pd.DataFrame(
        {"caller": caller, "callee": callee, "error": error, "client_ms": client_ms, "server_ms": server_ms}
    ).astype({"error": "float64", "client_ms": "float64", "server_ms": "float64"})


def _start_ms(spans: pd.DataFrame) -> Any:
    # Public data may come in any resolution, and without a time zone.
    return spans["ts"].to_numpy(dtype="datetime64[us]").astype(np.int64) / 1e3


def _extent_seconds(spans: pd.DataFrame) -> float:
    if not len(spans):
        return 1.0
    starts = _start_ms(spans)
    return max(1.0, float(starts.max() - starts.min()) / 1e3)
