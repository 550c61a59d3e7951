from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from assistant.client import AnswerTooLate, AssistantClient, ServerRefused, ServerUnclear, ServerUnreachable
from assistant.knowledge_client import KnowledgeClient
from assistant.knowledge_values import ImportJob, ImportState, WrittenEntry
from knowledge_base import Entry, Filters, Question, ReviewAction, ReviewStatus

NOW = datetime(2026, 3, 1, 14, 0, tzinfo=UTC)
ENTRY = Entry(
    id="pagamentos-lentos",
    kind="runbook",
    title="Pagamentos lentos",
    symptoms="O checkout demora — ¿por qué?",
    status=ReviewStatus.APPROVED,
    provenance={"author": "Inês"},
    created_at=NOW,
    updated_at=NOW,
)
JOB = ImportJob(id="imp-1", source="/runbooks", dry_run=False)


class Server:
    """Answers every request with the same, and keeps what was asked."""

    def __init__(self, answer: object = None, status: int = 200) -> None:
        self.answer, self.status = answer, status
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        content = self.answer if isinstance(self.answer, bytes) else json.dumps(self.answer).encode()
        return httpx.Response(self.status, content=content)

    @property
    def query(self) -> dict[str, str]:
        return dict(self.asked[-1].url.params)

    def body(self) -> Any:
        return json.loads(self.asked[-1].content)

    @property
    def path(self) -> str:
        return self.asked[-1].url.raw_path.decode().partition("?")[0]


def client_of(server: Callable[[httpx.Request], httpx.Response]) -> KnowledgeClient:
    http = httpx.Client(base_url="http://server.test", transport=httpx.MockTransport(server))
    return AssistantClient(http).knowledge


def test_a_filter_that_stands_for_anything_is_not_sent() -> None:
    server = Server([])
    client_of(server).entries()
    assert server.query == {"limit": "100", "offset": "0"}
    wanted = Filters(kind="runbook", service="pagos & más", fault_kind="network_link", approved_only=True)
    client_of(server).entries(wanted, status=ReviewStatus.IN_REVIEW, overdue=True, limit=7, offset=14)
    assert server.query == {
        "kind": "runbook",
        "service": "pagos & más",
        "fault_kind": "network_link",
        "approved_only": "true",
        "status": "in_review",
        "overdue": "true",
        "limit": "7",
        "offset": "14",
    }


def test_a_search_comes_with_the_number_that_feedback_refers_to() -> None:
    match = {"entry": ENTRY.model_dump(mode="json"), "score": 0.9, "why": ["o mesmo serviço"]}
    server = Server({"recall_id": "r-1", "matches": [match]})
    found = client_of(server).search("não responde", filters=Filters(team="pagos"))
    assert (found.recall_id, found.matches[0].entry, found.matches[0].why) == ("r-1", ENTRY, ("o mesmo serviço",))
    assert server.query == {"q": "não responde", "limit": "10", "team": "pagos"}


def test_an_edit_sends_what_a_person_writes_and_leaves_the_review_to_the_server() -> None:
    server = Server(ENTRY.model_dump(mode="json"))
    assert client_of(server).edit(ENTRY, "Ana", based_on=3) == ENTRY
    assert (server.asked[-1].method, server.path) == ("PUT", "/entries/pagamentos-lentos")
    assert (server.body()["author"], server.body()["based_on"]) == ("Ana", 3)
    assert WrittenEntry.model_validate(server.body()["entry"]) == WrittenEntry.of(ENTRY)
    assert not {"id", "status", "created_at", "merged_from", "review_by"} & set(server.body()["entry"])


def test_a_new_entry_may_leave_its_id_to_the_server() -> None:
    server = Server(ENTRY.model_dump(mode="json"))
    client_of(server).create(WrittenEntry.of(ENTRY))
    assert server.body()["id"] is None
    client_of(server).create(WrittenEntry.of(ENTRY), "Ana", "runbook-1")
    assert (server.body()["id"], server.body()["author"]) == ("runbook-1", "Ana")


def test_a_question_is_sent_whole_to_be_compared() -> None:
    server = Server({"channels": {}, "fused": [], "matches": [], "least_score": 0.4, "seconds": 0.01})
    asked = Question(text="lento", signature={"latency": 0.5}, services=("pagos",), filters=Filters(team="t"))
    assert client_of(server).compare(asked, limit=3).least_score == 0.4
    assert (Question.model_validate(server.body()), server.query) == (asked, {"limit": "3"})


def test_a_step_of_a_review_is_sent_with_who_and_why() -> None:
    server = Server(ENTRY.model_dump(mode="json"))
    client_of(server).review("a", ReviewAction.SEND_BACK, "Zoë", "não está claro")
    assert server.body() == {"action": "send_back", "author": "Zoë", "note": "não está claro"}


def test_revisions_that_were_not_named_are_left_to_the_server() -> None:
    server = Server([])
    client_of(server).differences("a")
    assert server.query == {}
    client_of(server).differences("a", 1, 4)
    assert server.query == {"before": "1", "after": "4"}


@pytest.mark.parametrize(
    ("hostile", "path"), [("../status", "/entries/..%2Fstatus"), ("a?b=1", "/entries/a%3Fb%3D1"), ("", "/entries/-")]
)
def test_an_id_from_an_address_bar_stays_one_part_of_the_path(hostile: str, path: str) -> None:
    server = Server(ENTRY.model_dump(mode="json"))
    client_of(server).entry(hostile)
    assert server.path == path


def test_files_are_sent_as_they_are_byte_by_byte() -> None:
    server = Server(JOB.model_dump(mode="json"))
    content = bytes(range(256))
    client_of(server).start_import(files=[("ação.md", content)], author="Ana", dry_run=True)
    (sent,) = server.body()["files"]
    assert (sent["name"], base64.b64decode(sent["content_base64"])) == ("ação.md", content)
    assert server.body()["path"] is None
    assert server.body()["dry_run"] is True
    client_of(server).start_import(Path("/runbooks"), expected="abc")
    assert (server.body()["path"], server.body()["files"], server.body()["expected"]) == ("/runbooks", [], "abc")


def test_an_import_is_waited_for_as_long_as_it_moves() -> None:
    states = [
        JOB.model_copy(update={"state": ImportState.READING}),
        JOB.model_copy(update={"state": ImportState.WRITING, "done": 1, "total": 2}),
        JOB.model_copy(update={"state": ImportState.WRITING, "done": 1, "total": 2}),
        JOB.model_copy(update={"state": ImportState.DONE, "done": 2, "total": 2, "written": 2}),
    ]
    left = iter(states)
    ticks = iter(range(0, 100, 4))
    client = client_of(lambda _request: httpx.Response(200, text=next(left).model_dump_json()))
    seen: list[ImportJob] = []
    done = client.wait_for_import("imp-1", 10, seen.append, sleep=lambda _seconds: None, clock=lambda: next(ticks))
    assert done.written == 2
    assert seen == [states[0], states[1], states[3]]


def test_an_import_that_does_not_move_is_not_waited_for_for_ever() -> None:
    ticks = iter([0.0, 0.0, 0.5, 1.0])
    with pytest.raises(AnswerTooLate, match="import imp-1 is not done after 1 s"):
        client_of(Server(JOB.model_dump(mode="json"))).wait_for_import(
            "imp-1", 1.0, sleep=lambda _seconds: None, clock=lambda: next(ticks)
        )


def test_an_export_comes_in_pieces() -> None:
    server = Server(b"x" * 100_000)
    assert b"".join(client_of(server).export("zip", Filters(kind="runbook"))) == b"x" * 100_000
    assert server.query == {"format": "zip", "kind": "runbook"}


def test_an_export_that_is_refused_or_breaks_off_is_said() -> None:
    with pytest.raises(ServerRefused, match=r"\(503\): the database is away"):
        list(client_of(Server({"detail": "the database is away"}, 503)).export("jsonl"))

    def breaks(_request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("gone")

    with pytest.raises(ServerUnreachable, match="gone"):
        list(client_of(breaks).export("jsonl"))


def test_markdown_is_given_as_it_is() -> None:
    server = Server("---\ntitle: ação\n---\n".encode())
    assert client_of(server).markdown("a") == "---\ntitle: ação\n---\n"
    assert server.path == "/entries/a/markdown"


def test_an_entry_of_another_version_is_not_misread() -> None:
    with pytest.raises(ServerUnclear, match="same version"):
        client_of(Server([{"id": "a", "moon": "full"}])).entries()


def test_what_an_import_would_write_is_what_is_new_and_what_has_changed() -> None:
    assert JOB.to_write == 0
    assert JOB.model_copy(update={"counts": {"new": 2, "changed": 1, "unchanged": 9, "refused": 4}}).to_write == 3
