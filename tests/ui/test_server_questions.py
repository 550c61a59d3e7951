from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from replayed_shop import FIRST_FAULT, Shop, client_of, opened_shop, served, settings_in

# The small model server is shared with the tests of the writers, and lies beside them.
sys.path.append(str(Path(__file__).parents[1] / "assistant" / "answers"))

from model_server import ModelServer, running

from assistant.client import AssistantClient, ServerRefused
from assistant.questions import Question, QuestionState
from knowledge_base import Entry, HashingEmbedder, Match, ReviewAction, ReviewStatus
from ui.server.desk import Desk
from ui.server.watcher import Watcher
from ui.server.workers import Task, Workers
from ui.server.workspace import open_workspace

PATIENCE_SECONDS = 30


@contextmanager
def broken_shop(folder: Path, **sections: object) -> Iterator[Shop]:
    """A shop in the middle of its first fault."""
    with opened_shop(folder, **sections) as shop:
        shop.watch_until(FIRST_FAULT[0] + 30)
        yield shop


def answered(client: AssistantClient, text: str, incident_id: str | None = None) -> Question:
    return client.wait_for_answer(client.ask(text, incident_id).id, PATIENCE_SECONDS)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with broken_shop(tmp_path_factory.mktemp("asked")) as opened:
        yield opened


@pytest.fixture(scope="module")
def client(shop: Shop) -> Iterator[AssistantClient]:
    with served(shop.workspace) as http:
        yield client_of(http)


def test_an_answer_cites_the_evidence_of_the_incident(client: AssistantClient, shop: Shop) -> None:
    (incident,) = shop.incidents()
    question = answered(client, "what is wrong with catalog?", incident.id)
    assert (question.state, question.answered_by, question.notice) == (QuestionState.DONE, "evidence", None)
    assert question.diagnosis == incident.diagnosis
    assert "1.5.0" in question.answer
    assert {citation.kind for citation in question.citations} == {"evidence"}
    assert question.steps


def test_asked_about_the_system_an_open_incident_is_what_the_answer_speaks_of(
    client: AssistantClient, shop: Shop
) -> None:
    question = answered(client, "o que há de errado?")
    assert question.incident_id is None
    assert question.diagnosis == shop.incidents()[0].diagnosis


def test_a_healthy_system_is_looked_at_when_asked_about(tmp_path: Path) -> None:
    with opened_shop(tmp_path) as shop, served(shop.workspace) as http:
        question = answered(client_of(http), "is everything all right?")
    assert question.state is QuestionState.DONE
    assert question.diagnosis is not None
    assert question.diagnosis.abstained
    assert not (tmp_path / "recordings").exists()


def test_questions_are_listed_oldest_first_and_by_what_they_are_about(client: AssistantClient, shop: Shop) -> None:
    (incident,) = shop.incidents()
    asked = []
    for text in ("uno", "dos"):
        shop.clock.advance(0.001)
        asked.append(answered(client, text, incident.id).id)
    assert [one.id for one in client.questions(incident.id)][-2:] == asked
    assert not {one.id for one in client.questions()} & set(asked)


def recalled_before(shop: Shop, title: str) -> None:
    """Let the shop's incident have recalled an approved entry."""
    knowledge, now, (incident,) = shop.workspace.knowledge, shop.clock(), shop.incidents()
    knowledge.put(
        Entry(id=title, kind="incident", title=title, symptoms="catalog fails", created_at=now, updated_at=now)
    )
    knowledge.reviews.act(title, ReviewAction.SUBMIT)
    match = Match(entry=knowledge.reviews.act(title, ReviewAction.APPROVE), score=0.9)
    shop.workspace.journal.change_incident(
        incident.id, lambda stored: stored.model_copy(update={"similar": (*stored.similar, match)})
    )


def test_an_answer_cites_what_an_incident_recalled_as_it_is_known_now(tmp_path: Path) -> None:
    with broken_shop(tmp_path) as shop, served(shop.workspace) as http:
        recalled_before(shop, "moeda-velha")
        recalled_before(shop, "moeda-nova")
        reviews = shop.workspace.knowledge.reviews
        reviews.act("moeda-velha", ReviewAction.DEPRECATE)
        reviews.act("moeda-nova", ReviewAction.REOPEN)
        question = answered(client_of(http), "have we seen this before?", shop.incidents()[0].id)
        stored = shop.workspace.journal.question(question.id)
    assert [(match.entry.id, match.entry.status) for match in stored.similar] == [
        ("moeda-nova", ReviewStatus.IN_REVIEW)
    ]
    assert [one.entry_id for one in question.citations if one.kind == "entry"] == ["moeda-nova"]
    assert "moeda-velha" not in question.answer


def test_an_entry_deprecated_after_the_answer_is_not_shown_beside_it(tmp_path: Path) -> None:
    with broken_shop(tmp_path) as shop, served(shop.workspace) as http:
        client = client_of(http)
        recalled_before(shop, "moeda-velha")
        asked = answered(client, "have we seen this before?")
        assert [match.entry.id for match in asked.similar] == ["moeda-velha"]
        shop.workspace.knowledge.reviews.act("moeda-velha", ReviewAction.DEPRECATE)
        assert client.question(asked.id).similar == ()
        assert [one.similar for one in client.questions()] == [()]


def test_a_question_about_an_unknown_incident_is_refused(client: AssistantClient) -> None:
    with pytest.raises(ServerRefused, match="no incident 'inc-none'") as refused:
        client.ask("why?", "inc-none")
    assert refused.value.status == 404


def test_without_telemetry_a_question_fails_with_the_reason(tmp_path: Path) -> None:
    with open_workspace(settings_in(tmp_path), embedder=HashingEmbedder()) as workspace, served(workspace) as http:
        question = answered(client_of(http), "what is wrong?")
    assert question.state is QuestionState.FAILED
    assert question.notice is not None
    assert "there is no telemetry store" in question.notice
    assert question.answer == ""


def test_a_mistake_of_ours_ends_the_question_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def break_down(_now: object, _until: object) -> object:
        raise ZeroDivisionError

    with opened_shop(tmp_path) as shop, served(shop.workspace) as http:
        monkeypatch.setattr(shop.workspace.source, "logs", break_down)
        question = answered(client_of(http), "what is wrong?")
    assert question.state is QuestionState.FAILED
    assert "mistake of ours" in str(question.notice)
    assert "ZeroDivisionError" in caplog.text


class Held(Workers):
    """Takes tasks and keeps them until a test has them done."""

    def __init__(self) -> None:
        super().__init__(0, "held")
        self.taken: list[Task] = []

    @property
    def waiting(self) -> int:
        return len(self.taken)

    def submit(self, task: Task) -> None:
        self.taken.append(task)


def test_an_unanswered_question_is_answered_by_the_next_server(tmp_path: Path) -> None:
    with broken_shop(tmp_path) as shop:
        asked = Desk(shop.workspace, shop.watcher, Held()).take("why?", None)
        half = asked.model_copy(update={"state": QuestionState.WORKING, "answer": "The cau", "steps": ("Reading",)})
        shop.workspace.journal.save_question(half)
    with opened_shop(tmp_path, FIRST_FAULT[0] + 30) as shop, served(shop.workspace, watching=True) as http:
        question = client_of(http).wait_for_answer(asked.id, PATIENCE_SECONDS)
    assert question.state is QuestionState.DONE
    assert "The cauThe" not in question.answer
    assert question.asked_at == asked.asked_at


def test_what_breaks_because_the_server_ends_is_left_for_the_next(tmp_path: Path) -> None:
    with open_workspace(settings_in(tmp_path), embedder=HashingEmbedder()) as workspace:
        workers = Held()
        desk = Desk(workspace, Watcher(workspace, workers), workers)
        left, failed = desk.take("why?", None), desk.take("why?", None)
        workers.taken[1]()
        workers.stop(0)
        workers.taken[0]()
        assert workspace.journal.question(failed.id).state is QuestionState.FAILED
        assert [one.id for one in workspace.journal.unfinished_questions()] == [left.id]


def test_so_many_questions_and_no_more_may_wait(tmp_path: Path) -> None:
    with opened_shop(tmp_path) as shop, served(shop.workspace) as http:
        held = Held()
        http.app.state.desk = Desk(shop.workspace, shop.watcher, held)  # type: ignore[attr-defined]
        statuses = [http.post("/questions", json={"text": "why?"}).status_code for _ in range(51)]
    assert statuses == [202] * 50 + [429]


def test_an_investigation_under_way_keeps_no_question_waiting(tmp_path: Path) -> None:
    with broken_shop(tmp_path) as shop, served(shop.workspace) as http:
        app = http.app
        released = threading.Event()
        watcher: Watcher = app.state.watcher  # type: ignore[attr-defined]

        def investigate_for_long() -> None:
            released.wait(PATIENCE_SECONDS)

        watcher._workers.submit(investigate_for_long)
        assert answered(client_of(http), "why?").state is QuestionState.DONE
        released.set()


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    with running() as server:
        yield server


def asked_with(model: ModelServer, folder: Path) -> Question:
    settings = {"name": "openai/test-model", "api_base": model.url, "timeout_seconds": 20}
    with broken_shop(folder, model=settings) as shop, served(shop.workspace) as http:
        assert client_of(http).status().model == "openai/test-model"
        return answered(client_of(http), "what is wrong?")


def test_a_model_that_holds_to_the_evidence_writes_the_answer(model: ModelServer, tmp_path: Path) -> None:
    model.reply = "A nova versão 1.5.0 do `catalog` falha [E1].\n"
    question = asked_with(model, tmp_path)
    assert (question.state, question.answered_by, question.notice) == (QuestionState.DONE, "openai/test-model", None)
    assert "nova versão" in question.answer
    assert [citation.id for citation in question.citations] == ["E1"]


def test_an_invented_citation_brings_our_own_answer_with_the_reason(model: ModelServer, tmp_path: Path) -> None:
    model.reply = "It was seen before [E1].\n\nThe fix is known [K99].\n"
    question = asked_with(model, tmp_path)
    assert (question.state, question.answered_by) == (QuestionState.DONE, "evidence")
    assert question.notice is not None
    assert "K99, which does not exist" in question.notice
    assert "The fix is known" not in question.answer
    assert "1.5.0" in question.answer


def test_a_server_that_is_told_to_end_does_not_wait_for_a_model(model: ModelServer, tmp_path: Path) -> None:
    model.reply, model.hang = "Let me think [E1].\n\n", True
    settings = {"name": "openai/test-model", "api_base": model.url, "timeout_seconds": 60}
    with broken_shop(tmp_path, model=settings) as shop:
        with served(shop.workspace) as http:
            asked = client_of(http).ask("what is wrong?")
            _wait_for_request(model)
            began = time.monotonic()
        assert time.monotonic() - began < 5
        assert shop.workspace.journal.question(asked.id).state is QuestionState.WORKING


def _wait_for_request(model: ModelServer) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not model.requests:
        assert time.monotonic() < deadline
        time.sleep(0.02)
