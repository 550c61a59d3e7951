"""Taking a stretch of telemetry out of a source, as a recording."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

import pandas as pd
from pydantic import ValidationError

from telemetry.errors import RecordingError, SourceUnavailable
from telemetry.recording import Alert, Recording, RecordingHeader, Stretch
from telemetry.source import TelemetrySource
from telemetry.spans.statistics import by_edge
from telemetry.spans.tree import NONE, span_tree


def freeze(
    source: TelemetrySource,
    *,
    recording_id: str,
    system: str,
    window: Stretch,
    baseline: Sequence[Stretch],
    alert: Alert,
    entry_services: Sequence[str] = (),
    step_seconds: float = 5.0,
) -> Recording:
    """Read everything that a source knows about a window.

    Metrics are stamped at the end of their steps, and a recording ends before its window does; so the first step
    ends at the window's start, and the last one step before its end, at the latest.

    Args:
        source: Who to ask. A table that it cannot give becomes None ("not collected").
        recording_id: Unique in its set, `[a-z0-9-]+`.
        system: Name of the system observed.
        window: The stretch to record.
        baseline: Stretches in the window taken to be normal. What lies before the first sign of telemetry is cut
            off: where nothing was heard, nothing is known to have been normal.
        alert: What woke somebody.
        entry_services: Services that users reach directly; told from the spans where none are named.
        step_seconds: Sampling step of the metrics.

    Raises:
        SourceUnavailable: The source can give no table at all.
        RecordingError: The id or the step is not one that a recording may have.
    """
    try:
        header = RecordingHeader(
            id=recording_id,
            system=system,
            window=window,
            baseline=tuple(baseline),
            alert=alert,
            entry_services=tuple(entry_services),
            resolution_seconds=step_seconds,
        )
    except ValidationError as error:
        problem = error.errors()[0]
        raise RecordingError(recording_id, f"{problem['loc'][0]}: {problem['msg']}") from error
    step = timedelta(seconds=step_seconds)
    start, end = window.start, window.end
    asked: list[Callable[[], pd.DataFrame]] = [
        lambda: source.metrics(start - step, end - step, step_seconds),
        lambda: source.spans(start, end),
        lambda: source.logs(start, end),
        lambda: source.events(start, end),
    ]
    metrics, spans, logs, events = _tables(asked)
    heard = heard_from(baseline, (metrics, spans, logs))
    header = header.model_copy(update={"baseline": heard})
    if spans is not None and not entry_services:
        header = header.model_copy(update={"entry_services": entry_services_of(spans)})
    calls = None if spans is None else _calls(spans)
    return Recording(header, metrics=metrics, spans=spans, logs=logs, events=events, calls=calls)


def entry_services_of(spans: pd.DataFrame) -> tuple[str, ...]:
    """Name, in order, the services that users reach directly.

    Those that have server spans without a parent. Where the users' own side sends a trace context, no server span is
    a root, and those count whose server spans mostly have a parent that nobody knows.
    """
    tree = span_tree(spans)
    server = (tree.kind == "SERVER") & ~tree.repeated
    direct = tree.service[server & tree.root]
    if not len(direct):
        orphan = pd.Series((tree.parent == NONE)[server], dtype=float).groupby(tree.service[server]).mean()
        direct = orphan.index[orphan > 0.5].to_numpy()
    return tuple(sorted(set(direct) - {""}))


def heard_from(baseline: Sequence[Stretch], tables: Sequence[pd.DataFrame | None]) -> tuple[Stretch, ...]:
    """Cut off what lies before the first row of any of the tables."""
    firsts = [table["ts"].min() for table in tables if table is not None and not table.empty]
    if not firsts:
        return ()
    first = min(firsts).to_pydatetime()
    return tuple(Stretch(start=max(one.start, first), end=one.end) for one in baseline if one.end > first)


def _calls(spans: pd.DataFrame) -> tuple[tuple[str, str], ...]:
    edges = by_edge(spans)
    return tuple(zip(edges["caller"], edges["callee"], strict=True))


def _tables(asked: Sequence[Callable[[], pd.DataFrame]]) -> list[pd.DataFrame | None]:
    tables: list[pd.DataFrame | None] = []
    refusals: list[SourceUnavailable] = []
    for ask in asked:
        try:
            tables.append(ask())
        except SourceUnavailable as error:
            tables.append(None)
            refusals.append(error)
    if len(refusals) == len(asked):
        raise refusals[0]
    return tables
