"""From files to questions: what is asked, what is right, and what must never be given away."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from small_questions import SUBJECTS, incident, put_incidents, put_lines, put_runbooks
from small_sets import put_recording, put_truth

from assistant.evaluation import EvaluationError
from assistant.evaluation.retrieval import Query, Trial, read_trials
from assistant.evaluation.retrieval.incident_set import read_incident_set
from assistant.evaluation.retrieval.runbook_set import read_runbook_set
from knowledge_base import Entry
from knowledge_base.search.passages import head, passages, rest
from knowledge_base.search.words import terms

ROOT = Path(__file__).parents[4]
PUBLIC_INCIDENTS = ROOT / "shared" / "data" / "text" / "incidents"


def everything_searched(entry: Entry) -> str:
    return "\n".join([head(entry), rest(entry), *passages(entry)])


def everything_asked(query: Query) -> str:
    question = query.question
    return "\n".join([question.text, *question.signals, *question.services, question.fault_kind or ""])


def test_titles_of_runbooks_are_hidden_wherever_they_stand(tmp_path: Path) -> None:
    trial = read_runbook_set(put_runbooks(tmp_path))
    assert len(trial.entries) == len(SUBJECTS)
    for entry, subject in zip(trial.entries, SUBJECTS, strict=True):
        assert "Secret" not in everything_searched(entry)
        assert subject in everything_searched(entry)


def test_each_question_about_a_runbook_is_asked_without_it_too(tmp_path: Path) -> None:
    trial = read_runbook_set(put_runbooks(tmp_path))
    known, unknown = trial.queries[:2]
    assert (known.seen, set(known.grades), known.exclude) == (True, {"rb-0"}, frozenset())
    assert (unknown.seen, set(unknown.grades), unknown.exclude) == (False, set(), frozenset({"rb-0"}))
    assert {query.form for query in trial.queries} == {"name", "description"}


def kinds_in(path: Path) -> set[str]:
    return {json.loads(line)["kind"] for line in path.read_text(encoding="utf-8").splitlines()}


def check_that_no_kind_is_given_away(path: Path) -> None:
    trial = read_incident_set(path)
    labels = {entry.fault_kind for entry in trial.entries if entry.fault_kind}
    asked = {term for query in trial.queries for term in terms(everything_asked(query))}
    assert len(labels) == len(kinds_in(path))
    for label in labels:
        assert not asked & set(terms(label))
    for kind in kinds_in(path):
        for entry in trial.entries:
            assert kind not in (entry.fault_kind or "")
            assert kind not in everything_searched(entry.model_copy(update={"symptoms": "", "signals": ()}))
    for query in trial.queries:
        assert query.question.fault_kind is None
        assert not any(name.startswith("kind:") for name in query.question.signature)


def test_the_words_of_a_kind_reach_neither_question_nor_entry(tmp_path: Path) -> None:
    check_that_no_kind_is_given_away(put_incidents(tmp_path / "small.jsonl"))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sockshop", "hotel"])
def test_the_words_of_a_kind_of_the_public_incidents_reach_neither(name: str) -> None:
    if not PUBLIC_INCIDENTS.is_dir():
        pytest.skip("the public incidents do not lie beside the repository")
    check_that_no_kind_is_given_away(PUBLIC_INCIDENTS / f"{name}.jsonl")


def test_relabelling_what_is_asked_changes_no_question(tmp_path: Path) -> None:
    put_incidents(tmp_path / "small.jsonl")
    cases = [json.loads(line) for line in (tmp_path / "small.jsonl").read_text(encoding="utf-8").splitlines()]
    for one in cases:
        if one["split"] == "test":
            one |= {"kind": "loss", "instance": "elsewhere"}
    put_lines(tmp_path / "other.jsonl", cases)
    before, after = read_incident_set(tmp_path / "small.jsonl"), read_incident_set(tmp_path / "other.jsonl")
    assert before.entries == after.entries
    asked = {query.id: query.question for query in before.queries if query.seen}
    assert asked == {query.id: query.question for query in after.queries if query.seen}


def test_the_same_kind_in_the_same_place_is_worth_more(tmp_path: Path) -> None:
    trial = read_incident_set(put_incidents(tmp_path / "small.jsonl"))
    (query,) = [one for one in trial.queries if one.id == "test-cpu-1"]
    assert query.grades == {f"train-cpu-{number}": 2 if number % 3 == 1 else 1 for number in range(6)}


def test_where_a_kind_is_unknown_nothing_of_it_is_kept(tmp_path: Path) -> None:
    trial = read_incident_set(put_incidents(tmp_path / "small.jsonl"))
    (query,) = [one for one in trial.queries if one.id == "test-cpu-1-unknown"]
    assert query.absent == {f"train-cpu-{number}" for number in range(6)}
    assert (query.seen, query.grades, query.exclude) == (False, {}, frozenset())


def names(trials: tuple[Trial, ...]) -> list[tuple[str, str]]:
    return [(trial.name, trial.measure) for trial in trials]


def test_a_set_is_known_by_what_lies_in_it(tmp_path: Path) -> None:
    put_runbooks(tmp_path / "runbooks")
    for name in ("one", "two"):
        put_incidents(tmp_path / "incidents" / f"{name}.jsonl")
    found = read_trials([tmp_path / "runbooks", tmp_path / "incidents"], jobs=1)
    assert names(found) == [("runbooks", "MRR@10"), ("one", "nDCG@5"), ("two", "nDCG@5")]
    assert names(read_trials([tmp_path / "incidents" / "two.jsonl"], jobs=1)) == [("two", "nDCG@5")]


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("nowhere", "nowhere is not there; name a set"),
        ("empty", "holds no set: neither corpus.jsonl, nor .jsonl files of incidents, nor recordings"),
        ("twice", "two sets are called 'same'"),
        ("few", "fewer than|are too few"),
        ("half", "queries.jsonl cannot be read"),
        ("garbage", "line 2 is no JSON"),
        ("untold", r"has no truth\.jsonl"),
        ("lacking", "should give 'alerts' as list"),
        ("one-split", "should have cases of both splits"),
    ],
)
def test_what_is_no_set_is_refused_with_a_reason(tmp_path: Path, place: str, said: str) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("a", "b"):
        put_incidents(tmp_path / "twice" / name / "same.jsonl")
    put_incidents(tmp_path / "few" / "few.jsonl", asked_of_each=6)
    put_runbooks(tmp_path / "half")
    (tmp_path / "half" / "queries.jsonl").unlink()
    garbage = put_incidents(tmp_path / "garbage" / "g.jsonl")
    garbage.write_text(garbage.read_text().split("\n")[0] + "\n{broken\n")
    put_recording(tmp_path / "untold", "u-1")
    lacking = incident(1, "cpu", "train")
    del lacking["alerts"]
    put_lines(tmp_path / "lacking" / "l.jsonl", [lacking, incident(2, "cpu", "test")])
    put_lines(tmp_path / "one-split" / "o.jsonl", [incident(2, "cpu", "test")])
    places = (
        [tmp_path / "twice" / "a" / "same.jsonl", tmp_path / "twice" / "b"] if place == "twice" else [tmp_path / place]
    )
    with pytest.raises(EvaluationError, match=said):
        read_trials(places, jobs=1)


def test_recordings_have_to_be_enough_too(tmp_path: Path) -> None:
    put_recording(tmp_path / "drills", "d-1", broken_service="rooms")
    put_truth(tmp_path / "drills", [{"id": "d-1", "fault": True, "service": "rooms", "kind": "cpu"}])
    with pytest.raises(EvaluationError, match="0 queries are too few"):
        read_trials([tmp_path / "drills"], jobs=1)
