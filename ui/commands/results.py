"""Drill results as a table for people."""

from __future__ import annotations

from collections.abc import Sequence

from chaos import DrillResult
from ui.commands.output import print_table, seconds

COLUMNS = ("drill", "effect", "detected", "to detect", "top cause said", "right", "most similar", "to recover")


def drill_table(results: Sequence[DrillResult]) -> None:
    """Print a line for each drill."""
    print_table(COLUMNS, [_row(result) for result in results])


def _row(result: DrillResult) -> tuple[str, ...]:
    if result.invalid is not None:
        return (result.name, f"invalid: {result.invalid}", *["-"] * (len(COLUMNS) - 2))
    score = result.score
    said = f"{score.top_service}: {score.top_kind}" if score.top_service else "none"
    if score.top_operation:
        said += f" ({score.top_operation})"
    return (
        result.name,
        "seen" if result.effect_seen_at else "not seen",
        "yes" if result.detected_at else "no",
        seconds(result.seconds_to_detect),
        said,
        "right" if score.right else "wrong",
        score.similar or "nothing similar",
        seconds(result.seconds_to_recover),
    )
