"""The chat: earlier questions and answers as the server keeps them, and the one being answered as it grows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

from assistant.client import ServerError, ServerRefused
from assistant.questions import Question, QuestionState
from ui.pages.connection import redrawing_alone
from ui.pages.scene import Scene
from ui.pages.wording import as_text, clock_time, count

REDRAW_SECONDS: Final = 0.5
LONGEST_QUESTION: Final = 2000
PANEL_HEIGHT_PIXELS: Final = 430
ABOUT_AN_INCIDENT: Final = ("What happened here, and what should I do first?", "Have we seen this before?")
ABOUT_THE_SYSTEM: Final = ("What is wrong right now?", "Is any service close to its limits?")
_PROBLEM_KEY: Final = "question_problem"


def is_pending(question: Question) -> bool:
    """Say whether the server still works on a question."""
    return question.state in (QuestionState.WAITING, QuestionState.WORKING)


def show_conversation(scene: Scene, questions: Sequence[Question], incident_id: str | None) -> None:
    """Draw all questions with their answers, the newest in sight, and the field for the next one."""
    if questions:
        # Streamlit opens a page with a field at its very bottom scrolled down there, away from the incident.
        with st.container(height=PANEL_HEIGHT_PIXELS, autoscroll=True):
            _draw_questions(scene, questions)
    else:
        _offer_first_questions(scene, incident_id)
    problem = st.session_state.pop(_PROBLEM_KEY, None)
    if problem:
        st.error(as_text(problem), icon=":material/error:")
    _draw_question_field(scene, incident_id)


def latest_findings(questions: Sequence[Question]) -> Question | None:
    """Give the newest question that was answered with a diagnosis or with similar entries."""
    found = [question for question in questions if question.diagnosis is not None or question.similar]
    return found[-1] if found else None


def _draw_questions(scene: Scene, questions: Sequence[Question]) -> None:
    for question in questions:
        with st.chat_message("user", avatar=":material/person:"):
            st.text(question.text)
        if is_pending(question):
            _show_growing_answer(scene, question.id)
        else:
            _draw_answer(question)


def _draw_question_field(scene: Scene, incident_id: str | None) -> None:
    asked = st.chat_input(
        "Ask about this incident" if incident_id else "Ask about the system now",
        key=f"question_{incident_id or 'now'}",
        max_chars=LONGEST_QUESTION,
    )
    if asked and asked.strip():
        _ask(scene, asked.strip(), incident_id)
        st.rerun()


@redrawing_alone(run_every=REDRAW_SECONDS)
def _show_growing_answer(scene: Scene, question_id: str) -> None:
    question = scene.client.question(question_id)
    _draw_answer(question)
    if not is_pending(question):
        st.rerun()


def _draw_answer(question: Question) -> None:
    with st.chat_message("assistant", avatar=":material/local_fire_department:"):
        _draw_steps(question)
        if question.state is QuestionState.FAILED:
            st.error("This question could not be answered.", icon=":material/error:")
        if question.notice:
            st.caption("Note")
            st.text(question.notice)
        if question.answer:
            st.markdown(question.answer)
        if question.state is QuestionState.DONE:
            st.caption(_signature(question))


def _draw_steps(question: Question) -> None:
    if not question.steps and not is_pending(question):
        return
    label, state = _progress(question)
    with st.expander(label, expanded=is_pending(question), icon=state):
        for step in question.steps:
            st.text(step)
        if not question.steps:
            st.caption("In the queue")


def _progress(question: Question) -> tuple[str, str]:
    steps = count(len(question.steps), "step", "steps")
    if question.state is QuestionState.WAITING:
        return "Waiting for its turn", "spinner"
    if question.state is QuestionState.WORKING:
        return "Investigating", "spinner"
    if question.state is QuestionState.FAILED:
        return f"Stopped after {steps}", ":material/error:"
    return f"Investigated in {steps}", ":material/check_circle:"


def _signature(question: Question) -> str:
    writer = "from the evidence by Firedrill" if question.answered_by == "evidence" else f"by {question.answered_by}"
    return f"Asked at {clock_time(question.asked_at)} UTC · written {as_text(writer)}"


def _offer_first_questions(scene: Scene, incident_id: str | None) -> None:
    st.caption("Nothing has been asked yet. Type a question below, in any language, or start with one of these:")
    with st.container(horizontal=True):
        for text in ABOUT_AN_INCIDENT if incident_id else ABOUT_THE_SYSTEM:
            if st.button(text, icon=":material/chat:"):
                _ask(scene, text, incident_id)
                st.rerun()


def _ask(scene: Scene, text: str, incident_id: str | None) -> None:
    try:
        scene.client.ask(text, incident_id)
    except ServerError as error:
        # The page is redrawn in a moment; what went wrong is kept until then.
        st.session_state[_PROBLEM_KEY] = error.detail if isinstance(error, ServerRefused) else str(error)
