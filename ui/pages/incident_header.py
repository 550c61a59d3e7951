"""The top of an opened incident: what it is, when what happened, what probably caused it."""

from __future__ import annotations

from typing import Final

import streamlit as st

from assistant.client import ServerError
from assistant.diagnosis.values import Diagnosis
from assistant.incidents import Incident, IncidentStatus, names_the_cause
from ui.pages.incident_view import Cause, cause_rows, kind_title, timeline_rows
from ui.pages.scene import Scene
from ui.pages.wording import as_text, percentage

_NAMED_CAUSES: Final = 3
_STEP_WIDTH_PIXELS: Final = 90


def show_incident_header(scene: Scene, incident: Incident) -> None:
    """Draw title, status, actions and timeline."""
    is_open = incident.status is IncidentStatus.OPEN
    title, actions = st.columns([4, 3], vertical_alignment="center")
    with title.container(gap="small"):
        st.subheader(as_text(incident.title), anchor=False)
        badge = ":red-badge[open]" if is_open else ":green-badge[resolved]"
        st.markdown(f"{badge} :gray[{as_text(incident.id)} · {as_text(incident.system)}]")
    with actions.container(horizontal=True, horizontal_alignment="right"):
        if (
            is_open
            and incident.timeline.acknowledged is None
            and st.button("Acknowledge", icon=":material/front_hand:")
        ):
            _act(scene, incident, "acknowledge")
        if is_open and st.button("Resolve", icon=":material/check:"):
            _act(scene, incident, "resolve")
    _draw_timeline(incident)


def show_causes(incident: Incident) -> None:
    """Draw the ranked causes, or why there are none."""
    diagnosis = incident.diagnosis
    if diagnosis is None:
        st.info(
            "Not diagnosed yet: the telemetry around the detection is being frozen and read. "
            "This takes a few seconds; the page updates by itself.",
            icon=":material/hourglass_top:",
        )
        return
    show_diagnosis(diagnosis)
    if incident.truth is not None:
        _draw_truth(incident)


def show_diagnosis(diagnosis: Diagnosis) -> None:
    """Draw the causes of a diagnosis with their probabilities, and what it could not know."""
    if diagnosis.abstained:
        st.warning("No cause can be named.", icon=":material/help:")
        st.text(diagnosis.abstention_reason or "Nothing stands out against the baseline.")
    causes = cause_rows(diagnosis)
    if causes:
        with st.container(border=True, gap="small"):
            _draw_cause(causes[0])
            for cause in causes[1:_NAMED_CAUSES]:
                _draw_cause_line(cause)
        _draw_next_steps(causes[0])
    _draw_rest(diagnosis, causes[1:])


def _draw_timeline(incident: Incident) -> None:
    # Steps of a fixed width go on in a second row where a window is narrow, and no word is broken.
    with st.container(border=True, horizontal=True, gap="xsmall"):
        for moment in timeline_rows(incident):
            with st.container(width=_STEP_WIDTH_PIXELS, gap=None):
                st.caption(moment.label)
                st.markdown(f"**{moment.at}**" if moment.since else f":gray[{moment.at}]")
                if moment.since:
                    st.caption(moment.since)


def _draw_cause(cause: Cause) -> None:
    place = f" :gray[{as_text(cause.place)}]" if cause.place else ""
    badges = " ".join(f":blue-badge[{as_text(evidence_id)}]" for evidence_id in cause.evidence)
    name = f"**{cause.rank} · {as_text(cause.service)}** · {as_text(cause.kind)}{place} {badges}"
    _draw_likelihood(name, cause)
    st.text(cause.summary)


def _draw_cause_line(cause: Cause) -> None:
    _draw_likelihood(f":gray[{cause.rank} · {as_text(cause.service)} · {as_text(cause.kind)}]", cause)


def _draw_likelihood(name: str, cause: Cause) -> None:
    said, likelihood, probability = st.columns([7, 4, 1.4], vertical_alignment="center", gap="small")
    said.markdown(name, help=as_text(cause.meaning))
    likelihood.progress(cause.probability)
    probability.markdown(f"**{cause.probability_text}**" if cause.rank == 1 else f":gray[{cause.probability_text}]")


def _draw_next_steps(cause: Cause) -> None:
    with st.expander("What to do first", icon=":material/checklist:", type="compact"):
        st.markdown("\n".join(f"{number}. {as_text(step)}" for number, step in enumerate(cause.next_steps, start=1)))


def _draw_rest(diagnosis: Diagnosis, further: tuple[Cause, ...]) -> None:
    if not (further or diagnosis.rejected or diagnosis.unknown or diagnosis.missing):
        return
    with st.expander("Less likely, ruled out, and not known", icon=":material/rule:", type="compact"):
        for cause in further:
            _draw_cause(cause)
        if further and diagnosis.none_probability > 0:
            st.markdown(f"**None of these:** {percentage(diagnosis.none_probability)}")
        for rejected in diagnosis.rejected:
            st.markdown(f"**Ruled out:** {as_text(rejected.service)} · {as_text(kind_title(rejected.kind))}")
            st.text(rejected.reason)
        if diagnosis.missing:
            st.markdown(f"**Not collected:** {as_text(', '.join(diagnosis.missing))}")
        for unknown in diagnosis.unknown:
            st.markdown("**Not known:**")
            st.text(unknown)


def _draw_truth(incident: Incident) -> None:
    truth, diagnosis = incident.truth, incident.diagnosis
    if truth is None or diagnosis is None:
        return
    right = names_the_cause(
        diagnosis.top, service=truth.service, kind=truth.kind, operation=truth.operation, link=truth.link
    )
    icon = ":material/task_alt:" if right else ":material/cancel:"
    said = "the diagnosis was right" if right else "the diagnosis was wrong"
    with st.expander(f"This was a drill; {said}", icon=icon):
        st.markdown(f"**{as_text(truth.service)}** · {as_text(kind_title(truth.kind))}")
        st.text(f"{truth.cause}\nFix: {truth.fix}")
        st.caption(f"Drill {as_text(truth.drill)}")


def _act(scene: Scene, incident: Incident, action: str) -> None:
    try:
        if action == "acknowledge":
            scene.client.acknowledge(incident.id)
        else:
            scene.client.resolve(incident.id)
    except ServerError as error:
        st.error(as_text(str(error)), icon=":material/error:")
        return
    st.rerun()
