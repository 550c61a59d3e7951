"""What can be done with an entry on its way to being known: one step at a press, the others behind a second one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import streamlit as st

from knowledge_base import Entry, ReviewAction, ReviewStatus
from knowledge_base.review.transitions import possible
from ui.pages.heading import author
from ui.pages.knowledge.asked import status_title
from ui.pages.scene import Scene
from ui.pages.telling import attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step of a review as it is offered: its name, its picture, and what it means."""

    action: ReviewAction
    label: str
    icon: str
    meaning: str


STEPS: Final = {
    step.action: step
    for step in (
        Step(
            action=ReviewAction.SUBMIT,
            label="Submit for review",
            icon=":material/send:",
            meaning="Asks somebody to look at it.",
        ),
        Step(
            action=ReviewAction.APPROVE,
            label="Approve",
            icon=":material/verified:",
            meaning="You vouch for it: from now on it is recalled as known.",
        ),
        Step(
            action=ReviewAction.SEND_BACK,
            label="Send back",
            icon=":material/undo:",
            meaning="Makes it a draft again; say what is missing.",
        ),
        Step(
            action=ReviewAction.REOPEN,
            label="Review again",
            icon=":material/restart_alt:",
            meaning="Somebody has to look at it again before it counts as known.",
        ),
        Step(
            action=ReviewAction.DEPRECATE,
            label="Deprecate",
            icon=":material/archive:",
            meaning="No search finds it any longer; it is kept, and can be revived.",
        ),
        Step(
            action=ReviewAction.REVIVE,
            label="Revive as a draft",
            icon=":material/unarchive:",
            meaning="Makes it a draft that searches find again.",
        ),
    )
}


def steps_of(status: ReviewStatus) -> tuple[Step, ...]:
    """Give the steps that are open to an entry, the usual one first; the server decides whether one is taken."""
    return tuple(STEPS[action] for action in possible(status))


def show_review_actions(scene: Scene, entry: Entry, *, place: str) -> None:
    """Draw the usual next step, and the others with a word on why.

    Args:
        scene: Collaborators.
        entry: What it is about.
        place: Where this is drawn, so that its buttons are told from others'.
    """
    first, *others = steps_of(entry.status)
    key = f"review_{place}_{entry.id}"
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.button(
            first.label,
            key=f"{key}_{first.action}",
            icon=first.icon,
            type="primary" if first.action is ReviewAction.APPROVE else "secondary",
            on_click=_act,
            args=(scene, entry, first.action),
        )
        if others:
            with st.popover("More", key=f"{key}_more"), st.form(f"{key}_form", border=False):
                _draw_others(scene, entry, tuple(others), f"{key}_note")


def _draw_others(scene: Scene, entry: Entry, others: tuple[Step, ...], note_key: str) -> None:
    st.text_input("Why (kept in the history)", key=note_key, max_chars=1000)
    for step in others:
        st.form_submit_button(
            step.label, key=f"{note_key}_{step.action}", icon=step.icon, on_click=_act,
            args=(scene, entry, step.action, note_key),
        )  # fmt: skip
        st.caption(step.meaning)


def _act(scene: Scene, entry: Entry, action: ReviewAction, note_key: str = "") -> None:
    note = str(st.session_state.get(note_key) or "").strip() if note_key else ""
    attempt(
        lambda: scene.client.knowledge.review(entry.id, action, author(), note),
        lambda now: f"“{now.title}” is now {_status_in_words(now)}.",
    )


def _status_in_words(entry: Entry) -> str:
    said = {ReviewStatus.DRAFT: "a draft"}.get(entry.status, status_title(entry.status))
    return f"{said}, to be looked at again by {entry.review_by}" if entry.review_by is not None else said
