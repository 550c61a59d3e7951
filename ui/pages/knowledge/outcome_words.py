"""A judgement of an entry in words."""

from __future__ import annotations

from knowledge_base import OutcomeRecord
from ui.pages.wording import day_and_time, percentage


def outcome_line(outcome: OutcomeRecord) -> str:
    """Say a judgement and what it changed in one line, as plain text."""
    verb = {"opened": "opened it", "helped": "says it helped", "wrong": "says it misled"}[outcome.outcome]
    line = f"{day_and_time(outcome.at)} · {outcome.author or 'somebody'} {verb}"
    if outcome.factor_after != outcome.factor_before:
        line += (
            f" · its score now counts {percentage(outcome.factor_after)}, before {percentage(outcome.factor_before)}"
        )
    if outcome.status_after is not outcome.status_before:
        line += f" · {outcome.status_before.replace('_', ' ')} → {outcome.status_after.replace('_', ' ')}"
    return line
