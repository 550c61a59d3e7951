"""Which service each client span talked to, also when that service never answered."""

from __future__ import annotations

import json
from typing import Any, Final
from urllib.parse import urlsplit

import numpy as np
import pandas as pd

from telemetry.spans.tree import SpanTree, Texts, span_tree, texts

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def peer_of_client_spans(spans: pd.DataFrame) -> pd.Series[str]:
    """Name the service that each CLIENT span called; empty for other spans, and where nobody can tell.

    A call that was answered is told by its server span. One that was not goes to whoever answered other calls to the
    same address, those of the same caller first: behind a proxy or a sidecar an address means something else to each.
    Then the attribute `peer.service` counts.
    """
    return pd.Series(peers(spans, span_tree(spans)), index=spans.index, dtype=object, name="peer")


def peers(spans: pd.DataFrame, tree: SpanTree) -> Texts:
    """Do what `peer_of_client_spans` does, for a frame whose links are known, by position."""
    found = np.full(len(spans), "", dtype=object)
    client = np.flatnonzero(tree.kind == "CLIENT")
    if not len(client):
        return found
    answered = np.flatnonzero(tree.called & (tree.kind != "CLIENT"))
    found[tree.parent[answered]] = tree.service[answered]
    found[tree.kind != "CLIENT"] = ""
    attributes = texts(spans, "attributes")[client]
    told = pd.DataFrame({"caller": tree.service[client], "peer": found[client]})
    told["address"], told["said"] = zip(*map(_address_and_peer, attributes), strict=True)
    known = told[(told["peer"] != "") & (told["address"] != "")]
    by_caller = _unambiguous(known, ["caller", "address"])
    by_address = _unambiguous(known, ["address"])
    learned = told.join(by_caller, on=["caller", "address"]).join(by_address, on=["address"], rsuffix="_of_anyone")
    answer = told["peer"].where(told["peer"] != "", learned["callee"])
    answer = answer.where(answer.notna(), learned["callee_of_anyone"])
    found[client] = answer.where(answer.notna(), told["said"]).to_numpy(dtype=object)
    return found


def _unambiguous(known: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Give the callee of each key, leaving out keys that lead to several."""
    pairs = known[[*keys, "peer"]].drop_duplicates()
    once: pd.DataFrame = pairs[~pairs.duplicated(keys, keep=False)].set_index(keys)
    return once.rename(columns={"peer": "callee"})


def _address_and_peer(text: str) -> tuple[str, str]:
    try:
        attributes: Any = json.loads(text) if text else {}
    except (ValueError, RecursionError):  # Nested deeper than any attributes that somebody meant.
        return "", ""
    if not isinstance(attributes, dict):
        return "", ""
    return _address(attributes), str(attributes.get("peer.service") or "")


def _address(attributes: dict[str, Any]) -> str:
    host = attributes.get("server.address") or attributes.get("net.peer.name")
    port = attributes.get("server.port") or attributes.get("net.peer.port")
    if host and port:
        return f"{host}:{port}"
    url = str(attributes.get("url.full") or attributes.get("http.url") or "")
    try:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return ""
    return f"{parts.hostname}:{port}" if parts.hostname and port else ""
