"""Spans and lines written by hand, for what one trace at a time shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import pandas as pd
from made_up_system import header, moment

from assistant.diagnosis.tables import tidied
from assistant.diagnosis.trace_view import link_spans
from telemetry import Recording


@dataclass(frozen=True, kw_only=True)
class Span:
    """One span; `second` is its start, counted as in the made-up system."""

    span_id: str
    service: str
    name: str = "GET /"
    parent_span_id: str = ""
    trace_id: str = "t"
    second: float = 0.0
    duration_ms: float = 10.0
    kind: str = ""
    status: str = "UNSET"
    attributes: str = "{}"


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line; `second` is when it was written."""

    body: str
    service: str = "shop"
    second: float = 0.0
    severity: str = "INFO"
    trace_id: str = "t"
    span_id: str = ""


def linked(spans: Sequence[Span]) -> pd.DataFrame:
    """Give spans as the parts of the engine see them."""
    tidy = tidied(Recording(header(), spans=table(spans))).spans
    assert tidy is not None
    return link_spans(tidy)


def tidy_lines(lines: Sequence[Line]) -> pd.DataFrame:
    """Give lines as the parts of the engine see them."""
    tidy = tidied(Recording(header(), logs=table(lines))).logs
    assert tidy is not None
    return tidy


def table(rows: Sequence[Span] | Sequence[Line]) -> pd.DataFrame:
    """Give spans or lines as a recording holds them."""
    frame = pd.DataFrame([asdict(row) for row in rows])
    return frame.assign(ts=[moment(second) for second in frame.pop("second")]) if len(frame) else frame
