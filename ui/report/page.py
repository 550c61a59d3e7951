"""A diagnosis as a page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from assistant.diagnosis.values import Diagnosis, Evidence
from telemetry import Stretch
from ui import __version__
from ui.pages.incident_view import cause_rows, evidence_in_order, kind_title
from ui.pages.wording import clock_time, day, duration, percentage
from ui.report.plots import plot_svg
from ui.report.spread import picture_of
from ui.report.visible import visible
from ui.since_onset import since_onset

# More than anybody looks at; a plot takes a tenth of a second to draw.
_MOST_PLOTS: Final = 30
_MOST_MOVEMENTS: Final = 25
_HERE: Final = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One piece of evidence, with the places of the causes that cite it and its plot."""

    evidence: Evidence
    cited_by: tuple[int, ...]
    plot: Markup | None


def report_html(diagnosis: Diagnosis) -> str:
    """Write a diagnosis as one page that needs nothing else: no script, no network, no other file.

    All text that came with the telemetry is escaped; nothing in it can become markup.
    """
    template = _environment().get_template("report.html")
    return template.render(
        diagnosis=diagnosis,
        causes=cause_rows(diagnosis),
        shown=_shown(diagnosis),
        picture=picture_of(diagnosis),
        movements=diagnosis.timeline[:_MOST_MOVEMENTS],
        style=Markup((_HERE / "report.css").read_text(encoding="utf-8")),  # noqa: S704 - our own file
        version=__version__,
    )


def _shown(diagnosis: Diagnosis) -> tuple[Shown, ...]:
    places: dict[str, tuple[int, ...]] = {}
    for place, hypothesis in enumerate(diagnosis.hypotheses, 1):
        for cited in hypothesis.evidence:
            places[cited] = (*places.get(cited, ()), place)
    return tuple(
        Shown(
            evidence=item,
            cited_by=places.get(item.id, ()),
            plot=plot_svg(item, diagnosis.baseline, diagnosis.alert.at) if number < _MOST_PLOTS else None,
        )
        for number, item in enumerate(evidence_in_order(diagnosis))
    )


def amount(value: float | None, unit: str) -> str:
    """Say a number with its unit; a ratio as a percentage."""
    if value is None or not math.isfinite(value):
        return "no value"
    if unit == "ratio":
        return percentage(value)
    return f"{value:,.4g} {unit}".strip()


def stretch(window: Stretch) -> str:
    """Say from when to when, in UTC; the second day only where it is another."""
    return stretches([window])


def stretches(windows: Sequence[Stretch]) -> str:
    """Say several stretches of time, in UTC; a day is named where it is another than the one before."""
    said, today = [], ""
    for window in windows:
        ends = []
        for at in (window.start, window.end):
            ends.append(clock_time(at) if day(at) == today else f"{day(at)}, {clock_time(at)}")
            today = day(at)
        said.append(" to ".join(ends))
    return f"{'; '.join(said)} UTC"


def moment(at: datetime) -> str:
    """Say a moment with its day and seconds, in UTC."""
    return f"{day(at)}, {clock_time(at)} UTC"


def _capitalized(text: str) -> str:
    return text[:1].upper() + text[1:]


def _before_the_alert(seconds: float) -> str:
    return f"{duration(abs(seconds))} {'before' if seconds >= 0 else 'after'} the alert"


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finished,
    )
    environment.filters.update(
        amount=amount,
        capitalize_first=_capitalized,
        clock=clock_time,
        delay=_before_the_alert,
        kind=kind_title,
        moment=moment,
        percentage=percentage,
        since=since_onset,
        stretch=stretch,
        stretches=stretches,
    )
    return environment


def _finished(value: Any) -> Any:
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
