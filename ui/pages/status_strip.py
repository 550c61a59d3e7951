"""The strip on top of the chat: is anything wrong, is the telemetry fresh, how does each service do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

from ui.pages.connection import redrawing_alone
from ui.pages.scene import Scene
from ui.pages.status_view import Fact, ServiceRow, Tone, service_rows, status_strip
from ui.pages.wording import NO_DATA, as_text

REDRAW_SECONDS: Final = 5.0
_SERVICES_A_ROW: Final = 6
_ICONS: Final = {
    Tone.GOOD: ":material/check_circle:",
    Tone.BAD: ":material/error:",
    Tone.DOUBTFUL: ":material/help:",
    Tone.NEUTRAL: ":material/info:",
}


@redrawing_alone(run_every=REDRAW_SECONDS)
def show_status_strip(scene: Scene) -> None:
    """Draw the strip and keep it fresh."""
    status = scene.client.status()
    breached = frozenset(breach.service for breach in status.detector.breaches)
    rows = service_rows(scene.client.signals(), breached)
    with st.container(border=True, gap="small"):
        _draw_facts(status_strip(status, scene.clock()))
        if rows:
            _draw_services(rows)
        else:
            st.caption(
                "No service sends telemetry yet. Start the shop with `firedrill up`, or point your own exporter."
            )


def _draw_facts(facts: Sequence[Fact]) -> None:
    for column, fact in zip(st.columns(len(facts), gap="medium"), facts, strict=True):
        with column.container(gap=None):
            st.caption(fact.label, help=as_text(fact.note) or None)
            st.markdown(f":{fact.tone}[{_ICONS[fact.tone]} **{as_text(fact.value)}**]")


def _draw_services(rows: Sequence[ServiceRow]) -> None:
    for first in range(0, len(rows), _SERVICES_A_ROW):
        shown = rows[first : first + _SERVICES_A_ROW]
        for column, row in zip(st.columns(max(len(shown), 5), gap="small")[: len(shown)], shown, strict=True):
            with column.container(gap=None):
                st.markdown(f":{row.tone}[●] **{as_text(row.service)}**")
                st.caption(_signals(row))


def _signals(row: ServiceRow) -> str:
    if (row.traffic, row.errors, row.latency) == (NO_DATA, NO_DATA, NO_DATA):
        return NO_DATA
    return f"{row.traffic} · {row.errors} err · p95 {row.latency}"
