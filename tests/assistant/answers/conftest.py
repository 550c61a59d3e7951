from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from assistant.answers import AnswerRequest
from assistant.diagnosis.values import Diagnosis, Evidence, Hypothesis, Rejected
from assistant.taxonomy import FaultKind
from knowledge_base import Entry, Match, ReviewStatus
from telemetry import Alert, Stretch

NOW = datetime(2026, 3, 1, 10, 40, tzinfo=UTC)
WINDOW = Stretch(start=NOW - timedelta(minutes=10), end=NOW)
ONSET = NOW - timedelta(minutes=4)


@pytest.fixture
def make_evidence() -> Callable[..., Evidence]:
    def make(**changed: Any) -> Evidence:
        known: dict[str, Any] = {
            "id": "E1",
            "signal": "database_errors",
            "service": "inventory",
            "operation": "POST /reserve",
            "summary": "POST /reserve of inventory fails: 34 % of 120 requests, 0.1 % before",
            "query": "server spans named 'POST /reserve' of inventory",
            "window": WINDOW,
            "before": 0.001,
            "after": 0.34,
            "unit": "ratio",
            "onset": ONSET,
            "series": ((ONSET, 0.123456),),
            "trace_ids": ("trace-4711",),
        }
        return Evidence(**(known | changed))

    return make


@pytest.fixture
def make_diagnosis(make_evidence: Callable[..., Evidence]) -> Callable[..., Diagnosis]:
    """Build the diagnosis of a database that refuses inventory, felt at the gateway's checkout."""

    def make(**changed: Any) -> Diagnosis:
        known: dict[str, Any] = {
            "recording_id": "rec-1",
            "system": "shop",
            "alert": Alert(at=NOW - timedelta(minutes=3), service="gateway"),
            "window": WINDOW,
            "baseline": (Stretch(start=WINDOW.start, end=ONSET),),
            "onset": ONSET,
            "hypotheses": (
                Hypothesis(
                    service="inventory",
                    kind=FaultKind.DATABASE_CONNECTION,
                    operation="POST /reserve",
                    probability=0.82,
                    summary="Inventory cannot reach its database.",
                    evidence=("E1", "E2"),
                ),
                Hypothesis(
                    service="payments",
                    kind=FaultKind.NETWORK_LINK,
                    link=("orders", "payments"),
                    probability=0.08,
                    summary="Calls from orders to payments hang.",
                    evidence=("E3",),
                ),
            ),
            "evidence": (
                make_evidence(),
                make_evidence(
                    id="E2",
                    signal="logs",
                    operation=None,
                    summary="A new error line appears 41 times",
                    before=None,
                    after=None,
                    log_lines=("FATAL: role inventory is not permitted to log in",),
                ),
                make_evidence(
                    id="E3", service="gateway", operation="POST /checkout", signal="latency", unit="ms"
                ).model_copy(update={"before": 120.0, "after": 2400.0, "summary": "POST /checkout of gateway is slow"}),
            ),
            "rejected": (Rejected(service="catalog", kind=FaultKind.BAD_VERSION, reason="nothing was deployed"),),
            "none_probability": 0.1,
            "unknown": ("whether the database itself is up",),
            "missing": ("events",),
        }
        return Diagnosis(**(known | changed))

    return make


@pytest.fixture
def make_match() -> Callable[..., Match]:
    def make(score: float = 0.91, **changed: Any) -> Match:
        known: dict[str, Any] = {
            "id": "inc-7",
            "kind": "incident",
            "title": "Database refuses orders",
            "symptoms": "POST /orders fails",
            "cause": "The role lost its login right.",
            "fix": "ALTER ROLE orders LOGIN",
            "services": ("orders",),
            "fault_kind": "database_connection",
            "status": ReviewStatus.APPROVED,
            "created_at": NOW - timedelta(days=3),
            "updated_at": NOW - timedelta(days=3),
        }
        return Match(entry=Entry(**(known | changed)), score=score, text_similarity=score, signature_similarity=score)

    return make


@pytest.fixture
def make_request(
    make_diagnosis: Callable[..., Diagnosis], make_match: Callable[..., Match]
) -> Callable[..., AnswerRequest]:
    def make(**changed: Any) -> AnswerRequest:
        known: dict[str, Any] = {
            "question": "what is wrong?",
            "now": NOW,
            "diagnosis": make_diagnosis(),
            "similar": (make_match(),),
        }
        return AnswerRequest(**(known | changed))

    return make
