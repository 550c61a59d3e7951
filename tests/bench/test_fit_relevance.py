"""Choosing the numbers of the relevance: the bench compares as the product does, and tries on what it did not see."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

# The small sets are shared with the tests of the measuring, and lie beside them.
sys.path.append(str(Path(__file__).parents[1] / "assistant" / "evaluation"))
from small_questions import put_incidents, put_runbooks

from assistant.evaluation.retrieval import Trial
from assistant.evaluation.retrieval.incident_set import read_incident_set
from assistant.evaluation.retrieval.runbook_set import read_runbook_set
from bench.fit_relevance import Asked, bar_for, half_of, mean_of, of_signature, of_text, refused
from bench.relevance_features import features_of
from knowledge_base import HashingEmbedder, KnowledgeBase
from knowledge_base.search.relevance import _LEAST_SIGNATURE, _SLOPE_OF_SIGNATURE, text_score


@pytest.fixture
def runbooks(tmp_path: Path) -> Trial:
    return read_runbook_set(put_runbooks(tmp_path / "runbooks"))


def test_texts_are_weighed_as_the_product_weighs_them(runbooks: Trial) -> None:
    for _, one in features_of(runbooks, HashingEmbedder()):
        assert np.allclose(of_text(one, (2.0, 1.0, 1.5)), text_score(one.body, one.head, one.meaning))


def test_what_is_to_be_excluded_is_not_compared_with(runbooks: Trial) -> None:
    for query, one in features_of(runbooks, HashingEmbedder()):
        assert set(one.ids).isdisjoint(query.exclude)
        assert len(one.ids) == len(runbooks.entries) - len(query.exclude)


def test_signatures_are_weighed_as_the_product_weighs_them(tmp_path: Path) -> None:
    trial = read_incident_set(put_incidents(tmp_path / "small.jsonl"))
    with KnowledgeBase.open(tmp_path / "knowledge", embedder=HashingEmbedder()) as knowledge:
        knowledge.put_many(trial.entries)
        for query, one in features_of(trial, HashingEmbedder()):
            if not query.seen:
                continue
            alike = of_signature(one, (0.5, 4.0)) - _LEAST_SIGNATURE
            expected = dict(zip(one.ids, 1 / (1 + np.exp(-_SLOPE_OF_SIGNATURE * alike)), strict=True))
            for match in knowledge.compare(query.question).matches:
                assert match.score == pytest.approx(expected[match.entry.id], abs=1e-4)


def test_both_forms_of_a_question_with_and_without_its_runbook_are_in_one_half(runbooks: Trial) -> None:
    halves: dict[str, set[int]] = {}
    for query in runbooks.queries:
        halves.setdefault(min({*query.grades, *query.exclude}), set()).add(half_of(query, runbooks))
    assert all(len(found) == 1 for found in halves.values())
    assert {half for found in halves.values() for half in found} == {0, 1}


def test_the_bar_refuses_its_share_of_what_it_was_chosen_on(runbooks: Trial) -> None:
    asked = [Asked(query, one, half_of(query, runbooks)) for query, one in features_of(runbooks, HashingEmbedder())]
    scores = [of_text(one.features, (2.0, 1.0, 1.5)) for one in asked]
    everything = range(len(asked))
    bar = bar_for(asked, scores, everything, 0.25)
    assert refused(asked, scores, everything, bar, seen=True) == pytest.approx(0.25, abs=1 / 12)
    assert refused(asked, scores, everything, bar, seen=False) > 0.5
    assert mean_of("MRR@10", asked, scores, everything) == 1.0
