from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from incident_server import incident

from assistant.diagnosis import Hypothesis
from assistant.taxonomy import FaultKind
from chaos.experiment import TrueCause
from chaos.scoring import Score, score
from knowledge_base import Entry, Match

AT = datetime(2026, 3, 1, 10, tzinfo=UTC)


def said(**changes: Any) -> Hypothesis:
    cause = {"service": "payments", "kind": FaultKind.NETWORK_LINK, "probability": 0.8, "summary": "It is cut."}
    return Hypothesis.model_validate({**cause, **changes})


def truth(**changes: Any) -> TrueCause:
    cause = {"service": "payments", "kind": FaultKind.NETWORK_LINK, "cause": "c", "fix": "f"}
    return TrueCause.model_validate({**cause, **changes})


def entry(key: str, **provenance: str) -> Match:
    made = Entry(id=key, kind="incident", title="t", symptoms="s", provenance=provenance, created_at=AT, updated_at=AT)
    return Match(entry=made, score=0.9, text_similarity=0.9, signature_similarity=None)


LINK = ("orders", "payments")


@pytest.mark.parametrize(
    ("true", "claim", "right"),
    [
        (truth(), said(), True),
        (truth(), said(operation="POST /payments", link=LINK), True),  # More was said than is asked for.
        (truth(), said(service="orders"), False),
        (truth(), said(kind=FaultKind.SERVICE_DOWN), False),
        (truth(operation="POST /payments"), said(operation="POST /payments"), True),
        (truth(operation="POST /payments"), said(operation="POST /refunds"), False),
        (truth(operation="POST /payments"), said(), False),
        (truth(link=LINK), said(link=LINK), True),
        (truth(link=LINK), said(link=LINK[::-1]), False),
        (truth(link=LINK), said(), False),
        (truth(link=LINK, operation="POST /payments"), said(link=LINK), False),
    ],
)
def test_only_a_cause_that_is_right_in_all_its_parts_is_right(true: TrueCause, claim: Hypothesis, right: bool) -> None:
    assert score(true, incident("inc-1", AT, claim)).right is right


def test_only_the_likeliest_cause_counts() -> None:
    both = incident("inc-1", AT, said(service="orders"))
    assert both.diagnosis is not None
    both = both.model_copy(
        update={"diagnosis": both.diagnosis.model_copy(update={"hypotheses": (*both.diagnosis.hypotheses, said())})}
    )
    scored = score(truth(), both)
    assert (scored.top_service, scored.right) == ("orders", False)


def test_what_was_said_is_kept_beside_the_verdict() -> None:
    scored = score(truth(), incident("inc-1", AT, said(operation="POST /payments")))
    assert scored == Score(
        top_service="payments",
        top_kind="network_link",
        top_operation="POST /payments",
        probability=0.8,
        right=True,
        similar=None,
    )


def test_no_incident_no_diagnosis_and_an_abstention_are_not_right() -> None:
    assert score(truth(), None) == Score()
    assert score(truth(), incident("inc-1", AT)) == Score()
    abstained = incident("inc-1", AT, said())
    assert abstained.diagnosis is not None
    silent = abstained.diagnosis.model_copy(update={"hypotheses": (), "abstained": True})
    assert score(truth(), abstained.model_copy(update={"diagnosis": silent})) == Score()


def test_the_most_similar_is_called_by_its_drill_or_else_by_its_id() -> None:
    found = incident("inc-2", AT, said(), similar=(entry("inc-1", drill="request-flood"), entry("inc-0")))
    assert score(truth(), found).similar == "request-flood"
    assert score(truth(), incident("inc-2", AT, similar=(entry("runbook-7"),))).similar == "runbook-7"
