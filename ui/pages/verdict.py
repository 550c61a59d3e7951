"""What somebody made of an entry that was found: it helped, or it misled; told to the server once for each finding."""

from __future__ import annotations

from typing import Final

import streamlit as st

from assistant.client import ServerError
from knowledge_base import OutcomeRecord, ReviewStatus
from knowledge_base.review.values import Outcome
from ui.pages.heading import author
from ui.pages.scene import Scene
from ui.pages.telling import attempt

_KEY: Final = "verdicts"
_Finding = tuple[str, str]


def show_verdict(scene: Scene, entry_id: str, recall_id: str, *, place: str) -> None:
    """Draw the two buttons, or what the reader said already.

    Args:
        scene: Collaborators.
        entry_id: Which entry.
        recall_id: In which search or investigation it was found, empty outside of one.
        place: Where on which page this is drawn, so that its buttons are told from others'.
    """
    finding = (recall_id or place, entry_id)
    said = _verdicts().get(finding)
    if said is not None:
        st.caption(f":material/check: You said that it {'helped' if said == 'helped' else 'misled'}.")
        return
    key = f"verdict_{place}_{recall_id}_{entry_id}"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            "Helped",
            key=f"{key}_helped",
            icon=":material/thumb_up:",
            on_click=_judge,
            args=(scene, finding, recall_id, "helped"),
        )
        with (
            st.popover("Misled", icon=":material/thumb_down:", key=f"{key}_asks"),
            st.form(f"{key}_form", border=False),
        ):
            note = f"{key}_note"
            st.text_input("What was misleading? (optional)", key=note, max_chars=1000)
            st.caption("It sinks in later searches, and goes back to review.")
            st.form_submit_button("It misled me", on_click=_judge, args=(scene, finding, recall_id, "wrong", note))


def note_opened(scene: Scene, entry_id: str, recall_id: str) -> None:
    """Tell once that an entry was opened from where it was found."""
    finding = (recall_id, entry_id)
    seen: set[_Finding] = st.session_state.setdefault("opened_findings", set())
    if not recall_id or finding in seen:
        return
    seen.add(finding)
    try:
        scene.client.knowledge.judge(entry_id, "opened", recall_id, author())
    except ServerError:
        return  # A link of another workspace names a search that is not known here; reading goes on all the same.


def outcome_in_words(record: OutcomeRecord) -> str:
    """Say what a judgement changed."""
    said = "Noted: it helped." if record.outcome == "helped" else "Noted: it misled."
    if record.status_after is ReviewStatus.IN_REVIEW and record.status_before is not ReviewStatus.IN_REVIEW:
        said += " It went back to review."
    if record.factor_after < record.factor_before:
        said += " Later searches rank it lower."
    elif record.factor_after > record.factor_before:
        said += " Later searches rank it higher again."
    return said


def _judge(scene: Scene, finding: _Finding, recall_id: str, outcome: Outcome, note_key: str = "") -> None:
    note = str(st.session_state.get(note_key) or "").strip() if note_key else ""
    client = scene.client.knowledge
    if attempt(lambda: client.judge(finding[1], outcome, recall_id, author(), note), outcome_in_words) is not None:
        _verdicts()[finding] = outcome


def _verdicts() -> dict[_Finding, Outcome]:
    known: dict[_Finding, Outcome] = st.session_state.setdefault(_KEY, {})
    return known
