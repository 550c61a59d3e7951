"""What is known, over HTTP, through the client that everybody uses."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from known_workspace import BEGINNING, CATALOG_FAILS, PAYMENTS_SLOW, known_workspace
from replayed_shop import client_of, served

from assistant.client import ServerRefused
from assistant.knowledge_client import KnowledgeClient
from assistant.knowledge_values import ImportJob, ImportState
from knowledge_base import Filters, Question, ReviewAction, ReviewStatus
from ui.server.workspace import Workspace

RUNBOOK = """# Fila parada

## Sintomas

A fila não anda há minutos; queue depth grows.

## Correção

Reiniciar o consumidor.
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with known_workspace(tmp_path / "workspace") as opened:
        yield opened


@pytest.fixture
def http(workspace: Workspace) -> Iterator[httpx.Client]:
    with served(workspace) as opened:
        yield opened


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """An empty knowledge base that refuses whatever it is asked for."""
    with known_workspace(tmp_path_factory.mktemp("untouched")) as workspace, served(workspace) as opened:
        yield opened


@pytest.fixture
def knowledge(http: httpx.Client) -> KnowledgeClient:
    return client_of(http).knowledge


def refused(status: int, *said: str) -> Any:
    """Expect a refusal with a status and words."""
    return pytest.raises(ServerRefused, match="(?s)" + ".*".join((rf"\({status}\)", *said)))


def imported(knowledge: KnowledgeClient, *args: Any, **options: Any) -> ImportJob:
    job = knowledge.start_import(*args, **options)
    return knowledge.wait_for_import(job.id, 30, sleep=lambda _seconds: None)


def approve(knowledge: KnowledgeClient, entry_id: str) -> None:
    knowledge.review(entry_id, ReviewAction.SUBMIT, "Ana")
    knowledge.review(entry_id, ReviewAction.APPROVE, "Zoë")


def test_a_new_entry_is_a_draft_called_after_its_title(knowledge: KnowledgeClient) -> None:
    entry = knowledge.create(PAYMENTS_SLOW, "Inês")
    assert entry.id == "pagamentos-lentos-conexoes-esgotadas"
    assert (entry.status, entry.review_by, entry.created_at) == (ReviewStatus.DRAFT, None, BEGINNING)
    assert knowledge.entry(entry.id) == entry
    assert knowledge.revisions(entry.id)[0].author == "Inês"
    assert knowledge.create(PAYMENTS_SLOW).id == f"{entry.id}-2"


def test_an_id_that_is_taken_is_refused_and_nothing_is_written_over(knowledge: KnowledgeClient) -> None:
    knowledge.create(PAYMENTS_SLOW, entry_id="fila")
    with refused(409, "there is an entry 'fila' already"):
        knowledge.create(CATALOG_FAILS, entry_id="fila")
    assert knowledge.entry("fila").title == PAYMENTS_SLOW.title


@pytest.mark.parametrize("word", ["search", "counts", "compare"])
def test_an_entry_is_never_called_like_a_word_of_the_api(knowledge: KnowledgeClient, word: str) -> None:
    with refused(409, f"'{word}', which is a word of the API"):
        knowledge.create(PAYMENTS_SLOW, entry_id=word)
    titled = knowledge.create(PAYMENTS_SLOW.model_copy(update={"title": word.title()}))
    assert knowledge.entry(titled.id).title == word.title()


def test_a_title_that_no_id_can_be_made_of_is_no_hindrance(knowledge: KnowledgeClient) -> None:
    entry = knowledge.create(PAYMENTS_SLOW.model_copy(update={"title": "障害対応"}))
    assert knowledge.entry(entry.id).title == "障害対応"


def test_an_edit_keeps_the_review_and_adds_to_where_it_came_from(knowledge: KnowledgeClient) -> None:
    entry = knowledge.create(PAYMENTS_SLOW.model_copy(update={"provenance": {"source": "a.md"}}))
    approve(knowledge, entry.id)
    approved = knowledge.entry(entry.id)
    changed = approved.model_copy(update={"fix": "Outro remédio ✓", "provenance": {"ticket": "OPS-1"}})
    edited = knowledge.edit(changed, "Ana")
    assert edited.fix == "Outro remédio ✓"
    assert edited.provenance == {"source": "a.md", "ticket": "OPS-1"}
    assert (edited.status, edited.review_by) == (ReviewStatus.APPROVED, approved.review_by)


def test_an_edit_of_what_somebody_else_has_changed_is_refused(knowledge: KnowledgeClient) -> None:
    entry = knowledge.create(PAYMENTS_SLOW)
    mine = entry.model_copy(update={"fix": "o meu"})
    knowledge.edit(entry.model_copy(update={"fix": "o outro"}), "Ana", based_on=1)
    with refused(409, "changed meanwhile", "revision 1"):
        knowledge.edit(mine, "Zoë", based_on=1)
    assert knowledge.entry(entry.id).fix == "o outro"
    assert knowledge.edit(mine, "Zoë", based_on=2).fix == "o meu"


def test_an_entry_that_is_not_there_cannot_be_edited(knowledge: KnowledgeClient) -> None:
    entry = knowledge.create(PAYMENTS_SLOW)
    with refused(404, "no entry 'nada'"):
        knowledge.edit(entry.model_copy(update={"id": "nada"}))


def test_a_kind_of_fault_that_the_taxonomy_lacks_is_refused_with_the_one_meant(knowledge: KnowledgeClient) -> None:
    wrong = PAYMENTS_SLOW.model_copy(update={"fault_kind": "databse_connection"})
    with refused(422, "no kind of fault 'databse_connection'", "did you mean 'database_connection'"):
        knowledge.create(wrong)
    with refused(422, "known are: database_connection"):
        knowledge.search("lento", filters=Filters(fault_kind="zzz"))
    entry = knowledge.create(PAYMENTS_SLOW)
    with refused(422, "did you mean 'database_connection'"):
        knowledge.edit(entry.model_copy(update={"fault_kind": "databse_connection"}))
    assert knowledge.counts() == {status: int(status is ReviewStatus.DRAFT) for status in ReviewStatus}


def test_every_revision_can_be_compared_and_restored(knowledge: KnowledgeClient) -> None:
    entry = knowledge.create(PAYMENTS_SLOW)
    assert knowledge.differences(entry.id) == []
    knowledge.edit(entry.model_copy(update={"title": "Novo título", "fix": "b"}), "Ana")
    assert {change.field for change in knowledge.differences(entry.id)} == {"title", "fix"}
    assert [change.before for change in knowledge.differences(entry.id, 2, 1) if change.field == "fix"] == ["b"]
    restored = knowledge.restore(entry.id, 1, "Zoë")
    assert (restored.title, restored.fix) == (entry.title, entry.fix)
    assert [one.number for one in knowledge.revisions(entry.id)] == [1, 2, 3]
    for ask in (lambda: knowledge.differences(entry.id, 1, 9), lambda: knowledge.restore(entry.id, 9)):
        with refused(404, "9"):
            ask()


def test_lists_keep_to_what_was_asked_for(knowledge: KnowledgeClient, workspace: Workspace) -> None:
    runbook, incident = knowledge.create(PAYMENTS_SLOW), knowledge.create(CATALOG_FAILS)
    approve(knowledge, incident.id)

    def ids(*args: Any, **options: Any) -> list[str]:
        return [one.id for one in knowledge.entries(*args, **options)]

    assert set(ids()) == {runbook.id, incident.id}
    assert ids(Filters(kind="runbook")) == [runbook.id]
    assert ids(Filters(service="catalog")) == [incident.id]
    assert ids(Filters(team="pagos")) == [runbook.id]
    assert ids(Filters(fault_kind="bad_version")) == [incident.id]
    assert ids(Filters(approved_only=True)) == [incident.id]
    assert ids(status=ReviewStatus.DRAFT) == [runbook.id]
    assert [*ids(limit=1), *ids(limit=1, offset=1)] == ids()
    assert ids(overdue=True) == []
    workspace.clock.advance(timedelta(days=200).total_seconds())  # type: ignore[attr-defined]
    assert ids(overdue=True) == [incident.id]


def test_a_review_goes_its_way_and_no_other(knowledge: KnowledgeClient) -> None:
    entry = knowledge.create(PAYMENTS_SLOW)
    with refused(409, "cannot approve entry", "submit"):
        knowledge.review(entry.id, ReviewAction.APPROVE, "Ana")
    approve(knowledge, entry.id)
    approved = knowledge.entry(entry.id)
    assert approved.status is ReviewStatus.APPROVED
    assert approved.review_by == (BEGINNING + timedelta(days=180)).date()
    assert knowledge.review(entry.id, ReviewAction.DEPRECATE, "Ana", "não se usa").status is ReviewStatus.DEPRECATED
    assert knowledge.search(PAYMENTS_SLOW.symptoms).matches == ()


def test_under_the_two_person_rule_nobody_approves_what_they_wrote(tmp_path: Path) -> None:
    rules = {"two_person_rule": True, "review_days": 30}
    with known_workspace(tmp_path, knowledge=rules) as workspace, served(workspace) as http:
        knowledge = client_of(http).knowledge
        entry = knowledge.create(PAYMENTS_SLOW, "Ana")
        knowledge.review(entry.id, ReviewAction.SUBMIT, "Ana")
        for author in ("Ana", ""):
            with refused(409, "two-person rule"):
                knowledge.review(entry.id, ReviewAction.APPROVE, author)
        approved = knowledge.review(entry.id, ReviewAction.APPROVE, "Zoë")
        assert approved.review_by == (BEGINNING + timedelta(days=30)).date()
        assert knowledge.edit(approved.model_copy(update={"fix": "x"}), "Ana").status is ReviewStatus.IN_REVIEW


def test_what_misled_sinks_goes_back_to_review_and_stands_in_the_ledger(knowledge: KnowledgeClient) -> None:
    entry = knowledge.create(PAYMENTS_SLOW)
    approve(knowledge, entry.id)
    found = knowledge.search(PAYMENTS_SLOW.symptoms)
    assert [match.entry.id for match in found.matches] == [entry.id]
    knowledge.judge(entry.id, "opened", found.recall_id)
    made = knowledge.judge(entry.id, "wrong", found.recall_id, "Ana", "não era isto")
    assert made.factor_after < made.factor_before
    assert (made.status_before, made.status_after) == (ReviewStatus.APPROVED, ReviewStatus.IN_REVIEW)
    assert knowledge.entry(entry.id).status is ReviewStatus.IN_REVIEW
    kept = knowledge.outcomes_of(entry.id)
    assert (kept.counts.shown, kept.counts.opened, kept.counts.wrong) == (1, 1, 1)
    assert [one.outcome for one in kept.outcomes] == ["wrong", "opened"]
    line = knowledge.outcomes(limit=1)[0]
    assert (line.outcome.note, line.title) == ("não era isto", PAYMENTS_SLOW.title)
    assert line.change is not None
    assert line.change.recall.asked == PAYMENTS_SLOW.symptoms


def test_only_what_was_shown_can_be_judged(knowledge: KnowledgeClient) -> None:
    entry = knowledge.create(PAYMENTS_SLOW)
    with refused(404, "'r-none'"):
        knowledge.judge(entry.id, "helped", "r-none")
    with refused(404, "nada"):
        knowledge.judge("nada", "helped")
    with refused(404, "nada"):
        knowledge.outcomes_of("nada")
    assert knowledge.outcomes() == []


def test_two_entries_become_one_that_knows_where_both_came_from(knowledge: KnowledgeClient) -> None:
    keep = knowledge.create(PAYMENTS_SLOW, entry_id="keep")
    knowledge.create(PAYMENTS_SLOW.model_copy(update={"fix": "melhor", "provenance": {"source": "b.md"}}), entry_id="b")
    merged = knowledge.merge("keep", "b", {"fix": "other"}, "Ana")
    assert (merged.id, merged.fix, merged.title) == ("keep", "melhor", keep.title)
    assert [(origin.id, dict(origin.provenance)) for origin in merged.merged_from] == [("b", {"source": "b.md"})]
    assert knowledge.entry("b").status is ReviewStatus.DEPRECATED
    with refused(409, "deprecated"):
        knowledge.merge("keep", "b", {})
    with refused(409, "one entry"):
        knowledge.merge("keep", "keep", {})
    with refused(404, "'nada'"):
        knowledge.merge("keep", "nada", {})


def test_two_entries_that_differ_are_kept_and_not_asked_about_again(knowledge: KnowledgeClient) -> None:
    knowledge.create(PAYMENTS_SLOW, entry_id="a")
    knowledge.create(PAYMENTS_SLOW, entry_id="b")
    assert knowledge.keep_both("a", "b", "Ana").state == "distinct"
    assert knowledge.duplicates() == []
    (pair,) = knowledge.duplicates("distinct")
    assert (pair.one, pair.other, pair.decided_by) == ("a", "b", "Ana")


def test_a_question_is_answered_in_every_way_side_by_side(knowledge: KnowledgeClient) -> None:
    entry = knowledge.create(PAYMENTS_SLOW)
    knowledge.create(CATALOG_FAILS)
    compared = knowledge.compare(Question(text="connection pool exhausted"))
    assert compared.channels["words"][0].entry_id == entry.id
    assert compared.matches[0].entry.id == entry.id
    assert knowledge.outcomes() == []


def test_an_import_is_previewed_then_written_and_then_there_is_nothing_to_do(
    knowledge: KnowledgeClient, tmp_path: Path
) -> None:
    folder = tmp_path / "runbooks é"
    folder.mkdir()
    (folder / "fila.md").write_text(RUNBOOK, encoding="utf-8")
    (folder / "vazio.md").touch()
    plan = imported(knowledge, folder, dry_run=True)
    assert (plan.state, plan.counts["new"], plan.written) == (ImportState.DONE, 1, 0)
    by_name = {file.name: file for file in plan.files}
    assert [entry.title for entry in by_name["fila.md"].entries] == ["Fila parada"]
    assert by_name["vazio.md"].problems
    assert knowledge.entries() == []
    made = imported(knowledge, folder, author="Ana", expected=plan.digest)
    assert (made.state, made.written, made.done, made.total) == (ImportState.DONE, 1, 1, 1)
    (entry,) = knowledge.entries()
    assert (entry.title, entry.status, entry.fix) == ("Fila parada", ReviewStatus.DRAFT, "Reiniciar o consumidor.")
    assert knowledge.revisions(entry.id)[0].author == "Ana"
    again = imported(knowledge, folder)
    assert (again.counts["unchanged"], again.written) == (1, 0)
    assert len(knowledge.revisions(entry.id)) == 1


def test_what_is_not_what_was_previewed_is_not_written(knowledge: KnowledgeClient, tmp_path: Path) -> None:
    file = tmp_path / "fila.md"
    file.write_text(RUNBOOK, encoding="utf-8")
    plan = imported(knowledge, file, dry_run=True)
    file.write_text(RUNBOOK.replace("Reiniciar", "Apagar"), encoding="utf-8")
    made = imported(knowledge, file, expected=plan.digest)
    assert made.state is ImportState.FAILED
    assert "changed since the preview" in (made.problem or "")
    assert knowledge.entries() == []


def test_files_that_are_sent_are_imported_like_those_on_disk(knowledge: KnowledgeClient) -> None:
    job = imported(knowledge, files=[("fila.md", RUNBOOK.encode()), ("foto.png", b"\x89PNG\r\n\x1a\n\x00")])
    assert (job.source, job.written) == ("2 files", 1)
    assert [problem.severity for file in job.files if file.name == "foto.png" for problem in file.problems] == ["error"]


def test_a_kind_of_fault_that_nobody_knows_is_said_and_kept_out_of_the_labels(knowledge: KnowledgeClient) -> None:
    text = f"---\ntitle: Fila parada\nfault_kind: gremlins\n---\n{RUNBOOK}"
    job = imported(knowledge, files=[("fila.md", text.encode())])
    assert any("gremlins" in problem.text for problem in job.files[0].problems)
    assert [entry.fault_kind for entry in knowledge.entries()] == [None]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "give either a path or files"),
        ({"path": "/a", "files": [{"name": "a", "content_base64": ""}]}, "give either a path or files"),
        ({"path": "not/absolute"}, "must be an absolute path"),
        ({"path": "/a\0b"}, "must be an absolute path"),
        ({"files": [{"name": "a.md", "content_base64": "não"}]}, "not Base64"),
        ({"files": [{"name": "", "content_base64": ""}]}, "at least 1 character"),
        ({"path": "/a", "colour": "red"}, "Extra inputs are not permitted"),
    ],
)
def test_an_import_that_makes_no_sense_is_refused(untouched: httpx.Client, body: object, said: str) -> None:
    answer = untouched.post("/imports", json=body)
    assert (answer.status_code, said in answer.text) == (422, True), answer.text


def test_an_import_of_what_is_not_there_fails_with_a_reason(knowledge: KnowledgeClient, tmp_path: Path) -> None:
    job = imported(knowledge, tmp_path / "nada")
    assert job.state is ImportState.FAILED
    assert "nada" in (job.problem or "")


def test_an_import_that_nobody_knows_is_said_to_be_forgotten(knowledge: KnowledgeClient) -> None:
    with refused(404, "there is no import 'imp-none'", "remembers its last"):
        knowledge.import_job("imp-none")


def test_ten_megabytes_may_be_sent_to_an_import_and_nowhere_else(http: httpx.Client) -> None:
    content = base64.b64encode(b"a" * (10 * 2**20)).decode()
    body = {"files": [{"name": "grande.md", "content_base64": content}], "dry_run": True}
    assert http.post("/imports", json=body).status_code == 202
    assert http.post("/entries", json=body).status_code == 413


def test_what_is_exported_can_be_imported_elsewhere_with_nothing_lost(
    knowledge: KnowledgeClient, tmp_path: Path
) -> None:
    first = knowledge.create(PAYMENTS_SLOW.model_copy(update={"notes": "## Título\n\n  recuado\n\n\nfim \n"}))
    second = knowledge.create(CATALOG_FAILS)
    approve(knowledge, second.id)
    said = {entry.id: entry for entry in knowledge.entries()}
    lines = b"".join(knowledge.export("jsonl"))
    packed = b"".join(knowledge.export("zip"))
    assert len(lines.splitlines()) == 2
    assert len(zipfile.ZipFile(io.BytesIO(packed)).namelist()) >= 2
    assert len(b"".join(knowledge.export("jsonl", Filters(kind="runbook"))).splitlines()) == 1
    for name, content in (("all.jsonl", lines), ("all.zip", packed)):
        with known_workspace(tmp_path / name) as other, served(other) as http:
            there = client_of(http).knowledge
            assert imported(there, files=[(name, content)]).written == 2
            for entry in there.entries():
                kept = {"provenance", "status", "review_by", "created_at", "updated_at"}
                assert entry.model_dump(exclude=kept) == said[entry.id].model_dump(exclude=kept)
    assert knowledge.markdown(first.id).startswith("---\n")


def test_the_index_says_that_it_is_in_step(knowledge: KnowledgeClient) -> None:
    knowledge.create(PAYMENTS_SLOW)
    state = knowledge.index_state()
    assert (state.entries, state.in_step, state.differences, state.repaired) == (1, True, "", "")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/entries", {}),
        ("POST", "/entries", {"entry": {"kind": "poem", "title": "a", "symptoms": "b"}}),
        ("POST", "/entries", {"entry": {"kind": "runbook", "title": "", "symptoms": "b"}}),
        ("POST", "/entries", {"entry": {"kind": "runbook", "title": "a", "symptoms": "b", "status": "approved"}}),
        ("POST", "/entries", {"entry": {"kind": "runbook", "title": "a", "symptoms": "b"}, "id": "Não"}),
        ("POST", "/entries", {"entry": {"kind": "runbook", "title": "a", "symptoms": "b", "signature": {"x": 2}}}),
        ("PUT", "/entries/a", {"entry": {"kind": "runbook", "title": "a", "symptoms": "b"}, "based_on": 0}),
        ("POST", "/entries/a/review", {"action": "burn"}),
        ("POST", "/entries/a/restore", {"number": 0}),
        ("POST", "/entries/a/outcomes", {"outcome": "perhaps"}),
        ("POST", "/entries/compare", {"text": ""}),
        ("POST", "/entries/compare", {"text": "a", "signature": {"x": -1}}),
        ("POST", "/duplicates/merge", {"keep": "a", "other": "b", "choices": {"fix": "neither"}}),
        ("POST", "/duplicates/distinct", {"one": "a"}),
        ("GET", "/entries?limit=0", None),
        ("GET", "/entries?offset=-1", None),
        ("GET", "/entries?status=gone", None),
        ("GET", "/entries/search", None),
        ("GET", "/entries/search?q=%20", None),
        ("GET", "/duplicates?state=perhaps", None),
        ("GET", "/export?format=pdf", None),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_reason(
    untouched: httpx.Client, method: str, path: str, body: object
) -> None:
    answer = untouched.request(method, path, content=json.dumps(body) if body is not None else None)
    assert answer.status_code == 422, answer.text
    assert answer.json()["detail"]
    assert len(answer.content) < 10_000


def test_the_api_describes_every_route_in_words(untouched: httpx.Client) -> None:
    described = untouched.get("/openapi.json").json()["paths"]
    routes = {(method, path) for path, methods in described.items() for method in methods}
    assert routes >= {
        ("get", "/entries"),
        ("post", "/entries"),
        ("get", "/entries/counts"),
        ("get", "/entries/search"),
        ("post", "/entries/compare"),
        ("get", "/entries/{entry_id}"),
        ("put", "/entries/{entry_id}"),
        ("get", "/entries/{entry_id}/markdown"),
        ("get", "/entries/{entry_id}/revisions"),
        ("get", "/entries/{entry_id}/differences"),
        ("post", "/entries/{entry_id}/restore"),
        ("post", "/entries/{entry_id}/review"),
        ("get", "/entries/{entry_id}/outcomes"),
        ("post", "/entries/{entry_id}/outcomes"),
        ("get", "/outcomes"),
        ("get", "/duplicates"),
        ("post", "/duplicates/merge"),
        ("post", "/duplicates/distinct"),
        ("post", "/imports"),
        ("get", "/imports/{job_id}"),
        ("get", "/export"),
        ("get", "/index"),
    }
    for path, methods in described.items():
        for method, operation in methods.items():
            assert operation["summary"], (method, path)
            assert operation["description"], (method, path)
            assert any(status.startswith("2") for status in operation["responses"]), (method, path)
