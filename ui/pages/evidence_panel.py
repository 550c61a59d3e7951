"""The evidence beside the chat: plots, how to look each one up, and the traces and log lines that show it."""

from __future__ import annotations

from typing import Final

import streamlit as st

from assistant.diagnosis.values import Diagnosis, Evidence
from ui.evidence_plot import alternative_text, can_be_plotted, evidence_chart
from ui.pages.incident_view import evidence_in_order
from ui.pages.wording import as_text, clock_time

_OPEN_AT_FIRST: Final = 4
_LINES_AT_ONCE: Final = 5
_LINES_HEIGHT_PIXELS: Final = 260


def show_evidence(diagnosis: Diagnosis | None, key: str) -> None:
    """Draw what a diagnosis rests on, that of the likeliest cause first."""
    if diagnosis is None:
        st.caption("No evidence yet. It appears here, plotted, as soon as there is a diagnosis.")
        return
    evidence = evidence_in_order(diagnosis)
    if not evidence:
        st.caption("This diagnosis cites no evidence.")
        return
    if any(can_be_plotted(item) for item in evidence):
        st.caption("Shaded: the baseline, taken as normal. Dashed: :orange[onset] and :red[alert]. All times in UTC.")
    for item in evidence[:_OPEN_AT_FIRST]:
        with st.container(border=True, gap="small"):
            st.markdown(_heading(item))
            _draw(item, diagnosis, key)
    for item in evidence[_OPEN_AT_FIRST:]:
        with st.expander(_heading(item)):
            _draw(item, diagnosis, key)


def _heading(evidence: Evidence) -> str:
    operation = f" · {as_text(evidence.operation)}" if evidence.operation else ""
    signal = as_text(evidence.signal.replace("_", " "))
    return f":blue-badge[{as_text(evidence.id)}] **{as_text(evidence.service)}** · {signal}{operation}"


def _draw(evidence: Evidence, diagnosis: Diagnosis, key: str) -> None:
    st.text(evidence.summary)
    if can_be_plotted(evidence):
        chart = evidence_chart(evidence, diagnosis.baseline, diagnosis.alert.at)
        st.altair_chart(chart, key=f"plot_{key}_{evidence.id}", alt=alternative_text(evidence))
    if evidence.log_lines:
        st.caption("Log lines")
        # Given a height, many lines scroll instead of pushing everything else away.
        with st.container(height=_LINES_HEIGHT_PIXELS if len(evidence.log_lines) > _LINES_AT_ONCE else "content"):
            st.code("\n".join(evidence.log_lines), language=None, wrap_lines=True)
    with st.expander("How to look this up", type="compact"):
        st.code(evidence.query, language=None, wrap_lines=True)
        window = f"{clock_time(evidence.window.start)} to {clock_time(evidence.window.end)} UTC"
        st.caption(f"Measured from {window}; onset {clock_time(evidence.onset)}")
        if evidence.trace_ids:
            st.caption("Example traces")
            st.code("\n".join(evidence.trace_ids), language=None)
