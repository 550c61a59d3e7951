"""Which causes findings could have, before anything is weighed against anything else."""

from collections.abc import Sequence
from typing import Any

import pytest
from made_up_system import stretch

from assistant.diagnosis.causes import Candidate, from_executions, from_readings
from assistant.diagnosis.finding import Finding
from assistant.taxonomy import FaultKind


def finding(signal: str, service: str = "shop", strength: float = 0.8, **more: Any) -> Finding:
    values = {"summary": f"{signal} in {service}", "query": "", "window": stretch(0, 1)}
    return Finding(signal=signal, service=service, strength=strength, **(values | more))


DEPLOY = finding("deploy", version="2.0", strength=0.9)


def of_executions(*findings: Finding, deploy: Finding | None = None) -> list[Candidate]:
    return from_executions(findings, {} if deploy is None else {deploy.service: deploy})


def of_readings(findings: Sequence[Finding], deploy: Finding | None = None, *, watched: bool = True) -> list[Candidate]:
    return from_readings(findings, {} if deploy is None else {deploy.service: deploy}, watched=watched)


def test_the_way_of_an_error_is_a_fault_in_the_code() -> None:
    (found,) = of_executions(finding("new_errors", operation="GET /cart"))
    assert (found.service, found.kind, found.operation) == ("shop", FaultKind.CODE_ERROR, "GET /cart")
    assert found.strength == pytest.approx(0.8)


def test_work_that_is_no_longer_done_gives_wrong_answers_and_is_a_little_less_sure() -> None:
    (found,) = of_executions(finding("changed_work"))
    assert found.kind is FaultKind.WRONG_ANSWER
    assert 0.9 * 0.8 < found.strength < 0.8


@pytest.mark.parametrize("signal", ["new_errors", "changed_work"])
def test_another_way_since_a_new_version_is_the_versions(signal: str) -> None:
    one = finding(signal)
    (found,) = of_executions(one, deploy=DEPLOY)
    assert (found.kind, found.version) == (FaultKind.BAD_VERSION, "2.0")
    assert found.findings == (one, DEPLOY)
    (other,) = of_executions(one, deploy=finding("deploy", "rooms", version="2.0"))
    assert other.version is None


@pytest.mark.parametrize("signal", ["link_errors", "abandoned_calls", "database_errors"])
def test_a_service_whose_calls_fail_does_something_else_for_that_reason(signal: str) -> None:
    (alone,) = of_executions(finding("new_errors"))
    (explained,) = of_executions(finding("new_errors"), finding(signal, strength=1.0))
    (in_part,) = of_executions(finding("new_errors"), finding(signal, strength=0.2), finding(signal, strength=0.4))
    (elsewhere,) = of_executions(finding("new_errors"), finding(signal, "rooms", strength=1.0))
    assert explained.strength == pytest.approx(0.25 * alone.strength)
    assert in_part.strength == pytest.approx((1 - 0.75 * 0.4) * alone.strength)
    assert elsewhere.strength == alone.strength


def test_failures_of_its_own_are_no_excuse() -> None:
    (found,) = of_executions(finding("new_errors"), finding("own_errors", strength=1.0))
    assert found.strength == pytest.approx(0.8)


def test_other_findings_are_no_causes_of_executions() -> None:
    assert of_executions(finding("errors"), finding("slow_service"), DEPLOY) == []


def test_error_lines_of_the_same_service_support_a_cause() -> None:
    lines, others = finding("log_errors"), finding("log_errors", "rooms")
    (found,) = of_executions(one := finding("new_errors"), lines, others)
    assert found.findings == (one, lines)


def test_a_resource_that_runs_out_is_named_where_nobody_could_have_seen_harm() -> None:
    (found,) = of_readings([finding("resource")], watched=False)
    assert found.kind is FaultKind.RESOURCE_EXHAUSTION
    assert found.strength == pytest.approx(0.9 * 0.8)


def test_a_resource_is_doubtful_where_requests_were_watched_and_nothing_is_wrong() -> None:
    (doubtful,) = of_readings([finding("resource")])
    assert doubtful.strength < 0.6 * 0.8
    for harm in (
        finding("slow_service"),
        finding("own_errors"),
        finding("link_errors", "portal", link=("portal", "shop")),
    ):
        (sure,) = (one for one in of_readings([finding("resource"), harm]) if one.kind is FaultKind.RESOURCE_EXHAUSTION)
        assert sure.strength == pytest.approx(0.9 * 0.8)


@pytest.mark.parametrize(
    "other",
    [
        finding("slow_service", "rooms"),
        finding("link_errors", link=("rooms", "portal"), service="rooms"),
        finding("deploy"),
        finding("log_errors"),
        finding("errors"),
        finding("resource"),
        finding("backlog"),
    ],
    ids=lambda one: f"{one.signal} of {one.service}",
)
def test_symptoms_and_trouble_elsewhere_do_not_support_a_resource(other: Finding) -> None:
    (alone,) = of_readings([finding("resource")])
    found = [one for one in of_readings([finding("resource"), other]) if one.findings[0].signal == "resource"]
    assert found[0].strength == pytest.approx(alone.strength)


def test_a_backlog_is_a_weak_cause_and_none_where_requests_were_watched() -> None:
    (resource,) = of_readings([finding("resource")], watched=False)
    (backlog,) = of_readings([finding("backlog")], watched=False)
    assert backlog.strength < 0.5 * resource.strength
    assert of_readings([finding("backlog"), finding("slow_service")]) == []


def test_slow_calls_are_put_down_to_the_link_with_both_ends() -> None:
    (found,) = of_readings([finding("link_metric", link=("portal", "shop"))])
    assert (found.kind, found.link, found.service) == (FaultKind.NETWORK_LINK, ("portal", "shop"), "shop")
    assert of_readings([finding("link_metric")]) == []


@pytest.mark.parametrize(
    ("signal", "kind"), [("latency_metric", FaultKind.SLOW_CODE), ("error_metric", FaultKind.CODE_ERROR)]
)
def test_a_service_that_says_it_is_worse_is_to_blame_or_its_new_version(signal: str, kind: FaultKind) -> None:
    (found,) = of_readings([finding(signal)])
    assert (found.kind, found.strength) == (kind, 0.8)
    (new,) = of_readings([finding(signal)], DEPLOY)
    assert (new.kind, new.version) == (FaultKind.BAD_VERSION, "2.0")
