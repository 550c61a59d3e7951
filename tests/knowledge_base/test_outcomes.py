from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from incidents import WRITTEN_AT, entry
from kept import Kept, opened

from knowledge_base.entry import ReviewStatus
from knowledge_base.errors import EntryNotFound, RecallNotFound, RecordsUnavailable
from knowledge_base.review.values import FeedbackCounts, Recall, Recalled


def shown(*relevances: float) -> list[Recalled]:
    return [
        Recalled(entry_id=entry_id, title=f"Incident {entry_id}", rank=rank, relevance=relevance)
        for rank, (entry_id, relevance) in enumerate(zip("abc", relevances, strict=False), 1)
    ]


@pytest.fixture
def kept(database_url: str | Path) -> Iterator[Kept]:
    with opened(database_url) as records:
        kept = Kept(records)
        kept.write(entry("a", status=ReviewStatus.APPROVED, review_by=date(2026, 9, 1)))
        kept.write(entry("b"))
        kept.write(entry("c"))
        yield kept


def counts(kept: Kept, entry_id: str = "a") -> FeedbackCounts:
    return kept.ledger.counts([entry_id])[entry_id]


def test_a_recall_is_kept_as_it_was_shown(kept: Kept) -> None:
    recall = kept.ledger.note_recall("pedidos falham " + "x" * 600, shown(0.8, 0.7), incident="inc-1")
    assert kept.feedback.recall(recall.id) == recall
    assert len(recall.asked) == 500
    assert recall.asked.startswith("pedidos falham")
    assert kept.feedback.recall("none") is None
    assert counts(kept) == FeedbackCounts(shown=1)
    assert counts(kept, "c") == FeedbackCounts()


def test_recalls_are_listed_the_last_first(kept: Kept) -> None:
    for text in ("one", "two", "three"):
        kept.ledger.note_recall(text, [])
    assert [recall.asked for recall in kept.feedback.recalls(2)] == ["three", "two"]


def test_a_recall_of_an_entry_that_is_not_there_is_not_half_kept(kept: Kept) -> None:
    unknown = Recalled(entry_id="nobody", title="?", rank=1, relevance=0.5)
    with pytest.raises(RecordsUnavailable):
        kept.feedback.note_recall(Recall(id="r", at=WRITTEN_AT, asked="", entries=(unknown,)))
    assert kept.feedback.recall("r") is None


def test_an_approved_entry_that_misled_is_in_review_again(kept: Kept) -> None:
    recall = kept.ledger.note_recall("what", shown(0.8))
    outcome = kept.ledger.judge("a", "wrong", recall_id=recall.id, author="Eva", note="another cause")
    assert (outcome.status_before, outcome.status_after) == (ReviewStatus.APPROVED, ReviewStatus.IN_REVIEW)
    assert outcome.factor_before == 1.0
    assert outcome.factor_after == pytest.approx(0.8)
    assert kept.get("a").status is ReviewStatus.IN_REVIEW
    assert kept.get("a").review_by is None
    assert kept.notes("a") == ["", "misled: another cause"]
    assert counts(kept) == FeedbackCounts(shown=1, wrong=1)


@pytest.mark.parametrize("outcome", ["opened", "helped"])
def test_what_did_not_mislead_stays_approved(kept: Kept, outcome: str) -> None:
    record = kept.ledger.judge("a", outcome)  # type: ignore[arg-type]
    assert record.status_after is ReviewStatus.APPROVED
    assert (record.factor_before, record.factor_after) == (1.0, 1.0)
    assert kept.notes("a") == [""]


def test_a_draft_that_misled_stays_a_draft_and_sinks(kept: Kept) -> None:
    record = kept.ledger.judge("b", "wrong")
    assert (record.status_after, record.factor_after) == (ReviewStatus.DRAFT, pytest.approx(0.8))


def test_the_last_judgement_of_a_recall_stands(kept: Kept) -> None:
    recall = kept.ledger.note_recall("what", shown(0.8))
    for outcome in ("opened", "wrong", "wrong", "helped", "opened"):
        kept.ledger.judge("a", outcome, recall_id=recall.id)  # type: ignore[arg-type]
    assert counts(kept) == FeedbackCounts(shown=1, opened=1, helped=1)
    assert len(kept.ledger.outcomes()) == 5


def test_judgements_outside_of_a_recall_all_count(kept: Kept) -> None:
    kept.ledger.judge("b", "wrong")
    kept.ledger.judge("b", "wrong")
    assert counts(kept, "b").wrong == 2


def test_an_entry_is_judged_only_in_a_recall_that_showed_it(kept: Kept) -> None:
    recall = kept.ledger.note_recall("what", shown(0.8))
    with pytest.raises(RecallNotFound, match="'recall-1' showed entry c"):
        kept.ledger.judge("c", "helped", recall_id=recall.id)
    with pytest.raises(RecallNotFound):
        kept.ledger.judge("a", "helped", recall_id="recall-9")
    with pytest.raises(EntryNotFound):
        kept.ledger.judge("nobody", "helped")
    assert kept.ledger.outcomes() == []


def test_a_judgement_that_cannot_be_carried_out_is_not_kept(kept: Kept) -> None:
    class Broken(Kept):
        def write(self, *args: object, **more: object) -> None:  # type: ignore[override]
            raise RecordsUnavailable("the database", "the disk is full")

    with pytest.raises(RecordsUnavailable, match="disk is full"):
        Broken(kept.records).ledger.judge("a", "wrong")
    assert kept.ledger.outcomes() == []
    assert counts(kept).wrong == 0


def test_the_ledger_shows_which_feedback_changed_which_ranking(kept: Kept) -> None:
    recall = kept.ledger.note_recall("what", shown(0.8, 0.75, 0.2))
    kept.ledger.judge("b", "helped", recall_id=recall.id)
    kept.ledger.judge("a", "wrong", recall_id=recall.id, author="Eva")
    misled, helped = kept.ledger.lines()
    assert (misled.outcome.author, misled.title, misled.counts.wrong) == ("Eva", "Incident a", 1)
    assert misled.change is not None
    assert (misled.change.rank_then, misled.change.rank_now) == (1, 2)
    assert misled.change.recall == recall
    assert helped.change is not None
    assert (helped.change.rank_then, helped.change.rank_now) == (2, 1)


def test_feedback_that_changes_no_rank_says_so(kept: Kept) -> None:
    recall = kept.ledger.note_recall("what", shown(0.8, 0.3))
    kept.ledger.judge("a", "wrong", recall_id=recall.id)
    (line,) = kept.ledger.lines()
    assert line.change is not None
    assert (line.change.rank_then, line.change.rank_now) == (1, 1)


def test_a_judgement_by_itself_changes_no_ranking_that_could_be_named(kept: Kept) -> None:
    kept.ledger.judge("a", "helped")
    kept.ledger.judge("b", "wrong")
    assert [(line.title, line.change) for line in kept.ledger.lines()] == [("Incident b", None), ("Incident a", None)]
    assert [line.title for line in kept.ledger.lines(entry_id="a")] == ["Incident a"]
    assert [line.title for line in kept.ledger.lines(limit=1)] == ["Incident b"]
