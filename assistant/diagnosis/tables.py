"""Tables as the parts of the engine may rely on: every column there, no nulls in texts, numbers or NaN, sorted times.

Recordings come from many places. What is missing or impossible is settled here, once, so that no part has to.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd

from telemetry import Recording, Stretch

# The value a text column has where nothing was written. Names are those of the recording's specification.
_TEXTS: Final[Mapping[str, Mapping[str, str]]] = {
    "metrics": {"metric": "", "service": "", "pod": "", "node": "", "version": ""},
    "spans": {
        "trace_id": "",
        "span_id": "",
        "parent_span_id": "",
        "service": "",
        "name": "",
        "kind": "",
        "status": "UNSET",
        "attributes": "{}",
    },
    "logs": {"service": "", "body": "", "severity": "", "trace_id": "", "span_id": ""},
    "events": {"service": "", "event_type": "", "version": ""},
}
_NUMBERS: Final[Mapping[str, str]] = {"metrics": "value", "spans": "duration_ms"}
# Larger readings are mistakes, and their sums would overflow.
_LARGEST: Final = 1e100
_LONGEST_SPAN_MS: Final = 24 * 3600 * 1000.0


def tidied(recording: Recording) -> Recording:
    """Give the same recording with tables that can be relied on; tables that were not collected stay None."""
    window = recording.header.window
    tables = {name: _tidied_table(name, recording.table(name), window) for name in _TEXTS}
    return Recording(recording.header, calls=recording.calls, **tables)


def _tidied_table(name: str, table: pd.DataFrame | None, window: Stretch) -> pd.DataFrame | None:
    if table is None:
        return None
    columns: dict[str, pd.Series] = {"ts": _times(table)}
    columns |= {column: _texts(table, column, default) for column, default in _TEXTS[name].items()}
    if name in _NUMBERS:
        columns[_NUMBERS[name]] = _numbers(table, _NUMBERS[name])
    tidy = pd.DataFrame(columns)
    tidy = tidy[(tidy["ts"] >= window.start) & (tidy["ts"] < window.end)]  # NaT is in no window.
    if name == "spans":
        # Exporters write `Error` and `STATUS_CODE_ERROR`, and `SPAN_KIND_SERVER`.
        for column, prefix in (("status", "STATUS_CODE_"), ("kind", "SPAN_KIND_")):
            codes, distinct = pd.factorize(tidy[column])
            plain = np.array([str(text).upper().removeprefix(prefix) for text in distinct], dtype=object)
            tidy[column] = plain[codes] if len(plain) else tidy[column]
        # A span of unknown length still says who called whom.
        tidy["duration_ms"] = tidy["duration_ms"].fillna(0.0).clip(0.0, _LONGEST_SPAN_MS)
    if not tidy["ts"].is_monotonic_increasing:
        tidy = tidy.sort_values("ts", kind="stable")
    return tidy.reset_index(drop=True)


def _times(table: pd.DataFrame) -> pd.Series:
    if "ts" not in table:
        return pd.Series(pd.NaT, index=table.index, dtype="datetime64[us, UTC]")
    return pd.to_datetime(table["ts"], utc=True, errors="coerce").dt.as_unit("us")


def _texts(table: pd.DataFrame, column: str, default: str) -> pd.Series:
    if column not in table:
        return pd.Series(default, index=table.index, dtype=object)
    found = table[column].astype(object)
    if pd.api.types.infer_dtype(found, skipna=False) == "string":
        return found
    known = found.notna()
    return found.where(known, default).map(str) if known.any() else pd.Series(default, index=table.index, dtype=object)


def _numbers(table: pd.DataFrame, column: str) -> pd.Series:
    if column not in table:
        return pd.Series(np.nan, index=table.index)
    found = pd.to_numeric(table[column], errors="coerce").astype(float)
    return found.where(found.abs() <= _LARGEST)  # Infinity is no number either.
