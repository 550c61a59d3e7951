"""What people think of a diagnosis: thumbs, and what it really was; stored on the incident."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import streamlit as st

from assistant.client import ServerError
from assistant.incidents import Correction, Incident
from assistant.taxonomy import FaultKind
from ui.pages.incident_view import feedback_line, kind_title, known_services
from ui.pages.scene import Scene
from ui.pages.wording import as_text

NOT_SURE: Final = ""
_VERDICTS: Final[tuple[Literal["down", "up"], ...]] = ("down", "up")
_PROBLEM_KEY: Final = "feedback_problem"


def show_feedback(scene: Scene, incident: Incident, services: Sequence[str]) -> None:
    """Draw the thumbs, the correction form, and what was said so far."""
    if incident.diagnosis is None:
        st.caption("There is no diagnosis to judge yet.")
        return
    last = incident.feedback[-1].verdict if incident.feedback else None
    key = f"thumbs_{incident.id}"
    # What the server holds is what is shown, to every viewer and after every reload.
    st.session_state[key] = None if last is None else _VERDICTS.index(last)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**Is this diagnosis right?**")
        st.feedback("thumbs", key=key, on_change=_store_verdict, args=(scene, incident, key))
    problem = st.session_state.pop(_PROBLEM_KEY, None)
    if problem:
        st.error(as_text(problem), icon=":material/error:")
    with st.expander("Say what it really was", expanded=last == "down", icon=":material/edit:"):
        _draw_form(scene, incident, services)
    for feedback in incident.feedback:
        st.text(feedback_line(feedback))


def _draw_form(scene: Scene, incident: Incident, services: Sequence[str]) -> None:
    with st.form(f"correction_{incident.id}", border=False, clear_on_submit=True):
        choices = (NOT_SURE, *known_services(incident.diagnosis, services))
        service = st.selectbox("Service at fault", choices, format_func=lambda name: name or "not sure")
        kinds: tuple[str, ...] = (NOT_SURE, *(kind.value for kind in FaultKind))
        kind = st.selectbox("Kind of fault", kinds, format_func=kind_title)
        note = st.text_area("What it was and how you know", max_chars=2000)
        author = st.text_input("Your name (optional)", max_chars=100)
        if not st.form_submit_button("Store the correction", type="primary"):
            return
    correction = Correction(service=service or None, kind=FaultKind(kind) if kind else None, note=note.strip())
    if correction == Correction():
        st.warning("Choose a service or a kind, or write a note: there is nothing to store yet.")
        return
    _store(scene, incident, "down", correction, author.strip())
    st.rerun()


def _store_verdict(scene: Scene, incident: Incident, key: str) -> None:
    chosen = st.session_state[key]
    if chosen is not None:
        _store(scene, incident, _VERDICTS[chosen], None, "")


def _store(
    scene: Scene, incident: Incident, verdict: Literal["up", "down"], correction: Correction | None, author: str
) -> None:
    try:
        scene.client.give_feedback(incident.id, verdict, correction, author)
    except ServerError as error:
        st.session_state[_PROBLEM_KEY] = str(error)
