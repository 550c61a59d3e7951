"""The page that an on-call engineer looks at: what is wrong, since when, why, and what is known about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

from assistant.client import ServerError, ServerRefused
from assistant.incidents import Incident
from assistant.questions import Question
from ui.pages.conversation import latest_findings, show_conversation
from ui.pages.entry_card import show_similar
from ui.pages.evidence_panel import show_evidence
from ui.pages.feedback_panel import show_feedback
from ui.pages.incident_header import show_causes, show_diagnosis, show_incident_header
from ui.pages.incident_list import Drawn, show_incident_list
from ui.pages.scene import INCIDENT_PARAMETER, Scene, choose, chosen
from ui.pages.status_strip import show_status_strip
from ui.pages.telling import show_what_was_told
from ui.pages.wording import count

_NOT_FOUND: Final = 404
_QUESTIONS_SHOWN: Final = 20


def show_chat(scene: Scene) -> None:
    """Draw the chat page about the chosen incident, or about the system as it is now."""
    show_status_strip(scene)
    show_what_was_told()
    wanted = chosen(INCIDENT_PARAMETER)
    try:
        incident = scene.client.incident(wanted) if wanted else None
    except ServerRefused as error:
        if error.status != _NOT_FOUND:
            raise
        _say_there_is_none(error)
        with st.sidebar:
            show_incident_list(scene, Drawn(incident_id=wanted))
        return
    questions = scene.client.questions(incident.id if incident else None, limit=_QUESTIONS_SHOWN)
    with st.sidebar:
        last = questions[-1].id if questions else None
        show_incident_list(scene, Drawn(incident_id=wanted, incident=incident, last_question_id=last))
    middle, beside = st.columns([3, 2], gap="medium")
    with middle:
        if incident is None:
            _show_system_now(scene, questions)
        else:
            show_incident_header(scene, incident)
            show_causes(incident)
            st.subheader("Chat", anchor=False)
        show_conversation(scene, questions, incident.id if incident else None)
    with beside:
        _show_beside(scene, incident, questions)


def _show_system_now(scene: Scene, questions: Sequence[Question]) -> None:
    st.subheader("The system now", anchor=False)
    breaches = scene.client.status().detector.breaches
    if breaches:
        st.error(
            count(len(breaches), "signal is out of bounds:", "signals are out of bounds:"), icon=":material/error:"
        )
        st.text("\n".join(breach.description or f"{breach.service}: {breach.signal}" for breach in breaches))
    findings = latest_findings(questions)
    if findings is not None and findings.diagnosis is not None:
        with st.expander("What the latest investigation found", expanded=False, icon=":material/troubleshoot:"):
            show_diagnosis(findings.diagnosis)


def _show_beside(scene: Scene, incident: Incident | None, questions: Sequence[Question]) -> None:
    findings = latest_findings(questions)
    if incident is not None:
        diagnosis, similar, key, recall_id = incident.diagnosis, incident.similar, incident.id, incident.recall_id
    else:
        diagnosis = findings.diagnosis if findings else None
        similar, key = (findings.similar if findings else ()), "now"
        recall_id = findings.recall_id if findings else ""
    names = [f"Evidence ({len(diagnosis.evidence) if diagnosis else 0})", f"Similar ({len(similar)})"]
    tabs = st.tabs([*names, "Your verdict"] if incident is not None else names)
    with tabs[0]:
        if incident is None and diagnosis is None:
            st.caption("Ask a question: the evidence that its answer rests on appears here, plotted.")
        else:
            show_evidence(diagnosis, key)
    with tabs[1]:
        show_similar(scene, similar, incident.id if incident else None, recall_id)
    if incident is not None:
        with tabs[2]:
            show_feedback(scene, incident, _services(scene))


def _services(scene: Scene) -> list[str]:
    try:
        return [signal.service for signal in scene.client.signals()]
    except ServerError:
        return []  # The correction form then offers those that the diagnosis names.


def _say_there_is_none(error: ServerRefused) -> None:
    st.warning("There is no such incident. It may belong to another workspace, or the link is incomplete.")
    st.text(error.detail)
    st.button("Show the system now", on_click=choose, args=(INCIDENT_PARAMETER, None))
