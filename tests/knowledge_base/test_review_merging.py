from __future__ import annotations

from datetime import timedelta

import pytest
from incidents import WRITTEN_AT, entry

from knowledge_base.entry import Entry, ReviewStatus, Severity
from knowledge_base.errors import MergeRefused
from knowledge_base.review.merging import left_behind, merged, put_away

NOW = WRITTEN_AT + timedelta(days=1)
KEEP = entry(
    "keep",
    title="Orders fail",
    cause="Role lost its login",
    services=("orders",),
    operations=("POST /orders",),
    signals=("errors",),
    provenance={"source": "keep.md", "author": "Eva"},
    status=ReviewStatus.APPROVED,
)
OTHER = entry(
    "other",
    title="Encomendas falham",
    cause="Role lost its login",
    fix="Give it back",
    services=("payments", "orders"),
    signals=("logs", "errors"),
    severity=Severity.HIGH,
    team="core",
    signature={"errors": 1.0},
    provenance={"source": "other.md", "author": "Rui"},
)


def test_what_a_merged_entry_does_not_tell_is_named() -> None:
    assert left_behind(merged(KEEP, OTHER, {}, NOW), OTHER) == ("title",)
    assert left_behind(merged(KEEP, OTHER, {"title": "both"}, NOW), OTHER) == ()
    assert left_behind(merged(KEEP, OTHER, {"title": "other", "team": "keep"}, NOW), OTHER) == ("team",)
    long = OTHER.model_copy(update={"title": "Encomendas", "fix": "Um.\n\nDois."})
    said = KEEP.model_copy(update={"fix": "Zero."})
    assert left_behind(merged(said, long, {"fix": "both"}, NOW), long) == ("title",)


def test_a_merged_entry_keeps_what_both_know() -> None:
    both = merged(KEEP, OTHER, {}, NOW)
    assert (both.id, both.title, both.status, both.updated_at) == ("keep", "Orders fail", ReviewStatus.APPROVED, NOW)
    assert (both.fix, both.severity, both.team) == ("Give it back", Severity.HIGH, "core")
    assert both.services == ("orders", "payments")
    assert both.operations == ("POST /orders",)
    assert both.signals == ("errors", "logs")
    assert both.signature == {"errors": 1.0}


def test_a_merged_entry_keeps_both_provenances() -> None:
    both = merged(KEEP, OTHER, {}, NOW)
    assert both.provenance == KEEP.provenance
    (origin,) = both.merged_from
    assert (origin.id, origin.title, origin.provenance) == ("other", "Encomendas falham", OTHER.provenance)
    assert origin.created_at == OTHER.created_at


def test_what_was_merged_before_is_still_told() -> None:
    earlier = merged(OTHER, entry("third"), {}, NOW)
    both = merged(merged(KEEP, entry("second"), {}, NOW), earlier, {}, NOW)
    assert [origin.id for origin in both.merged_from] == ["second", "third", "other"]
    again = merged(both, OTHER, {}, NOW)
    assert [origin.id for origin in again.merged_from] == ["second", "third", "other"]


def test_a_choice_takes_a_field_of_the_other_or_both() -> None:
    both = merged(KEEP, OTHER, {"title": "other", "cause": "both", "symptoms": "both", "team": "keep"}, NOW)
    assert both.title == "Encomendas falham"
    assert both.cause == "Role lost its login"
    assert both.symptoms == "Something failed."
    assert both.team == ""
    assert merged(KEEP, OTHER, {"title": "both"}, NOW).title == "Orders fail\n\nEncomendas falham"


def test_the_entry_that_goes_says_where_it_went() -> None:
    gone = put_away(OTHER, "keep", NOW)
    assert gone.status is ReviewStatus.DEPRECATED
    assert gone.provenance == {**OTHER.provenance, "merged_into": "keep"}


@pytest.mark.parametrize(
    ("keep", "other", "choices", "problem"),
    [
        (KEEP, KEEP, {}, "that is one entry"),
        (KEEP, put_away(OTHER, "x", NOW), {}, "other is deprecated; revive it first"),
        (put_away(KEEP, "x", NOW), OTHER, {}, "keep is deprecated; revive it first"),
        (KEEP, OTHER, {"services": "keep"}, "'services' cannot be chosen; one can choose title"),
        (KEEP, OTHER, {"team": "both"}, "team can be that of keep or other, not of 'both'"),
        (KEEP, OTHER, {"cause": "mine"}, "cause can be that of keep, other or both, not of 'mine'"),
    ],
)
def test_a_merge_that_makes_no_sense_is_refused(keep: Entry, other: Entry, choices: dict, problem: str) -> None:
    with pytest.raises(MergeRefused, match=problem):
        merged(keep, other, choices, NOW)
