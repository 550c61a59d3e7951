"""The list of incidents beside the chat; choosing one puts it in the address bar."""

from __future__ import annotations

from collections.abc import Sequence
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


@redrawing_alone(run_every=REDRAW_SECONDS)
def show_incident_list(scene: Scene, shown: Incident | None, last_question_id: str | None) -> None:
    """Draw the list; when what the page shows is no longer what the server knows, redraw the page.

    Args:
        scene: Collaborators.
        shown: The incident that the page shows, None for the system as it is now.
        last_question_id: The newest question that the page shows.
    """
    incidents = scene.client.incidents(limit=SHOWN)
    wanted = chosen(INCIDENT_PARAMETER)
    _draw(incidents, wanted)
    if chosen(INCIDENT_PARAMETER) != (shown.id if shown else None) or _has_news(incidents, shown):
        st.rerun()
    asked = scene.client.questions(shown.id if shown else None, limit=1)
    if asked and asked[-1].id != last_question_id:
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
