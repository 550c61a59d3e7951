from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from replayed_shop import END, FIRST_FAULT, Shop, client_of, opened_shop, served

from assistant.client import AssistantClient, ServerRefused
from assistant.incidents import Correction, IncidentStatus, Truth
from assistant.taxonomy import FaultKind
from knowledge_base import Entry, Match, ReviewAction, ReviewStatus
from telemetry import read_header

TRUTH = Truth(
    service="catalog",
    kind=FaultKind.BAD_VERSION,
    operation="GET /products",
    cause="A versão 1.5.0 não lê a moeda",
    fix="Voltar à 1.4.2",
    drill="bad-version-catalog",
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with opened_shop(tmp_path_factory.mktemp("served")) as opened:
        opened.watch_until(FIRST_FAULT[0] + 30)
        yield opened


@pytest.fixture(scope="module")
def http(shop: Shop) -> Iterator[httpx.Client]:
    with served(shop.workspace) as opened:
        yield opened


@pytest.fixture(scope="module")
def client(http: httpx.Client) -> AssistantClient:
    return client_of(http)


@pytest.fixture(scope="module")
def incident_id(shop: Shop) -> str:
    return shop.incidents()[0].id


def test_the_status_tells_what_is_known_and_what_is_wrong(client: AssistantClient) -> None:
    status = client.status()
    assert client.healthy()
    assert (status.system, status.open_incidents, status.entries, status.model) == ("shop", 1, 1, None)
    assert "catalog" in {breach.service for breach in status.detector.breaches}
    assert {one.service for one in client.signals()} >= {"catalog", "gateway"}


def test_lists_come_without_points_and_one_incident_with_them(client: AssistantClient, incident_id: str) -> None:
    (listed,) = client.incidents(IncidentStatus.OPEN)
    shown = client.incident(incident_id)
    assert listed.id == incident_id
    assert listed.diagnosis is not None
    assert shown.diagnosis is not None
    assert not any(item.series for item in listed.diagnosis.evidence)
    assert any(item.series for item in shown.diagnosis.evidence)


def test_feedback_is_kept_in_any_language_and_in_order(client: AssistantClient, incident_id: str) -> None:
    client.give_feedback(incident_id, "up", author="Ana")
    correction = Correction(service="pagamentos", kind=FaultKind.NETWORK_LINK, note="não foi isto ¿verdad? 🙈")
    kept = client.give_feedback(incident_id, "down", correction, author="José")
    assert [one.verdict for one in kept.feedback] == ["up", "down"]
    assert client.incident(incident_id).feedback[1].correction == correction
    assert kept.entry_id is not None
    entry = client.knowledge.entry(kept.entry_id)
    assert (entry.services[0], entry.fault_kind, entry.cause) == ("pagamentos", "network_link", correction.note)


def test_only_the_first_acknowledgement_counts(client: AssistantClient, shop: Shop, incident_id: str) -> None:
    first = client.acknowledge(incident_id).timeline.acknowledged
    shop.clock.advance(1)
    assert client.acknowledge(incident_id).timeline.acknowledged == first is not None


def test_the_truth_is_learnt_by_the_knowledge_base(client: AssistantClient, incident_id: str) -> None:
    told = client.tell_truth(incident_id, TRUTH)
    assert told.truth == TRUTH
    assert told.entry_id is not None
    entry = client.knowledge.entry(told.entry_id)
    assert (entry.cause, entry.fix, entry.provenance["drill"]) == (TRUTH.cause, TRUTH.fix, TRUTH.drill)
    assert [match.entry.id for match in client.knowledge.search("catalog fails GET /products").matches] == [entry.id]


def test_an_incident_can_be_ended_by_hand_once(tmp_path: Path) -> None:
    with opened_shop(tmp_path) as shop:
        shop.watch_until(FIRST_FAULT[0] + 20)
        with served(shop.workspace) as http:
            client = client_of(http)
            (incident,) = client.incidents()
            ended = client.resolve(incident.id)
            shop.clock.advance(60)
            assert client.resolve(incident.id) == ended
        assert ended.status is IncidentStatus.RESOLVED


def test_a_clock_that_was_set_back_does_not_keep_an_incident_from_ending(tmp_path: Path) -> None:
    with opened_shop(tmp_path) as shop:
        shop.watch_until(FIRST_FAULT[0] + 20)
        shop.clock.advance(-3600)
        with served(shop.workspace) as http:
            (incident,) = client_of(http).incidents()
            assert client_of(http).acknowledge(incident.id).timeline.acknowledged == incident.timeline.detected
            assert client_of(http).resolve(incident.id).timeline.resolved == incident.timeline.detected


def recalling(shop: Shop, *titles: str) -> str:
    """Let the shop's incident have recalled approved entries, and give its id."""
    knowledge, (incident,) = shop.workspace.knowledge, shop.incidents()
    matches = []
    for title in titles:
        entry = Entry(
            id=title,
            kind="incident",
            title=title,
            symptoms="catalog fails",
            created_at=shop.clock(),
            updated_at=shop.clock(),
        )
        knowledge.put(entry, author="Ana")
        knowledge.reviews.act(title, ReviewAction.SUBMIT, "Ana")
        matches.append(Match(entry=knowledge.reviews.act(title, ReviewAction.APPROVE, "José"), score=0.9))
    shop.workspace.journal.change_incident(
        incident.id, lambda now: now.model_copy(update={"similar": tuple(matches), "recall_id": "rec-1"})
    )
    return incident.id


def test_what_an_incident_recalled_is_shown_as_it_is_known_now(tmp_path: Path) -> None:
    with opened_shop(tmp_path) as shop, served(shop.workspace) as http:
        shop.watch_until(FIRST_FAULT[0] + 20)
        incident_id = recalling(shop, "deprecated", "sent-back", "gone-on")
        reviews = shop.workspace.knowledge.reviews
        reviews.act("deprecated", ReviewAction.DEPRECATE, "José")
        reviews.act("sent-back", ReviewAction.REOPEN, "José")
        client = client_of(http)
        (listed,) = client.incidents()
        for shown in (client.incident(incident_id), listed, client.acknowledge(incident_id)):
            assert [(match.entry.id, match.entry.status, match.score) for match in shown.similar] == [
                ("sent-back", ReviewStatus.IN_REVIEW, 0.9),
                ("gone-on", ReviewStatus.APPROVED, 0.9),
            ]


def test_an_entry_that_was_merged_away_is_not_shown_beside_an_incident(tmp_path: Path) -> None:
    with opened_shop(tmp_path) as shop, served(shop.workspace) as http:
        shop.watch_until(FIRST_FAULT[0] + 20)
        incident_id = recalling(shop, "kept", "merged-away")
        shop.workspace.knowledge.duplicates.merge("kept", "merged-away", {}, "José")
        (match,) = client_of(http).incident(incident_id).similar
    assert match.entry.id == "kept"


def test_an_incident_is_readable_without_the_knowledge_base(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with opened_shop(tmp_path) as shop, served(shop.workspace) as http:
        shop.watch_until(FIRST_FAULT[0] + 20)
        incident_id = recalling(shop, "known")
        shop.workspace.knowledge.close()
        client = client_of(http)
        assert client.incident(incident_id).similar == ()
        assert [one.id for one in client.incidents()] == [incident_id]
    assert "similar entries are left out" in caplog.text


def test_the_latest_telemetry_can_be_recorded_and_diagnosed_from_there(client: AssistantClient, tmp_path: Path) -> None:
    folder = tmp_path / "gravação"
    assert client.record(300, str(folder)) == str(folder)
    assert read_header(folder).system == "shop"
    assert client.diagnose(recording=str(folder)).recording_id == read_header(folder).id
    with pytest.raises(ServerRefused, match="exists already") as refused:
        client.record(300, str(folder))
    assert refused.value.status == 422


def test_looking_at_the_system_now_leaves_nothing_on_disk(shop: Shop, client: AssistantClient) -> None:
    before = sorted(path.name for path in (shop.workspace.settings.workspace.path / "recordings").iterdir())
    diagnosis = client.diagnose(last_seconds=300)
    assert diagnosis.window.seconds == 300
    assert sorted(path.name for path in (shop.workspace.settings.workspace.path / "recordings").iterdir()) == before


def test_drill_results_are_kept_newest_first(client: AssistantClient) -> None:
    client.add_drill({"id": "first-20260301-100000", "name": "um", "right": True})
    client.add_drill({"id": "second-20260301-110000", "name": "dois", "right": None, "score": {"top": "catálogo"}})
    assert [one["name"] for one in client.drills()][:2] == ["dois", "um"]
    assert client.status().drills[0]["score"] == {"top": "catálogo"}


@pytest.mark.parametrize("path", ["/incidents/{}", "/questions/{}", "/entries/{}"])
@pytest.mark.parametrize(
    "unknown",
    ["inc-1", "..%2F..%2Fetc%2Fpasswd", "%00", "%FF", quote("não há"), "'; DROP TABLE incidents; --", "x" * 5000],
)
def test_an_unknown_id_is_not_found(http: httpx.Client, path: str, unknown: str) -> None:
    answer = http.get(path.format(unknown))
    assert answer.status_code == 404
    assert answer.json()["detail"]


@pytest.mark.parametrize("act", ["acknowledge", "resolve", "feedback", "truth"])
def test_nothing_can_be_done_to_an_incident_that_is_not_there(http: httpx.Client, act: str) -> None:
    body = {"feedback": {"verdict": "up"}, "truth": TRUTH.model_dump(mode="json")}.get(act)
    assert http.post(f"/incidents/inc-none/{act}", json=body).status_code == 404


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/questions", b"what is wrong?"),
        ("/questions", b"{"),
        ("/questions", b"[" * 100_000),
        ("/questions", b'{"text": ""}'),
        ("/questions", b'{"text": "  "}'),
        ("/questions", b'{"text": "\\ud800"}'),
        ("/questions", b'{"text": "a", "colour": "red"}'),
        ("/questions", json.dumps({"text": "a" * 4001}).encode()),
        ("/diagnoses", b"{}"),
        ("/diagnoses", b'{"recording": "/tmp/x", "last_seconds": 60}'),
        ("/diagnoses", b'{"last_seconds": NaN}'),
        ("/diagnoses", b'{"last_seconds": -1}'),
        ("/diagnoses", b'{"last_seconds": 1e9}'),
        ("/diagnoses", b'{"recording": "not/absolute"}'),
        ("/diagnoses", b'{"recording": "/no/such/folder"}'),
        ("/diagnoses", b'{"recording": "/a\\u0000b"}'),
        ("/diagnoses", json.dumps({"recording": "/" + "x" * 5000}).encode()),
        ("/recordings", b'{"last_seconds": 60, "out": "not/absolute"}'),
        ("/recordings", b'{"last_seconds": 60, "out": "/a\\u0000b"}'),
        ("/recordings", b'{"last_seconds": 60, "out": "/proc/no/such"}'),
        ("/recordings", json.dumps({"last_seconds": 60, "out": "/tmp/" + "x" * 5000}).encode()),
        ("/drills", b"{}"),
        ("/drills", b'{"id": ""}'),
        ("/drills", b'{"id": "../x"}'),
        ("/drills", b"[1, 2]"),
    ],
)
def test_what_cannot_be_understood_is_refused_with_a_reason(http: httpx.Client, path: str, body: bytes) -> None:
    answer = http.post(path, content=body, headers={"Content-Type": "application/json"})
    assert 400 <= answer.status_code < 500
    assert answer.json()["detail"]
    assert len(answer.content) < 10_000


def test_a_number_that_json_has_not_does_not_poison_the_drills(http: httpx.Client) -> None:
    body = b'{"id": "odd", "seconds": NaN}'
    answer = http.post("/drills", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (201, 422)
    assert http.get("/drills").status_code == 200
    assert http.get("/status").status_code == 200


@pytest.mark.parametrize(
    "query", ["/incidents?limit=0", "/incidents?limit=x", "/incidents?status=gone", "/entries/search"]
)
def test_a_query_that_makes_no_sense_is_refused(http: httpx.Client, query: str) -> None:
    assert http.get(query).status_code == 422


def test_a_question_about_an_id_with_a_nul_finds_nothing(http: httpx.Client) -> None:
    assert http.get("/questions", params={"incident_id": "\0"}).json() == []


def test_nobody_watching_the_status_is_looked_up_when_asked(tmp_path: Path) -> None:
    with opened_shop(tmp_path, second=END - 300) as shop, served(shop.workspace) as http:
        assert client_of(http).status().detector.last_run == shop.clock()
