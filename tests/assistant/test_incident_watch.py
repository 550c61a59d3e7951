from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from assistant.incident_watch import CLEAN_LOOKS_TO_RESOLVE, Verdict, acknowledged, incident_id, judge, resolved
from assistant.incidents import Incident, IncidentStatus, Timeline
from telemetry import Breach, Observation

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def breach(service: str = "orders", signal: str = "errors", seconds: float = 0) -> Breach:
    return Breach.model_validate(
        {
            "service": service,
            "signal": signal,
            "at": after(seconds),
            "value": 0.3,
            "limit": 0.1,
            "unit": "ratio",
            "description": f"{service} falhou",
        }
    )


def seen(seconds: float, *breaches: Breach, problem: str | None = None) -> Observation:
    return Observation(at=after(seconds), breaches=breaches, problem=problem)


def watched(*observations: Observation) -> list[Verdict]:
    """Judge one observation after the other, as the watcher does."""
    verdicts = [Verdict(None, changed=False, clean_looks=0)]
    for observation in observations:
        last = verdicts[-1]
        at_hand = last.incident if last.incident and last.incident.status is IncidentStatus.OPEN else None
        verdicts.append(judge(observation, at_hand, last.clean_looks, system="shop", new_id=lambda at: f"inc-{at:%S}"))
    return verdicts[1:]


def test_while_all_is_well_there_is_no_incident() -> None:
    assert watched(seen(0)) == [Verdict(None, changed=False, clean_looks=0)]


def test_the_first_breach_opens_an_incident() -> None:
    (verdict,) = watched(seen(7, breach()))
    assert verdict.changed
    assert verdict.incident is not None
    assert (verdict.incident.id, verdict.incident.system) == ("inc-07", "shop")
    assert verdict.incident.timeline == Timeline(detected=after(7))
    assert verdict.incident.title == "errors on orders"


def test_what_is_seen_again_changes_nothing_and_what_is_new_is_added_once() -> None:
    opened, same, more = watched(
        seen(0, breach()), seen(5, breach(seconds=5)), seen(10, breach(), breach("gateway"), breach("gateway", "slo"))
    )
    assert not same.changed
    assert same.incident == opened.incident
    assert more.changed
    assert more.incident is not None
    found = [(one.service, one.signal) for one in more.incident.symptoms]
    assert found == [("orders", "errors"), ("gateway", "errors"), ("gateway", "slo")]


def test_symptoms_do_not_grow_for_ever() -> None:
    many = [breach(f"service-{number}") for number in range(80)]
    _, full, still_full = watched(seen(0, breach()), seen(5, *many), seen(10, *many))
    assert full.incident is not None
    assert len(full.incident.symptoms) == 50
    assert not still_full.changed


def test_only_several_clean_looks_in_a_row_end_it() -> None:
    looks = [seen(0, breach()), seen(5), seen(10), seen(15, breach()), seen(20), seen(25), seen(30)]
    verdicts = watched(*looks)
    assert CLEAN_LOOKS_TO_RESOLVE == 3
    assert [verdict.incident.status for verdict in verdicts if verdict.incident] == [IncidentStatus.OPEN] * 6 + [
        IncidentStatus.RESOLVED
    ]
    assert verdicts[-1].incident is not None
    assert verdicts[-1].incident.timeline.resolved == after(30)


def test_looks_that_see_nothing_decide_nothing() -> None:
    looks = [seen(0, breach()), seen(5), seen(10), *(seen(15 + 5 * n, problem="no telemetry") for n in range(10))]
    verdicts = watched(*looks)
    assert verdicts[-1].incident is not None
    assert verdicts[-1].incident.status is IncidentStatus.OPEN
    assert verdicts[-1].clean_looks == 2
    assert not verdicts[-1].changed


def test_trouble_seen_in_spite_of_a_problem_counts() -> None:
    (verdict,) = watched(seen(0, breach(), problem="no telemetry of requests"))
    assert verdict.changed


def test_the_next_trouble_is_another_incident() -> None:
    verdicts = watched(seen(0, breach()), seen(5), seen(10), seen(15), seen(20, breach()))
    assert verdicts[-1].incident is not None
    assert verdicts[-1].incident.id == "inc-20"


@pytest.fixture
def incident() -> Incident:
    return Incident(id="inc-1", system="shop", title="t", timeline=Timeline(detected=NOON, mitigated=after(60)))


def test_a_clock_that_was_set_back_makes_no_timeline_run_backwards(incident: Incident) -> None:
    ended = resolved(acknowledged(incident, after(-3600)), after(-3600)).timeline
    assert Timeline.model_validate(ended.model_dump()) == ended
    assert (ended.acknowledged, ended.resolved) == (NOON, after(60))


def test_only_the_first_acknowledgement_counts(incident: Incident) -> None:
    first = acknowledged(incident, after(1))
    assert acknowledged(first, after(2)) == first


def test_ids_sort_by_time_and_differ_within_a_second() -> None:
    ids = [incident_id(NOON) for _ in range(20)]
    assert len(set(ids)) > 1
    assert max(ids) < incident_id(after(1))
