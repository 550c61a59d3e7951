"""How spans hang together: parents, the operation they serve, the service they call, and where failures begin."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from telemetry import peer_of_client_spans, self_time_ms

_DEEPEST_CALL = 64  # Deeper than any real call chain; ends the walk where bad data has cycles.


def link_spans(spans: pd.DataFrame) -> pd.DataFrame:
    """Connect the spans of a recording.

    Duplicates are dropped, orphans count as roots, cycles are cut. Returns a copy with these columns added:

    * `parent`: row number of the parent span, -1 for a root or an orphan.
    * `self_ms`: time spent in the span itself and not in its children.
    * `peer`: for a client span, the service it calls; empty where that cannot be told.
    * `database`: whether it is a call to a database.
    * `operation`: name of the server span of the same service that this span works for.
    * `error`: whether it failed. A call that was answered with 4xx did not fail: somebody answered.
    * `origin`: whether the failure began here: it failed, and nothing that it called failed.
    """
    linked = spans.drop_duplicates(["trace_id", "span_id"]).reset_index(drop=True)
    for column, default in (("kind", ""), ("status", "UNSET"), ("attributes", "{}"), ("pod", "")):
        if column not in linked:
            linked[column] = default
        linked[column] = linked[column].fillna(default)
    linked["parent"] = _parents(linked)
    linked["self_ms"] = self_time_ms(linked)
    linked["peer"] = peer_of_client_spans(linked).fillna("")
    client = (linked["kind"] == "CLIENT").to_numpy()
    linked["database"] = client & linked["attributes"].str.contains('"db.', regex=False).to_numpy()
    linked["operation"] = _operations(linked)
    linked["error"] = (linked["status"] == "ERROR").to_numpy() & ~_answered(linked)
    linked["origin"] = linked["error"].to_numpy() & ~_has_failed_child(linked)
    return linked


def attributes_of(text: str) -> dict[str, Any]:
    """Read the attributes of a span; an empty dict where they are not a JSON object."""
    try:
        found = json.loads(text)
    except (TypeError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _parents(spans: pd.DataFrame) -> npt.NDArray[np.int64]:
    rows = pd.Series(np.arange(len(spans)), index=spans["trace_id"] + "/" + spans["span_id"])
    wanted = spans["trace_id"] + "/" + spans["parent_span_id"].fillna("")
    parents: npt.NDArray[np.int64] = rows.reindex(wanted).fillna(-1).to_numpy().astype(np.int64)
    own = np.arange(len(spans))
    return np.where(parents == own, -1, parents)


def _operations(spans: pd.DataFrame) -> npt.NDArray[np.object_]:
    """Walk up from each span to the nearest server span (or root) of the same service, all spans in step."""
    parents, service = spans["parent"].to_numpy(), spans["service"].to_numpy()
    top = np.isin(spans["kind"].to_numpy(), ("SERVER", "CONSUMER"))
    at = np.arange(len(spans))
    for _ in range(_DEEPEST_CALL):
        up = parents[at]
        climbs = ~top[at] & (up >= 0) & (service[np.maximum(up, 0)] == service[at])
        if not climbs.any():
            break
        at = np.where(climbs, up, at)
    names: npt.NDArray[np.object_] = spans["name"].to_numpy()[at]
    return names


def _answered(spans: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Client spans that carry a 4xx answer: OpenTelemetry marks them as errors, but nothing is broken."""
    failed_calls = spans[(spans["kind"] == "CLIENT") & (spans["status"] == "ERROR") & ~spans["database"]]
    answered = np.zeros(len(spans), dtype=bool)
    for row, text in zip(failed_calls.index, failed_calls["attributes"], strict=True):
        attributes = attributes_of(text)
        code = attributes.get("http.response.status_code", attributes.get("http.status_code"))
        answered[row] = str(code).startswith("4") and len(str(code)) == 3
    return answered


def _has_failed_child(spans: pd.DataFrame) -> npt.NDArray[np.bool_]:
    parents = spans.loc[spans["error"], "parent"].to_numpy()
    found = np.zeros(len(spans), dtype=bool)
    found[parents[parents >= 0]] = True
    return found
