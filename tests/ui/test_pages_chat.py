from __future__ import annotations

import socket

from contract_entries import HOSTILE_LINE
from contract_server import World
from contract_world import ANSWER, payments_diagnosis
from opened_app import OpenApp, everything_said
from streamlit.testing.v1 import AppTest

from assistant.incidents import IncidentStatus
from assistant.taxonomy import FaultKind
from ui.pages.incident_list import THE_SYSTEM_NOW

DIAGNOSED = "inc-20260301-140812"
UNDIAGNOSED = "inc-20260301-142000"
DRILL = "inc-20260301-130101"
HOSTILE_NAME = "![x](http://127.0.0.1:9/p.png)"


def answered(app: AppTest, question_text: str) -> AppTest:
    """Ask, and draw the page until nothing is pending, as a browser would twice a second."""
    app.chat_input[0].set_value(question_text).run()
    for _ in range(8):
        app.run()
    return app


def markdown_said(app: AppTest) -> str:
    """Gather only what is read as Markdown."""
    kinds = ("markdown", "caption", "info", "warning", "error")
    words = [str(element.value) for kind in kinds for element in app.get(kind)]
    words += [str(element.label) for element in app.get("expander")]
    words += [option for radio in app.radio for option in radio.options]
    return "\n".join(words)


def test_the_page_opens_with_the_system_now_and_every_incident(server_url: str, open_app: OpenApp) -> None:
    app = open_app(server_url)
    assert not app.exception
    (choice,) = app.radio
    assert choice.value == THE_SYSTEM_NOW
    assert len(choice.options) == 4
    said = everything_said(app)
    assert "The system now" in said
    assert "12.4/s · 21 % err · p95 1.93 s" in said
    assert "no data" in said


def test_a_link_leads_to_an_incident(server_url: str, open_app: OpenApp) -> None:
    app = open_app(server_url, incident=DIAGNOSED)
    assert not app.exception
    said = everything_said(app)
    assert app.radio[0].value == DIAGNOSED
    assert "payments: network link from orders" in said.replace("\\", "")
    assert "81 %" in said
    assert "Calls from orders to payments are reset on the way" in said
    assert "Restarted the proxy with the new certificate chain" in said
    assert "unreviewed draft" in said
    assert "4bf92f3577b34da6a3ce929d0e0e4736" in said
    assert len(app.get("vega_lite_chart")) == 4


def test_choosing_an_incident_puts_it_in_the_address(server_url: str, open_app: OpenApp) -> None:
    app = open_app(server_url)
    app.radio[0].set_value(DIAGNOSED).run()
    assert app.query_params["incident"] in (DIAGNOSED, [DIAGNOSED])
    assert "Calls from orders to payments are reset on the way" in everything_said(app.run())
    app.radio[0].set_value(THE_SYSTEM_NOW).run()
    assert "incident" not in app.query_params


def test_an_incident_without_a_diagnosis_says_what_is_coming(server_url: str, open_app: OpenApp) -> None:
    said = everything_said(open_app(server_url, incident=UNDIAGNOSED))
    assert "Not diagnosed yet" in said
    assert "unknown" in said
    assert "There is no diagnosis to judge yet." in said


def test_without_incidents_the_page_says_how_to_get_one(world: World, server_url: str, open_app: OpenApp) -> None:
    world.incidents, world.signals = [], []
    said = everything_said(open_app(server_url))
    assert "No incidents yet" in said
    assert "firedrill drill run" in said
    assert "firedrill up" in said


def test_a_link_to_an_incident_that_is_not_there_says_so(server_url: str, open_app: OpenApp) -> None:
    app = open_app(server_url, incident="inc-nope")
    assert not app.exception
    assert "there is no incident 'inc-nope'" in everything_said(app)
    app.button[-1].click().run()
    assert "incident" not in app.query_params


def test_without_a_server_the_page_says_what_to_start_and_comes_back(
    world: World, server_url: str, open_app: OpenApp
) -> None:
    with socket.socket() as taken:  # bound and not listening: nobody can answer here
        taken.bind(("127.0.0.1", 0))
        app = open_app(f"http://127.0.0.1:{taken.getsockname()[1]}")
        assert not app.exception
        said = everything_said(app)
        assert "does not answer" in said
        assert "firedrill up\nfiredrill serve" in said
        assert str(taken.getsockname()[1]) in said
    assert "The system now" in everything_said(open_app(server_url))


def test_a_question_is_answered_and_a_second_viewer_sees_it(server_url: str, open_app: OpenApp) -> None:
    app = answered(open_app(server_url, incident=DIAGNOSED), "O que há de errado com o checkout?")
    assert not app.exception
    said = everything_said(app)
    assert ANSWER in said
    assert "Investigated in 4 steps" in said
    seen_by_another = everything_said(open_app(server_url, incident=DIAGNOSED))
    assert ANSWER in seen_by_another
    assert "O que há de errado com o checkout?" in seen_by_another
    assert ANSWER not in everything_said(open_app(server_url))


def test_an_answer_is_seen_while_it_grows(server_url: str, open_app: OpenApp) -> None:
    app = open_app(server_url)
    app.chat_input[0].set_value("What is wrong?").run()
    app.run()
    said = everything_said(app)
    assert "Investigating" in said
    assert "Read the recording of the incident" in said
    assert "Most likely" in said
    assert ANSWER not in said


def test_an_answer_about_now_brings_its_evidence_beside_it(server_url: str, open_app: OpenApp) -> None:
    app = open_app(server_url)
    assert "Ask a question: the evidence that its answer rests on appears here" in everything_said(app)
    said = everything_said(answered(app, "What is wrong right now?"))
    assert "Calls from orders to payments fail: 0.1 % before" in said
    assert "Restarted the proxy" in said


def test_a_first_question_can_be_asked_with_one_click(world: World, server_url: str, open_app: OpenApp) -> None:
    app = open_app(server_url)
    next(button for button in app.button if "wrong right now" in button.label).click().run()
    assert [question.text for question in world.questions] == ["What is wrong right now?"]


def test_a_question_that_fails_shows_why(server_url: str, open_app: OpenApp) -> None:
    said = everything_said(answered(open_app(server_url), "please fail"))
    assert "could not be answered" in said
    assert "the store is locked" in said
    assert "Stopped after 1 step" in said


def test_a_thumb_and_a_correction_are_stored_and_shown_again(world: World, server_url: str, open_app: OpenApp) -> None:
    app = open_app(server_url, incident=DIAGNOSED)
    app.feedback[0].set_value(0).run()
    assert [feedback.verdict for feedback in world.incident(DIAGNOSED).feedback] == ["down"]
    service, kind = app.selectbox
    service.set_value("inventory")
    kind.set_value(FaultKind.DATABASE_CONNECTION.value)
    app.text_area[0].set_value("Foi o banco de dados **mesmo**.")
    next(button for button in app.button if button.label == "Store the correction").click().run()
    assert not app.exception
    correction = world.incident(DIAGNOSED).feedback[-1].correction
    assert correction is not None
    assert (correction.service, correction.kind) == ("inventory", FaultKind.DATABASE_CONNECTION)
    reloaded = open_app(server_url, incident=DIAGNOSED)
    assert reloaded.feedback[0].value == 0
    told = [text.value for text in reloaded.text if "Foi o banco" in text.value]
    assert told == [
        text for text in told if text.endswith("inventory, database connection. Foi o banco de dados **mesmo**.")
    ]
    assert len(told) == 1


def test_an_empty_correction_is_not_stored(world: World, server_url: str, open_app: OpenApp) -> None:
    app = open_app(server_url, incident=DIAGNOSED)
    next(button for button in app.button if button.label == "Store the correction").click().run()
    assert world.incident(DIAGNOSED).feedback == ()
    assert "there is nothing to store yet" in everything_said(app)


def test_an_incident_is_acknowledged_and_resolved_from_the_page(
    world: World, server_url: str, open_app: OpenApp
) -> None:
    app = open_app(server_url, incident=DIAGNOSED)
    next(button for button in app.button if button.label == "Acknowledge").click().run()
    assert world.incident(DIAGNOSED).timeline.acknowledged is not None
    assert "Acknowledge" not in [button.label for button in app.button]
    next(button for button in app.button if button.label == "Resolve").click().run()
    assert world.incident(DIAGNOSED).status is IncidentStatus.RESOLVED


def test_what_a_drill_really_broke_is_shown_beside_what_was_said(server_url: str, open_app: OpenApp) -> None:
    said = everything_said(open_app(server_url, incident=DRILL))
    assert "This was a drill; the diagnosis was right" in said
    assert "lost its right to log in" in said


def test_a_drill_in_another_operation_than_was_named_was_diagnosed_wrongly(
    world: World, server_url: str, open_app: OpenApp
) -> None:
    drill = world.incident(DRILL)
    assert drill.truth is not None
    world.replace(drill.model_copy(update={"truth": drill.truth.model_copy(update={"operation": "GET /stock"})}))
    assert "the diagnosis was wrong" in everything_said(open_app(server_url, incident=DRILL))


def test_a_hostile_log_line_is_shown_letter_for_letter_and_never_as_markdown(
    server_url: str, open_app: OpenApp
) -> None:
    app = open_app(server_url, incident=DIAGNOSED)
    assert [code for code in app.code if HOSTILE_LINE in code.value]
    assert "<img" not in markdown_said(app)


def test_hostile_names_format_nothing_anywhere(world: World, server_url: str, open_app: OpenApp) -> None:
    diagnosis = payments_diagnosis()
    names = {"service": HOSTILE_NAME, "operation": HOSTILE_NAME, "summary": HOSTILE_NAME}
    evidence = tuple(item.model_copy(update=names) for item in diagnosis.evidence)
    hypotheses = tuple(
        item.model_copy(update={"service": HOSTILE_NAME, "summary": HOSTILE_NAME}) for item in diagnosis.hypotheses
    )
    hostile = diagnosis.model_copy(update={"evidence": evidence, "hypotheses": hypotheses})
    known = world.incident(DIAGNOSED)
    world.replace(known.model_copy(update={"title": HOSTILE_NAME, "diagnosis": hostile}))
    world.signals = [{"service": HOSTILE_NAME}]
    world.breaches = [{"service": HOSTILE_NAME, "signal": "errors", "description": HOSTILE_NAME}]
    for app in (open_app(server_url, incident=DIAGNOSED), open_app(server_url)):
        assert not app.exception
        assert "![x]" not in markdown_said(app)
        assert "!\\[x\\]" in markdown_said(app)


def test_many_points_of_evidence_stay_within_reach(world: World, server_url: str, open_app: OpenApp) -> None:
    app = open_app(server_url, incident=DIAGNOSED)
    folded = [expander.label for expander in app.expander if "E3" in expander.label]
    assert len(folded) == 1
    (first, *_) = world.incidents
    assert first.id == UNDIAGNOSED


def test_a_similar_entry_that_nobody_reviewed_says_so_and_can_be_judged(
    world: World, server_url: str, open_app: OpenApp
) -> None:
    app = open_app(server_url, incident=DIAGNOSED)
    assert "Unreviewed draft: nobody has checked this yet" in everything_said(app).replace("\\", "")
    app.button(key=f"verdict_chat_{DIAGNOSED}__inc-20260214-link_helped").click().run()
    assert not app.exception
    assert [(one.entry_id, one.outcome) for one in world.known.outcomes] == [("inc-20260214-link", "helped")]
    said = everything_said(app)
    assert "You said that it helped" in said
    assert "Noted: it helped" in said.replace("\\", "")
