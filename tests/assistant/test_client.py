from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from assistant.client import (
    AnswerTooLate,
    AssistantClient,
    ServerError,
    ServerRefused,
    ServerUnclear,
    ServerUnreachable,
)
from assistant.errors import AssistantError
from assistant.incidents import Correction, IncidentStatus, Truth
from assistant.questions import Question, QuestionState
from assistant.taxonomy import FaultKind

# The small server that speaks the contract is shared with the tests of the pages, and lies beside them.
sys.path.append(str(Path(__file__).parents[1] / "ui"))

from contract_server import World, contract_server
from contract_world import HOSTILE_LINE

DIAGNOSED = "inc-20260301-140812"


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def client(world: World) -> Iterator[AssistantClient]:
    with contract_server(world) as url, httpx.Client(base_url=url, trust_env=False) as http:
        yield AssistantClient(http)


def answering(response: httpx.Response) -> AssistantClient:
    return AssistantClient(
        httpx.Client(base_url="http://server.test", transport=httpx.MockTransport(lambda _request: response))
    )


def test_the_server_says_how_it_is(client: AssistantClient) -> None:
    status = client.status()
    assert client.healthy()
    assert (status.system, status.open_incidents, status.model) == ("shop", 2, None)
    assert status.telemetry.age_seconds == pytest.approx(3.2)
    assert status.detector.last_run is not None


def test_no_data_stays_no_data(client: AssistantClient) -> None:
    by_name = {signal.service: signal for signal in client.signals()}
    assert by_name["inventory"].error_ratio is None
    assert by_name["catalog"].error_ratio == 0.0


def test_a_list_of_incidents_keeps_to_its_status_and_limit(client: AssistantClient) -> None:
    assert len(client.incidents()) == 3
    assert [incident.id for incident in client.incidents(IncidentStatus.RESOLVED)] == ["inc-20260301-130101"]
    assert len(client.incidents(limit=1)) == 1


def test_an_opened_incident_has_its_points_and_its_lines_unharmed(client: AssistantClient) -> None:
    diagnosis = client.incident(DIAGNOSED).diagnosis
    assert diagnosis is not None
    assert len(diagnosis.evidence[0].series) == 120
    assert diagnosis.evidence[3].log_lines[1:] == (
        "pagamento do pedido 8813 não concluído: conexão recusada",
        HOSTILE_LINE,
    )


def test_a_correction_is_stored_with_the_verdict(client: AssistantClient) -> None:
    correction = Correction(service="inventory", kind=FaultKind.DATABASE_CONNECTION, note="é o banco de dados")
    client.give_feedback(DIAGNOSED, "down", correction, author="Inês")
    (feedback,) = client.incident(DIAGNOSED).feedback
    assert (feedback.verdict, feedback.correction, feedback.author) == ("down", correction, "Inês")


def test_an_incident_is_acknowledged_then_resolved_then_told_the_truth(client: AssistantClient) -> None:
    assert client.acknowledge(DIAGNOSED).timeline.acknowledged is not None
    assert client.resolve(DIAGNOSED).status is IncidentStatus.RESOLVED
    truth = Truth(service="payments", kind=FaultKind.NETWORK_LINK, cause="proxy", fix="restart", drill="link")
    assert client.tell_truth(DIAGNOSED, truth).truth == truth


def test_an_answer_is_waited_for_and_every_change_is_told(client: AssistantClient) -> None:
    asked = client.ask("O que há de errado com o checkout?", DIAGNOSED)
    seen: list[Question] = []
    answered = client.wait_for_answer(asked.id, 10, seen.append, sleep=lambda _seconds: None)
    assert answered.state is QuestionState.DONE
    assert [len(question.steps) for question in seen] == [1, 2, 3, 4]
    assert all(later.answer.startswith(earlier.answer) for earlier, later in pairwise(seen))
    assert [question.id for question in client.questions(DIAGNOSED)] == [asked.id]
    assert client.questions() == []


def test_a_failed_question_is_an_answer_to_waiting(client: AssistantClient) -> None:
    failed = client.wait_for_answer(client.ask("please fail").id, 10, sleep=lambda _seconds: None)
    assert failed.state is QuestionState.FAILED
    assert failed.notice is not None


def test_patience_ends_and_the_question_goes_on(client: AssistantClient) -> None:
    asked = client.ask("What is wrong?")
    ticks = iter([0.0, 0.5, 1.0])
    with pytest.raises(AnswerTooLate, match=f"{asked.id} is not done after 1 s"):
        client.wait_for_answer(asked.id, 1.0, sleep=lambda _seconds: None, clock=lambda: next(ticks))
    assert client.question(asked.id).state is QuestionState.WORKING


def test_a_diagnosis_and_a_recording_can_be_asked_for(client: AssistantClient) -> None:
    assert client.diagnose(last_seconds=600).system == "shop"
    assert client.record(600, "frozen") == "frozen"


def test_what_does_not_exist_is_refused_with_the_servers_words(client: AssistantClient) -> None:
    with pytest.raises(ServerRefused, match="there is no incident 'nope'") as refused:
        client.incident("nope")
    assert refused.value.status == 404


@pytest.mark.parametrize("hostile", ["../status", "a/b", "a?x=1", "", "..", "é"])
def test_an_identifier_from_an_address_bar_cannot_reach_another_path(client: AssistantClient, hostile: str) -> None:
    with pytest.raises(ServerError):
        client.incident(hostile)


def test_bad_form_is_refused_in_one_readable_line() -> None:
    detail = [{"loc": ["body", "text"], "msg": "Field required", "type": "missing"}]
    with pytest.raises(ServerRefused, match=r"\(422\): body\.text: Field required"):
        answering(httpx.Response(422, json={"detail": detail})).ask("")


@pytest.mark.parametrize("content", [b"", b"<html>hello</html>", b'{"detail": 3', b"[1]"])
def test_an_error_without_a_reason_still_says_its_status(content: bytes) -> None:
    with pytest.raises(ServerRefused, match=r"\(503\): ."):
        answering(httpx.Response(503, content=content)).status()


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b'{"version": 1}'])
def test_something_else_at_the_address_is_not_taken_for_the_server(content: bytes) -> None:
    with pytest.raises(ServerUnclear, match="same version"):
        answering(httpx.Response(200, content=content)).status()


def test_what_a_newer_server_adds_does_no_harm() -> None:
    said = {"version": "9", "system": "shop", "workspace": "w", "telemetry": {"lag": 1}, "moon": "full"}
    assert answering(httpx.Response(200, json=said)).status().version == "9"


def test_a_server_that_is_not_there_is_named_with_what_to_start() -> None:
    with socket.socket() as taken:  # bound and not listening: nobody can answer here
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with httpx.Client(base_url=url, trust_env=False) as http, pytest.raises(ServerUnreachable) as unreachable:
            AssistantClient(http).status()
    assert url in str(unreachable.value)
    assert "firedrill up" in str(unreachable.value)
    assert isinstance(unreachable.value, AssistantError)


def test_a_server_that_never_answers_is_unreachable_too() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with (
            httpx.Client(base_url=url, timeout=0.2, trust_env=False) as http,
            pytest.raises(ServerUnreachable, match="too long"),
        ):
            AssistantClient(http).healthy()


@pytest.mark.parametrize("url", ["nonsense", "ftp://127.0.0.1", ""])
def test_an_address_that_is_none_is_said_to_be_unreachable(url: str) -> None:
    with httpx.Client(base_url=url, trust_env=False) as http, pytest.raises(ServerUnreachable):
        AssistantClient(http).healthy()
