"""The list of incidents beside the chat; choosing one puts it in the address bar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import streamlit as st

from assistant.incidents import Incident
from ui.pages.connection import redrawing_alone
from ui.pages.incident_view import fingerprint, list_caption, list_label
from ui.pages.scene import INCIDENT_PARAMETER, Scene, choose, chosen

REDRAW_SECONDS: Final = 3.0
SHOWN: Final = 50
THE_SYSTEM_NOW: Final = ""
_KEY: Final = "incident_choice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What the page beside the list shows.

    Attributes:
        incident_id: The incident asked for; None for the system as it is now.
        incident: That incident; None where there is no such thing.
        last_question_id: The newest question shown; None where none is.
    """

    incident_id: str | None
    incident: Incident | None = None
    last_question_id: str | None = None


@redrawing_alone(run_every=REDRAW_SECONDS)
def show_incident_list(scene: Scene, drawn: Drawn) -> None:
    """Draw the list; when what the page shows is no longer what is wanted or known, redraw the page."""
    incidents = scene.client.incidents(limit=SHOWN)
    _draw(incidents, chosen(INCIDENT_PARAMETER))
    if chosen(INCIDENT_PARAMETER) != drawn.incident_id or _has_news(incidents, drawn.incident):
        st.rerun()
    if drawn.incident_id is not None and drawn.incident is None:
        return
    asked = scene.client.questions(drawn.incident_id, limit=1)
    if asked and asked[-1].id != drawn.last_question_id:
        st.rerun()


def _draw(incidents: Sequence[Incident], wanted: str | None) -> None:
    st.subheader("Incidents", anchor=False, help="Newest first; all times in UTC.")
    by_id = {incident.id: incident for incident in incidents}
    options = [THE_SYSTEM_NOW, *by_id]
    # The address bar decides; the list only shows it.
    st.session_state[_KEY] = (wanted or THE_SYSTEM_NOW) if (wanted or THE_SYSTEM_NOW) in options else None
    st.radio(
        "What to look at",
        options,
        key=_KEY,
        on_change=_remember_choice,
        format_func=lambda option: list_label(by_id[option]) if option else "**The system now**",
        captions=["live telemetry", *(list_caption(incident) for incident in incidents)],
        label_visibility="collapsed",
    )
    if not incidents:
        st.info(
            "No incidents yet. The detector opens one by itself when something breaks. "
            "To see that happen, run `firedrill drill run`.",
            icon=":material/local_fire_department:",
        )


def _remember_choice() -> None:
    choose(INCIDENT_PARAMETER, st.session_state[_KEY] or None)


def _has_news(incidents: Sequence[Incident], shown: Incident | None) -> bool:
    return any(
        shown is not None and incident.id == shown.id and fingerprint(incident) != fingerprint(shown)
        for incident in incidents
    )
