"""Realistic incidents, entries and questions for whoever tests a client of the server."""

from __future__ import annotations

import math
import random
from datetime import datetime, timedelta

from contract_entries import HOSTILE_LINE, START, matches

from assistant.diagnosis.values import Diagnosis, Evidence, Hypothesis, Rejected
from assistant.incidents import Incident, IncidentStatus, Timeline, Truth
from assistant.questions import Citation, Question, QuestionState
from assistant.taxonomy import FaultKind
from telemetry import Alert, Breach, Stretch

ONSET = START + timedelta(minutes=8)


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def series(before: float, later: float, wobble: float, seed: int) -> tuple[tuple[datetime, float], ...]:
    """Ten minutes of a signal, a point every 5 s, that moves at the onset."""
    dice = random.Random(seed)
    points = []
    for step in range(120):
        at = after(step * 5)
        level = before if at < ONSET else later * min(1.0, 0.35 + 0.13 * (at - ONSET).total_seconds() / 5)
        points.append((at, max(0.0, level + wobble * (math.sin(step / 4) + dice.uniform(-1, 1)))))
    return tuple(points)


WINDOW = Stretch(start=ONSET, end=after(600))
BASELINE = (Stretch(start=START, end=ONSET - timedelta(seconds=30)),)


def payments_diagnosis() -> Diagnosis:
    evidence = (
        Evidence(
            id="E1",
            signal="link_errors",
            service="orders",
            operation="POST /charge",
            summary="Calls from orders to payments fail: 0.1 % before, 97.8 % since 14:08:00.",
            query="spans: service orders, kind CLIENT, peer payments, status ERROR over all",
            window=WINDOW,
            before=0.001,
            after=0.978,
            unit="ratio",
            onset=ONSET,
            series=series(0.001, 0.978, 0.004, 1),
            trace_ids=("4bf92f3577b34da6a3ce929d0e0e4736", "0af7651916cd43dd8448eb211c80319c"),
        ),
        Evidence(
            id="E2",
            signal="traffic",
            service="payments",
            summary="payments itself receives almost nothing: 3.1 requests/s before, 0.07 since.",
            query="spans: service payments, kind SERVER, count per second",
            window=WINDOW,
            before=3.1,
            after=0.07,
            unit="requests/s",
            onset=ONSET,
            series=series(3.1, 0.07, 0.25, 2),
        ),
        Evidence(
            id="E3",
            signal="latency",
            service="gateway",
            operation="POST /checkout",
            summary="The 95th percentile of checkout rose from 48 ms to 1,930 ms.",
            query="spans: service gateway, operation POST /checkout, p95 of the duration",
            window=WINDOW,
            before=48,
            after=1930,
            unit="ms",
            onset=ONSET + timedelta(seconds=5),
            series=series(48, 1930, 9, 3),
            trace_ids=("00f067aa0ba902b7a3ce929d0e0e4736",),
        ),
        Evidence(
            id="E4",
            signal="logs",
            service="orders",
            summary="A line never seen before: 412 times in two minutes.",
            query="logs: service orders, severity ERROR, template 'payment for order <*> failed: <*>'",
            window=WINDOW,
            before=0,
            after=3.4,
            unit="lines/s",
            onset=ONSET,
            log_lines=(
                "payment for order 8812 failed: [Errno 104] Connection reset by peer",
                "pagamento do pedido 8813 não concluído: conexão recusada",
                HOSTILE_LINE,
            ),
        ),
        Evidence(
            id="E5",
            signal="errors",
            service="gateway",
            operation="POST /checkout",
            summary="Failed checkouts: 0.2 % before, 91 % since.",
            query="spans: service gateway, operation POST /checkout, status ERROR over all",
            window=WINDOW,
            before=0.002,
            after=0.91,
            unit="ratio",
            onset=ONSET + timedelta(seconds=5),
            series=series(0.002, 0.91, 0.01, 4),
        ),
    )
    return Diagnosis(
        recording_id="inc-20260301-140812",
        system="shop",
        alert=Alert(at=after(492), service="gateway", description="errors of gateway over 5 %"),
        window=Stretch(start=START, end=after(600)),
        baseline=BASELINE,
        onset=ONSET,
        hypotheses=(
            Hypothesis(
                service="payments",
                kind=FaultKind.NETWORK_LINK,
                link=("orders", "payments"),
                probability=0.81,
                summary="Calls from orders to payments are reset on the way; payments itself is healthy and idle.",
                evidence=("E1", "E2", "E4"),
            ),
            Hypothesis(
                service="payments",
                kind=FaultKind.SERVICE_DOWN,
                probability=0.09,
                summary="payments receives almost nothing, but the little that arrives is answered in time.",
                evidence=("E2",),
            ),
            Hypothesis(
                service="orders",
                kind=FaultKind.CODE_ERROR,
                operation="POST /orders",
                probability=0.04,
                summary="orders fails requests, only where it calls payments.",
                evidence=("E5",),
            ),
        ),
        evidence=evidence,
        rejected=(
            Rejected(
                service="orders",
                kind=FaultKind.DATABASE_CONNECTION,
                reason="Its database calls are as fast and as clean as before.",
            ),
        ),
        none_probability=0.06,
        missing=("events",),
        unknown=("Whether anything was deployed: no deploy events were collected.",),
        seconds=0.84,
    )


def incidents() -> list[Incident]:
    """One open and undiagnosed, one open and diagnosed, one resolved drill: newest first."""
    symptom = Breach(
        service="gateway",
        signal="errors",
        at=after(492),
        value=0.21,
        limit=0.05,
        unit="ratio",
        description="21 % of the requests to gateway fail; the limit is 5 %.",
    )
    return [
        Incident(
            id="inc-20260301-142000",
            system="shop",
            title="catalog: latency over its limit",
            timeline=Timeline(detected=after(1200)),
            symptoms=(symptom.model_copy(update={"service": "catalog", "signal": "latency"}),),
        ),
        Incident(
            id="inc-20260301-140812",
            system="shop",
            title="payments: network link from orders",
            timeline=Timeline(started=ONSET, detected=after(492), diagnosed=after(496.5)),
            symptoms=(symptom,),
            recording="recordings/inc-20260301-140812",
            diagnosis=payments_diagnosis(),
            similar=matches(),
        ),
        Incident(
            id="inc-20260301-130101",
            system="shop",
            title="inventory: database connection",
            status=IncidentStatus.RESOLVED,
            timeline=Timeline(
                started=after(-3600),
                detected=after(-3589),
                acknowledged=after(-3560),
                diagnosed=after(-3584),
                mitigated=after(-3400),
                resolved=after(-3380),
            ),
            diagnosis=Diagnosis(
                recording_id="inc-20260301-130101",
                system="shop",
                alert=Alert(at=after(-3589), service="inventory"),
                window=Stretch(start=after(-4200), end=after(-3380)),
                hypotheses=(
                    Hypothesis(
                        service="inventory",
                        kind=FaultKind.DATABASE_CONNECTION,
                        probability=0.9,
                        summary="inventory cannot log in to its database.",
                    ),
                ),
                none_probability=0.1,
            ),
            truth=Truth(
                service="inventory",
                kind=FaultKind.DATABASE_CONNECTION,
                cause="The role of inventory lost its right to log in.",
                fix="The right was given back.",
                drill="database-refuses",
            ),
        ),
    ]


ANSWER = (
    "**Most likely: the link from `orders` to `payments` (81 %).** Calls on it fail since 14:08:00: 0.1 % before, "
    "97.8 % since [E1], while payments itself is nearly idle [E2].\n\n"
    "1. From the host of `orders`, open a connection to `payments`: refused, reset or silent?\n"
    "2. Check what lies between: proxy, network policy, certificates.\n\n"
    "It looked like this on 14 February [K1]; restarting the proxy with the new certificate chain fixed it.\n\n"
    "*Not known:* whether anything was deployed; no deploy events were collected."
)
STEPS = (
    "Read the recording of the incident: 10 minutes, 5 services",
    "Compared 48 signals with the baseline: 5 moved",
    "Found 2 entries that looked like it",
    "Wrote the answer from 5 pieces of evidence",
)


def grown(question: Question, stage: int) -> Question:
    """Give a question as it is after so many looks at it; done at the fifth."""
    if stage == 0:
        return question
    if "fail" in question.text:
        told = {"state": QuestionState.FAILED, "notice": "The telemetry cannot be read: the store is locked."}
        return question.model_copy(update={"steps": STEPS[:1], **told})
    done = stage >= len(STEPS)
    words = ANSWER.split(" ")
    written = ANSWER if done else " ".join(words[: max(0, stage - 1) * len(words) // len(STEPS)])
    found = {"citations": (Citation(id="E1", kind="evidence", label="link errors of orders"),)} if done else {}
    if done and question.incident_id is None:
        found |= {"diagnosis": payments_diagnosis(), "similar": matches()}
    state = QuestionState.DONE if done else QuestionState.WORKING
    return question.model_copy(update={"state": state, "steps": STEPS[:stage], "answer": written, **found})
