"""Plots as SVG inside a page, drawn without a browser and without a network."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import altair as alt
import vl_convert
from markupsafe import Markup, escape

from assistant.diagnosis.values import Evidence
from telemetry import Stretch
from ui.evidence_plot import alternative_text, can_be_plotted, evidence_chart
from ui.report.visible import visible

# Narrow, so that its letters can still be read where a telephone shrinks it; a wide page puts two side by side.
WIDTH_PIXELS: Final = 320
_HEIGHT_PIXELS: Final = 140
_GRID: Final = "#94a3b8"
_SVG_START: Final = re.compile(r"^<svg[^>]*?viewBox=\"([^\"]+)\"[^>]*>")
_WRITTEN_IN: Final = ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])
_KNOWN: Final = vl_convert.get_vegalite_versions()
# Charts this plain read the same in the version of the chart language before, where the converter lags behind.
_CHART_LANGUAGE: Final = _WRITTEN_IN if _WRITTEN_IN in _KNOWN else _KNOWN[-1]


def plot_svg(evidence: Evidence, baseline: Sequence[Stretch], alert_at: datetime) -> Markup | None:
    """Draw evidence as an SVG element that takes the page's text colour; None where there is no line to draw."""
    points = tuple((at, value) for at, value in evidence.series if math.isfinite(value))
    drawn = evidence.model_copy(
        update={
            "series": points,
            "signal": visible(evidence.signal),
            "unit": visible(evidence.unit),
        }
    )
    if not can_be_plotted(drawn):
        return None
    chart = evidence_chart(drawn, baseline, alert_at).properties(width=WIDTH_PIXELS, height=_HEIGHT_PIXELS)
    chart = chart.configure(background="transparent", font="sans-serif").configure_view(strokeOpacity=0)
    chart = chart.configure_axis(
        labelColor="currentColor",
        titleColor="currentColor",
        titleFontWeight="normal",
        gridColor=_GRID,
        gridOpacity=0.3,
        domainColor=_GRID,
        tickColor=_GRID,
        labelFontSize=12,
        titleFontSize=12,
        titlePadding=10,
        titleLimit=_HEIGHT_PIXELS,
    )
    svg = vl_convert.vegalite_to_svg(chart.to_json(), vl_version=_CHART_LANGUAGE, allowed_base_urls=[])
    start = _SVG_START.match(svg)
    if start is None:  # Another release of the converter writes another kind of document.
        return None
    opening = f'<svg class="plot" viewBox="{escape(start[1])}" role="img" aria-label="{_label(evidence)}">'
    return Markup(opening + svg[start.end() :])  # noqa: S704 - the converter escapes every text that it writes


def _label(evidence: Evidence) -> Markup:
    return escape(visible(alternative_text(evidence)))
