"""Numbers, times and probabilities as an engineer reads them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from assistant.answers.markup import inline_code
from assistant.diagnosis.values import Evidence, Hypothesis
from assistant.taxonomy import DESCRIPTIONS

_PROBABILITY_WORDS: Final = (
    (0.95, "almost certain"),
    (0.8, "very likely"),
    (0.55, "likely"),
    (0.3, "possible"),
    (0.0, "a weak lead"),
)
_SECOND_IN_MS: Final = 1000


def probability(value: float) -> str:
    """Say a probability in words and percent: `very likely (87 %)`."""
    words = next(words for least, words in _PROBABILITY_WORDS if value >= least)
    return f"{words} ({percent(value)})"


def percent(ratio: float) -> str:
    """Say a ratio as a percentage, finer the smaller it is; 1 only where it is 1."""
    if 0.99 < ratio < 1:
        return f"{math.floor(ratio * 1000) / 10:g} %"
    hundredths = ratio * 100
    return f"{hundredths:.0f} %" if abs(hundredths) >= 10 or hundredths == 0 else f"{hundredths:.2g} %"


def reading(value: float | None, unit: str) -> str:
    """Say a value with its unit: `34 %`, `1.2 s`, `12 requests/s`, or `nothing` where there is none."""
    if value is None or not math.isfinite(value):
        return "nothing"
    if unit == "ratio":
        return percent(value)
    if unit == "ms" and abs(value) >= _SECOND_IN_MS:
        return f"{value / _SECOND_IN_MS:.3g} s"
    number = f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{number} {unit}".rstrip()


def change(evidence: Evidence) -> str | None:
    """Say what moved from what to what; None where no number was taken."""
    if evidence.after is None:
        return None
    after = reading(evidence.after, evidence.unit)
    return after if evidence.before is None else f"{reading(evidence.before, evidence.unit)} → {after}"


def clock(at: datetime, now: datetime) -> str:
    """Say a moment in UTC, with its date unless that is today's."""
    at, now = at.astimezone(UTC), now.astimezone(UTC)
    return f"{at:%H:%M:%S} UTC" if at.date() == now.date() else f"{at:%Y-%m-%d %H:%M:%S} UTC"


def place(hypothesis: Hypothesis) -> str:
    """Say where a cause lies: `orders` → `payments`, or `catalog`, its operation and its version."""
    if hypothesis.link:
        where = f"between {inline_code(hypothesis.link[0])} and {inline_code(hypothesis.link[1])}"
    else:
        where = f"in {inline_code(hypothesis.service)}"
    if hypothesis.operation:
        where += f", on {inline_code(hypothesis.operation)}"
    if hypothesis.version:
        where += f", version {inline_code(hypothesis.version)}"
    return where


def next_steps(hypothesis: Hypothesis) -> tuple[str, ...]:
    """Give the steps for a kind of fault, with this cause's names put in for the general words."""
    names = {"the service": inline_code(hypothesis.service)}
    if hypothesis.link:
        names |= {"the caller": inline_code(hypothesis.link[0]), "the callee": inline_code(hypothesis.link[1])}
    if hypothesis.operation:
        operation = inline_code(hypothesis.operation)
        names |= {"the failing operation": operation, "a slow operation": operation}
    if hypothesis.version:
        version = inline_code(hypothesis.version)
        names |= {"the new version": version, "this version": version}
        names |= {"the version before": f"the version before {version}"}
    return tuple(_with_names(step, names) for step in DESCRIPTIONS[hypothesis.kind].next_steps)


def _with_names(step: str, names: Mapping[str, str]) -> str:
    # The steps are our own words; only the names put into them are foreign, and those are code already.
    general = "|".join(names)
    return re.sub(rf"\b({general})\b(?! that)", lambda found: names[found[0].lower()], step, flags=re.IGNORECASE)
