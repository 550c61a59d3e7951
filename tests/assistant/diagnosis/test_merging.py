"""One candidate for each service: what is seen in several ways is surer."""

from typing import Any

import pytest
from made_up_system import stretch

from assistant.diagnosis.causes import Candidate
from assistant.diagnosis.finding import Finding
from assistant.diagnosis.merging import one_for_each_service
from assistant.taxonomy import FaultKind


def seen(summary: str = "seen") -> Finding:
    return Finding(signal="errors", service="shop", strength=1.0, summary=summary, query="", window=stretch(0, 1))


def candidate(
    strength: float, look: Any = "failures", kind: FaultKind = FaultKind.CODE_ERROR, **more: Any
) -> Candidate:
    values: dict[str, Any] = {"service": "shop", "summary": f"{look} {strength}", "findings": (seen(),)}
    return Candidate(look=look, kind=kind, strength=strength, **(values | more))


def merged(*candidates: Candidate) -> Candidate:
    (one,) = one_for_each_service(candidates)
    return one


def test_services_stay_apart_and_the_strongest_comes_first() -> None:
    found = one_for_each_service(
        [candidate(0.2, service="a"), candidate(0.9, service="b"), candidate(0.5, service="a")]
    )
    assert [(one.service, one.strength) for one in found] == [("b", 0.9), ("a", pytest.approx(0.5))]


def test_nothing_is_merged_to_nothing() -> None:
    assert one_for_each_service([]) == []


def test_what_is_seen_in_another_way_is_surer() -> None:
    found = merged(candidate(0.6), candidate(0.5, "time"))
    assert found.strength == pytest.approx(1 - 0.4 * (1 - 0.7 * 0.5))


def test_what_is_seen_twice_in_one_way_is_not() -> None:
    assert merged(candidate(0.6), candidate(0.5)).strength == pytest.approx(0.6)
    assert merged(candidate(0.6), candidate(0.5, "time"), candidate(0.4, "time")).strength == pytest.approx(
        1 - 0.4 * (1 - 0.7 * 0.5)
    )


def test_many_weak_views_are_never_certain() -> None:
    looks = ["failures", "executions", "time", "traffic", "readings", "resources", "lines", "silence"]
    assert 0.9 < merged(*(candidate(0.9, look) for look in looks)).strength < 1


def test_what_says_more_names_the_cause_when_it_is_half_as_strong() -> None:
    slow = candidate(0.8, "time", FaultKind.SLOW_CODE)
    assert merged(slow, candidate(0.4, "failures", FaultKind.NETWORK_LINK)).kind is FaultKind.NETWORK_LINK
    assert merged(slow, candidate(0.39, "failures", FaultKind.NETWORK_LINK)).kind is FaultKind.SLOW_CODE


@pytest.mark.parametrize("kind", [FaultKind.REQUEST_FLOOD, FaultKind.BAD_VERSION, FaultKind.SERVICE_DOWN])
def test_where_trouble_came_from_says_more_than_how_requests_fail(kind: FaultKind) -> None:
    found = merged(candidate(0.9), candidate(0.5, "silence", kind, version="2"))
    assert (found.kind, found.version) == (kind, "2")


def test_how_requests_fail_says_more_than_what_ran_out_and_that_more_than_where_time_goes() -> None:
    time = candidate(0.9, "time", FaultKind.SLOW_CODE)
    resources = candidate(0.8, "resources", FaultKind.RESOURCE_EXHAUSTION)
    failures = candidate(0.7, "failures", FaultKind.CODE_ERROR)
    assert merged(time, resources, failures).kind is FaultKind.CODE_ERROR
    assert merged(time, resources).kind is FaultKind.RESOURCE_EXHAUSTION
    assert merged(time, candidate(0.8, "lines", FaultKind.CODE_ERROR)).kind is FaultKind.SLOW_CODE


def test_of_two_that_say_the_same_the_stronger_names_the_cause() -> None:
    weak, strong = (candidate(strength, operation=name) for strength, name in ((0.6, "weak"), (0.7, "strong")))
    assert merged(weak, strong).operation == "strong"


def test_every_finding_is_kept_once_and_the_chosen_candidates_own_come_first() -> None:
    # Two that look the same are still two.
    first, second, third = seen("same"), seen("same"), seen("other")
    strong = candidate(0.9, "time", FaultKind.SLOW_CODE, findings=(first, second))
    chosen = candidate(0.6, "failures", FaultKind.CODE_ERROR, findings=(third, first))
    found = merged(strong, chosen).findings
    assert [id(one) for one in found] == [id(third), id(first), id(second)]
