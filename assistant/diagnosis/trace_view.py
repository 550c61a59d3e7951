"""How spans hang together: parents, the operation they serve, the service they call, and where failures begin."""

from __future__ import annotations

import json
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from telemetry import mask_values, peer_of_client_spans, self_time_ms

_DEEPEST_CALL: Final = 64  # Deeper than any real call chain; ends the walk where bad data has cycles.
_SERVER_ERROR: Final = r'"http\.(?:response\.)?status_code":\s*"?5\d\d\b'
_STATUS_CODE: Final = r'"http\.(?:response\.)?status_code":\s*"?(\d{3})\b'
# A callee that worked for nearly as long as its caller waited is why the caller gave up.
_NEARLY_ALL: Final = 0.9
_ENOUGH_CALLS: Final = 50
# Nobody gives up sooner; a call that ends earlier was cut.
_SHORTEST_PATIENCE_MS: Final = 100.0


def link_spans(spans: pd.DataFrame) -> pd.DataFrame:
    """Connect the spans of a recording, whose table is tidy (see `tables.tidied`).

    Duplicates are dropped, orphans count as roots, cycles are cut. Returns a copy with these columns added:

    * `kind`: as recorded; where it was not, told from the links (see `_kinds`), else empty.
    * `parent`: row number of the parent span, -1 for a root or an orphan.
    * `above`: the parent; for an orphan the span that began before it in the same trace, who most likely called it.
    * `self_ms`: time spent in the span itself and not in its children.
    * `peer`: for a client span, the service it calls; empty where that cannot be told.
    * `database`: whether it is a call to a database.
    * `operation_key`: the name without ids and numbers; `GET /orders/17` and `GET /orders/18` are one operation.
    * `top`: row number of the server span (or root) of the same service that this span works for, itself included.
    * `operation`: name of that span.
    * `error`: whether it failed. What was answered with 4xx did not fail: somebody answered.
    * `origin`: whether the failure began here: it failed, and nothing that it called failed.
    * `abandoned`: whether it is a failed call whose callee was still at work when the caller gave up.
    """
    linked = spans.drop_duplicates(["trace_id", "span_id"]).reset_index(drop=True)
    parent = _parents(linked)
    service = linked["service"].to_numpy()
    crosses = (parent >= 0) & (service[np.maximum(parent, 0)] != service)
    linked["parent"] = parent
    linked["above"] = _adopted(linked, parent)
    linked["kind"] = _kinds(linked, parent, crosses)
    linked["self_ms"] = self_time_ms(linked)
    client = (linked["kind"] == "CLIENT").to_numpy()
    linked["database"] = client & linked["attributes"].str.contains('"db.', regex=False).to_numpy(dtype=bool)
    linked["peer"] = _peers(linked, parent, crosses)
    linked["operation_key"] = _without_values(linked["name"])
    linked["top"] = _tops(linked)
    linked["operation"] = linked["name"].to_numpy()[linked["top"].to_numpy()]
    linked["error"] = _failed(linked)
    linked["origin"] = linked["error"].to_numpy() & ~_has_failed_below(linked)
    linked["abandoned"] = client & linked["origin"].to_numpy() & _callee_still_at_work(linked, crosses)
    return linked


def _without_values(names: pd.Series) -> npt.NDArray[np.object_]:
    codes, distinct = pd.factorize(names)
    masked = np.array([mask_values(str(name)) for name in distinct], dtype=object)
    return masked[codes] if len(masked) else names.to_numpy(dtype=object)


def answered_4xx(attributes: pd.Series) -> npt.NDArray[np.bool_]:
    """Say which spans carry a 4xx status code, from their attributes as recorded."""
    codes = attributes.str.extract(_STATUS_CODE, expand=False)
    found: npt.NDArray[np.bool_] = codes.astype(object).str.startswith("4", na=False).to_numpy(dtype=bool)
    return found


def attributes_of(text: str) -> dict[str, Any]:
    """Read the attributes of a span; an empty dict where they are not a JSON object."""
    try:
        found = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _peers(
    spans: pd.DataFrame, parent: npt.NDArray[np.int64], crosses: npt.NDArray[np.bool_]
) -> npt.NDArray[np.object_]:
    """Name the callee of each call to a service: who answered, or else who answers at the same address."""
    kind, service = spans["kind"].to_numpy(), spans["service"].to_numpy()
    calls = (kind == "CLIENT") & ~spans["database"].to_numpy()
    answers = np.flatnonzero((parent >= 0) & calls[np.maximum(parent, 0)] & (crosses | (kind == "SERVER")))
    peers = np.full(len(spans), "", dtype=object)
    peers[parent[answers]] = service[answers]
    unanswered = np.flatnonzero(calls & (peers == ""))
    if len(unanswered):
        # Addresses are read from the attributes, which takes time; some answered calls of each sort teach them all.
        pairs = pd.DataFrame({"row": answers, "caller": service[parent[answers]], "callee": service[answers]})
        taught = pairs.groupby(["caller", "callee"]).head(_ENOUGH_CALLS)["row"].to_numpy()
        rows = np.unique(np.concatenate([unanswered, taught, parent[taught]]))
        learned = pd.Series(peer_of_client_spans(spans.iloc[rows]).to_numpy(dtype=object), index=rows)
        peers[unanswered] = learned[unanswered].to_numpy(dtype=object)
    return peers


def _parents(spans: pd.DataFrame) -> npt.NDArray[np.int64]:
    ids = pd.Index(spans["trace_id"] + "/" + spans["span_id"], dtype=object)
    wanted = pd.Index(spans["trace_id"] + "/" + spans["parent_span_id"], dtype=object)
    parents = ids.get_indexer(wanted).astype(np.int64)
    parents[(spans["parent_span_id"] == "").to_numpy()] = -1
    return np.where(parents == np.arange(len(spans)), -1, parents)


def _kinds(
    spans: pd.DataFrame, parent: npt.NDArray[np.int64], crosses: npt.NDArray[np.bool_]
) -> npt.NDArray[np.object_]:
    """Tell kinds that were not recorded: who is called from elsewhere serves, who only waits for elsewhere calls."""
    kinds: npt.NDArray[np.object_] = spans["kind"].to_numpy(dtype=object, copy=True)
    unknown = kinds == ""
    if not unknown.any():
        return kinds
    children = np.bincount(parent[parent >= 0], minlength=len(spans))
    elsewhere = np.bincount(parent[crosses], minlength=len(spans))
    root = (spans["parent_span_id"] == "").to_numpy()
    kinds[unknown & (children == 1) & (elsewhere == 1)] = "CLIENT"
    kinds[unknown & (crosses | root)] = "SERVER"
    return kinds


def _tops(spans: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Walk up from each span to the nearest server span (or root) of the same service, all spans in step."""
    parents, service = spans["parent"].to_numpy(), spans["service"].to_numpy()
    top = np.isin(spans["kind"].to_numpy().astype(str), ("SERVER", "CONSUMER"))
    at = np.arange(len(spans))
    for _ in range(_DEEPEST_CALL):
        up = parents[at]
        climbs = ~top[at] & (up >= 0) & (service[np.maximum(up, 0)] == service[at])
        if not climbs.any():
            break
        at = np.where(climbs, up, at)
    return at


def _failed(spans: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Spans that say they failed and were not answered with 4xx, and those that answered 5xx and say nothing."""
    said = (spans["status"] == "ERROR").to_numpy()
    silent = ((spans["status"] == "UNSET") & (spans["kind"] == "SERVER")).to_numpy()
    answers = spans.loc[silent, "attributes"]
    with_code = answers[answers.str.contains("status_code", regex=False)]
    failed: npt.NDArray[np.bool_] = said & ~_answered(spans)
    failed[with_code.index[with_code.str.contains(_SERVER_ERROR)]] = True
    return failed


def _answered(spans: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Spans with a 4xx answer: OpenTelemetry marks the caller's as errors, but nothing is broken."""
    failed = spans.loc[spans["status"] == "ERROR", "attributes"]
    answered = np.zeros(len(spans), dtype=bool)
    answered[failed.index[answered_4xx(failed)]] = True
    return answered


def _adopted(spans: pd.DataFrame, parent: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    orphan = (parent < 0) & (spans["parent_span_id"] != "").to_numpy()
    if not orphan.any():
        return parent
    trace = pd.factorize(spans["trace_id"])[0]
    order = np.lexsort((spans["ts"].astype("int64").to_numpy(), trace))
    before = np.full(len(spans), -1)
    before[order[1:]] = np.where(trace[order[1:]] == trace[order[:-1]], order[:-1], -1)
    return np.where(orphan, before, parent)


def _has_failed_below(spans: pd.DataFrame) -> npt.NDArray[np.bool_]:
    parents = spans.loc[spans["error"], "above"].to_numpy()
    found = np.zeros(len(spans), dtype=bool)
    found[parents[parents >= 0]] = True
    return found


def _callee_still_at_work(spans: pd.DataFrame, crosses: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    # Durations rather than times are compared: the clocks of two machines differ.
    duration = spans["duration_ms"].to_numpy()
    longest = np.zeros(len(spans))
    np.maximum.at(longest, spans["parent"].to_numpy()[crosses], duration[crosses])
    at_work: npt.NDArray[np.bool_] = (duration >= _SHORTEST_PATIENCE_MS) & (longest >= _NEARLY_ALL * duration)
    return at_work
