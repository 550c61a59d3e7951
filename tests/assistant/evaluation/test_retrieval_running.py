"""Asking the questions of a trial of real knowledge bases: what is not known is neither found nor learned from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
from small_questions import put_incidents, put_runbooks

from assistant.evaluation.retrieval import AnswerFile, Query, Told, Trial, answers, score
from assistant.evaluation.retrieval.incident_set import read_incident_set
from assistant.evaluation.retrieval.remembering import Remembering
from assistant.evaluation.retrieval.runbook_set import read_runbook_set
from assistant.evaluation.retrieval.running import Answer
from knowledge_base import Entry, HashingEmbedder, Question, ReviewStatus

T0 = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)


def entry(number: int, words: str) -> Entry:
    at = T0 + timedelta(hours=number)
    return Entry(
        id=f"e-{number}",
        kind="incident",
        title="t",
        symptoms=words,
        status=ReviewStatus.APPROVED,
        created_at=at,
        updated_at=at,
    )


def trial(*queries: Query) -> Trial:
    entries = tuple(entry(number, f"pump {word}") for number, word in enumerate(("leaks", "stops", "burns", "shakes")))
    return Trial(name="pumps", entries=entries[::-1], queries=queries, measure="recall@1")


def found_by(answer: Answer) -> set[str]:
    return {one for ranking in answer.rankings.values() for one in ranking}


def test_nothing_later_and_nothing_absent_is_found_in_any_way() -> None:
    pump = Question(text="pump")
    queries = (
        Query(id="late", question=pump, grades={}, before=T0 + timedelta(hours=3)),
        Query(id="soon", question=pump, grades={}, before=T0 + timedelta(hours=1)),
        Query(id="all", question=pump, grades={}),
        Query(id="lacking", question=pump, grades={}, absent=frozenset({"e-0", "e-3"})),
        Query(id="hidden", question=pump, grades={}, exclude=frozenset({"e-1"})),
    )
    told: list[Told] = []
    given = {one.id: one for one in answers(trial(*queries), HashingEmbedder(), told.append)}
    assert {name: found_by(one) for name, one in given.items()} == {
        "soon": {"e-0"},
        "late": {"e-0", "e-1", "e-2"},
        "all": {"e-0", "e-1", "e-2", "e-3"},
        "lacking": {"e-1", "e-2"},
        "hidden": {"e-0", "e-2", "e-3"},
    }
    assert {"dense", "words", "fused", "reranked"} <= given["all"].rankings.keys()
    assert all(one.seconds > 0 for one in given.values())
    assert [(one.done, one.total) for one in told if one.what == "pumps: asked"] == [(n, 5) for n in range(1, 6)]


def test_before_anything_is_known_nothing_is_similar() -> None:
    query = Query(id="first", question=Question(text="pump"), grades={}, before=T0, seen=False)
    (answer,) = answers(trial(query), HashingEmbedder())
    assert (answer.score, answer.refused, found_by(answer)) == (None, True, set())


def test_what_an_absent_kind_would_teach_changes_no_score(tmp_path: Path) -> None:
    whole = read_incident_set(put_incidents(tmp_path / "small.jsonl"))
    (query,) = [one for one in whole.queries if one.id == "test-cpu-1-unknown"]
    never = Trial(
        name=whole.name,
        entries=tuple(one for one in whole.entries if one.id not in query.absent),
        queries=(query,),
        measure=whole.measure,
    )
    held_out = Trial(name=whole.name, entries=whole.entries, queries=(query,), measure=whole.measure)
    (one,), (other,) = answers(never, HashingEmbedder()), answers(held_out, HashingEmbedder())
    assert (one.score, one.rankings) == (other.score, other.rankings)


def test_a_small_set_of_runbooks_is_answered_and_scored(tmp_path: Path) -> None:
    runbooks = read_runbook_set(put_runbooks(tmp_path / "runbooks"))
    with AnswerFile(tmp_path / "new" / "r.jsonl") as file:
        given = list(answers(runbooks, HashingEmbedder()))
        assert not file.path.exists()
        for answer in given:
            file.add(answer)
            written = file.path.read_text(encoding="utf-8").splitlines()
            assert Answer.model_validate_json(written[-1]) == answer
    assert len(written) == 48
    found, *_ = score(runbooks, given)
    assert found.found["words"].mean == 1.0
    assert found.found["reranked"].mean == 1.0


class Counting(HashingEmbedder):
    def __init__(self) -> None:
        super().__init__()
        self.embedded: list[str] = []

    def embed_documents(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        self.embedded += texts
        return super().embed_documents(texts)


def test_no_text_is_embedded_twice_and_vectors_stay_what_they_are() -> None:
    counting = Counting()
    remembering = Remembering(counting)
    texts = ["pump leaks", "pump stops", "pump leaks"]
    for _ in range(2):
        assert np.array_equal(remembering.embed_documents(texts), HashingEmbedder().embed_documents(texts))
    assert counting.embedded == texts[:2]
    assert remembering.embed_documents([]).shape == (0, remembering.dimension)
    assert (remembering.name, remembering.revision) == (counting.name, counting.revision)
    assert np.array_equal(remembering.embed_query("pump"), counting.embed_query("pump"))
