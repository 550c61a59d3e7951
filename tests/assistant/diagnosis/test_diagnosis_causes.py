"""Which cause is named for which fault, on a made-up system."""

import pytest
from made_up_system import (
    ONSET,
    SECONDS,
    Fault,
    System,
    broken,
    deploys,
    header,
    moment,
    recorded,
    stretch,
)

from assistant.diagnosis import Diagnosis, diagnose
from assistant.taxonomy import FaultKind
from telemetry import Alert, Recording

REFUSED = {
    "psycopg": ("psycopg.OperationalError", "connection failed: FATAL: role is not permitted to log in"),
    "hikari": (
        "java.sql.SQLTransientConnectionException",
        "HikariPool-1 - Connection is not available, request timed out after 30000ms.",
    ),
    "jdbc mysql": ("com.mysql.cj.jdbc.exceptions.CommunicationsException", "Communications link failure"),
    "sqlalchemy": ("sqlalchemy.exc.TimeoutError", "QueuePool limit of size 5 overflow 10 reached, timed out"),
    "mysql": ("pymysql.err.OperationalError", "(1040, 'Too many connections')"),
    "go": ("*net.OpError", "dial tcp 10.0.0.5:5432: connect: connection refused"),
    "mongo": ("pymongo.errors.ServerSelectionTimeoutError", "No servers found yet"),
}
BUG = ("KeyError", "'price'")
RESET = ("httpx.ReadError", "connection reset by peer")


def top(diagnosis: Diagnosis) -> tuple[str, FaultKind]:
    assert diagnosis.top is not None, diagnosis.abstention_reason
    assert not diagnosis.failed_parts
    return diagnosis.top.service, diagnosis.top.kind


@pytest.mark.parametrize("says", REFUSED.values(), ids=REFUSED.keys())
def test_a_database_that_refuses_connections_is_named_whatever_the_driver(says: tuple[str, str]) -> None:
    found = diagnose(broken(Fault("database", "bookings", says=says)))
    assert top(found) == ("bookings", FaultKind.DATABASE_CONNECTION)


def test_a_statement_that_the_database_rejects_is_the_fault_of_who_wrote_it() -> None:
    wrong = ("psycopg.errors.UndefinedColumn", 'column "prise" does not exist')
    assert top(diagnose(broken(Fault("database", "bookings", says=wrong)))) == ("bookings", FaultKind.CODE_ERROR)


def test_a_flood_that_makes_requests_fail_is_named_with_its_entry_and_operation() -> None:
    overloaded = Fault("serve", "rooms", says=("Overloaded", "busy"), status=503, share=0.5)
    found = diagnose(recorded(System([overloaded]).run(surge=12)))
    assert top(found) == ("portal", FaultKind.REQUEST_FLOOD)
    assert found.top is not None
    assert found.top.operation == "GET /rooms"


def test_a_surge_that_hurts_nobody_is_told_without_certainty() -> None:
    found = diagnose(recorded(System().run(surge=12)))
    assert top(found) == ("portal", FaultKind.REQUEST_FLOOD)
    assert found.top is not None
    assert found.top.probability < 0.7


def test_a_surge_is_seen_where_users_send_their_own_trace_context() -> None:
    system = System([Fault("serve", "rooms", says=("Overloaded", "busy"), share=0.5)]).run(surge=12)
    spans = system.spans_table()
    spans.loc[spans["parent_span_id"] == "", "parent_span_id"] = "ab" * 8
    assert top(diagnose(recorded(system, spans=spans))) == ("portal", FaultKind.REQUEST_FLOOD)


@pytest.mark.parametrize(
    "fault",
    [
        Fault("call", "bookings", callee="ledger", says=("httpx.ReadTimeout", ""), extra_ms=2000),
        Fault("call", "bookings", callee="ledger", says=RESET),
        Fault("call", "bookings", callee="ledger", says=RESET, arrives=True),
        Fault("call", "bookings", callee="ledger", extra_ms=800),
    ],
    ids=["swallowed", "reset", "reset after it arrived", "delayed"],
)
def test_a_broken_link_is_named_with_both_ends(fault: Fault) -> None:
    found = diagnose(broken(fault))
    assert top(found) == ("ledger", FaultKind.NETWORK_LINK)
    assert found.top is not None
    assert found.top.link == ("bookings", "ledger")
    assert found.top.operation == "POST /bookings"


def test_failing_calls_to_somebody_who_sends_no_traces_are_put_down_to_the_caller() -> None:
    system = System([Fault("call", "bookings", callee="ledger", says=RESET)]).run()
    spans = system.spans_table()
    spans = spans[spans["service"] != "ledger"]
    found = diagnose(recorded(system, spans=spans, metrics=None))
    assert top(found) == ("bookings", FaultKind.NETWORK_LINK)


def test_a_caller_that_stops_waiting_for_a_slow_callee_does_not_blame_the_link() -> None:
    slow = Fault("serve", "ledger", extra_ms=1500)
    gives_up = Fault("call", "bookings", callee="ledger", says=("httpx.ReadTimeout", ""), extra_ms=1400, arrives=True)
    assert top(diagnose(broken(slow, gives_up))) == ("ledger", FaultKind.SLOW_CODE)


@pytest.mark.parametrize(("service", "operation"), [("rooms", "GET /rooms"), ("ledger", "POST /entries")])
def test_a_version_that_fails_is_named_with_its_operation(service: str, operation: str) -> None:
    found = diagnose(broken(Fault("serve", service, operation, says=BUG), events=deploys((558, service, "2.0.0"))))
    assert top(found) == (service, FaultKind.BAD_VERSION)
    assert found.top is not None
    assert (found.top.operation, found.top.version) == (operation, "2.0.0")


def test_the_deployment_of_another_service_is_no_excuse() -> None:
    found = diagnose(broken(Fault("serve", "rooms", says=BUG), events=deploys((555, "bookings", "3.1.0"))))
    assert top(found) == ("rooms", FaultKind.CODE_ERROR)
    assert any(one.service == "bookings" and one.kind == FaultKind.BAD_VERSION for one in found.rejected)


def test_without_events_a_failing_service_is_blamed_and_no_version() -> None:
    found = diagnose(broken(Fault("serve", "rooms", says=BUG), events=None))
    assert top(found) == ("rooms", FaultKind.CODE_ERROR)
    assert any("deployed" in one for one in found.unknown)


def test_without_events_a_new_version_is_told_from_the_metrics() -> None:
    system = System([Fault("serve", "rooms", says=BUG)]).run()
    metrics = system.metrics_table().assign(version="1.0.0")
    metrics.loc[(metrics["service"] == "rooms") & (metrics["ts"] >= moment(ONSET)), "version"] = "1.1.0"
    found = diagnose(recorded(system, metrics=metrics, events=None))
    assert top(found) == ("rooms", FaultKind.BAD_VERSION)
    assert found.top is not None
    assert found.top.version == "1.1.0"


def test_calls_refused_while_a_version_starts_do_not_hide_that_it_fails() -> None:
    refused = Fault("call", "portal", callee="rooms", says=("ConnectError", "refused"), start=ONSET, end=ONSET + 5)
    bad = Fault("serve", "rooms", says=BUG, start=ONSET + 5, share=0.4)
    found = diagnose(broken(refused, bad, events=deploys((ONSET + 4, "rooms", "2.0.0"))))
    assert top(found) == ("rooms", FaultKind.BAD_VERSION)


def test_a_version_that_never_answers_is_a_bad_version() -> None:
    refused = Fault("call", "portal", callee="rooms", says=("ConnectError", "refused"))
    found = diagnose(broken(refused, events=deploys((ONSET - 1, "rooms", "2.0.0"))))
    assert top(found) == ("rooms", FaultKind.BAD_VERSION)


def test_a_link_that_breaks_long_after_a_deployment_is_a_broken_link() -> None:
    found = diagnose(broken(Fault("call", "portal", callee="rooms", says=RESET), events=deploys((200, "rooms", "2"))))
    assert top(found) == ("rooms", FaultKind.NETWORK_LINK)


def test_slow_code_is_named_where_it_runs() -> None:
    found = diagnose(broken(Fault("serve", "ledger", extra_ms=600)))
    assert top(found) == ("ledger", FaultKind.SLOW_CODE)


def test_a_slow_new_version_is_a_bad_version() -> None:
    found = diagnose(broken(Fault("serve", "ledger", extra_ms=600), events=deploys((558, "ledger", "4.0"))))
    assert top(found) == ("ledger", FaultKind.BAD_VERSION)


def test_a_slow_database_is_told_from_a_slow_service() -> None:
    found = diagnose(broken(Fault("database", "rooms", extra_ms=600)))
    assert top(found) == ("rooms", FaultKind.SLOW_DATABASE)


def test_a_few_failures_do_not_explain_that_everything_is_slow() -> None:
    slow = Fault("database", "rooms", extra_ms=900, share=0.97)
    fails = Fault("serve", "bookings", says=BUG, share=0.05)
    assert top(diagnose(broken(slow, fails))) == ("rooms", FaultKind.SLOW_DATABASE)


def test_a_service_that_sends_nothing_any_more_is_down_and_not_cut_off() -> None:
    unreachable = Fault("call", "bookings", callee="ledger", says=("ConnectError", "refused"))
    system = System([unreachable]).run()
    gone = diagnose(recorded(system, metrics=system.metrics_table(silent=["ledger"])))
    assert top(gone) == ("ledger", FaultKind.SERVICE_DOWN)
    assert gone.top is not None
    assert (gone.top.link, gone.top.operation) == (None, None)
    cut_off = diagnose(recorded(system))
    assert top(cut_off) == ("ledger", FaultKind.NETWORK_LINK)


def test_a_service_that_still_answers_is_not_down_because_its_metrics_stopped() -> None:
    system = System().run()
    assert diagnose(recorded(system, metrics=system.metrics_table(silent=["ledger"]))).abstained


def test_answers_with_4xx_are_nothing_wrong() -> None:
    assert diagnose(broken(Fault("serve", "bookings", says=("NotFound", "no such room"), status=404))).abstained


def test_a_resource_that_runs_out_is_named_where_only_metrics_tell() -> None:
    system = System().run()
    metrics = system.metrics_table(raised={("rooms", "process.cpu.utilization"): 4.5})
    for tables in ({"spans": None, "logs": None}, {}):
        found = diagnose(recorded(system, metrics=metrics, **tables))
        assert top(found) == ("rooms", FaultKind.RESOURCE_EXHAUSTION)


def test_new_error_lines_are_told_where_only_lines_tell() -> None:
    system = System([Fault("serve", "ledger", says=BUG)]).run()
    calls = (("portal", "bookings"), ("portal", "rooms"), ("bookings", "ledger"))
    found = diagnose(recorded(system, spans=None, metrics=None, calls=calls))
    # A failure travels up to its callers, and so do its lines: without the calls nobody could tell.
    assert top(found) == ("ledger", FaultKind.CODE_ERROR)
    assert found.evidence[0].log_lines


def test_a_quiet_system_has_no_cause() -> None:
    found = diagnose(recorded(System().run()))
    assert found.abstained
    assert found.abstention_reason == "Nothing stands out against the baseline."
    assert (found.hypotheses, found.none_probability, found.onset) == ((), 1.0, None)


@pytest.mark.parametrize("seed", range(2, 8))
def test_a_quiet_system_with_a_usual_failure_now_and_then_has_no_cause(seed: int) -> None:
    usual = Fault("serve", "rooms", says=BUG, share=0.01, start=0)
    assert diagnose(recorded(System([usual], seed=seed).run())).abstained


def test_names_in_any_script_pass_unharmed() -> None:
    names = {"ledger": "платежи", "bookings": "予約", "portal": "portão", "rooms": "غرف"}
    system = System([Fault("call", "bookings", callee="ledger", says=RESET)], names=names).run()
    found = diagnose(recorded(system, changes={"entry_services": ("portão",)}))
    assert top(found) == ("платежи", FaultKind.NETWORK_LINK)
    assert Diagnosis.model_validate_json(found.model_dump_json()) == found


def test_kinds_that_were_not_recorded_are_told_from_the_links() -> None:
    system = System([Fault("serve", "ledger", says=BUG)]).run()
    spans = system.spans_table().drop(columns="kind")
    assert top(diagnose(recorded(system, spans=spans))) == ("ledger", FaultKind.CODE_ERROR)


def test_an_earlier_incident_in_the_window_does_not_shift_the_onset() -> None:
    earlier = Fault("serve", "rooms", says=BUG, start=400, end=470)
    now = Fault("call", "bookings", callee="ledger", says=RESET)
    baseline = (stretch(0, 390),)
    found = diagnose(broken(earlier, now, changes={"baseline": baseline}))
    assert top(found) == ("ledger", FaultKind.NETWORK_LINK)
    assert found.onset is not None
    assert abs((found.onset - moment(ONSET)).total_seconds()) <= 5


@pytest.mark.parametrize("resolution", [5, 60])
def test_the_onset_is_as_fine_as_the_traces_whatever_the_metrics(resolution: int) -> None:
    found = diagnose(
        broken(Fault("serve", "rooms", says=BUG), changes={"resolution_seconds": resolution}, metrics=None)
    )
    assert found.onset is not None
    assert abs((found.onset - moment(ONSET)).total_seconds()) <= 5


def test_an_alert_that_comes_late_does_not_hide_the_beginning() -> None:
    late = Alert(at=moment(ONSET), description="late")
    fault = Fault("serve", "rooms", says=BUG, start=ONSET - 110)
    found = diagnose(broken(fault, changes={"alert": late, "baseline": (stretch(0, 400),)}))
    assert found.onset is not None
    assert abs((found.onset - moment(ONSET - 110)).total_seconds()) <= 10


def test_time_that_is_normal_again_does_not_thin_out_the_trouble() -> None:
    fault = Fault("serve", "rooms", says=BUG, start=300, end=330)
    changes = {"alert": Alert(at=moment(310)), "baseline": (stretch(0, 290), stretch(340, SECONDS))}
    found = diagnose(broken(fault, changes=changes))
    assert top(found) == ("rooms", FaultKind.CODE_ERROR)
    assert found.baseline == (stretch(0, 290),)
    assert found.evidence[0].window.end <= moment(340)


def test_without_a_stated_baseline_the_time_well_before_the_alert_is_normal() -> None:
    found = diagnose(broken(Fault("serve", "rooms", says=BUG), changes={"baseline": ()}))
    assert top(found) == ("rooms", FaultKind.CODE_ERROR)
    assert found.baseline == (stretch(0, 395),)


def test_without_a_baseline_there_is_no_verdict() -> None:
    found = diagnose(broken(Fault("serve", "rooms", says=BUG), changes={"baseline": (), "alert": Alert(at=moment(60))}))
    assert found.abstained
    assert "no baseline" in (found.abstention_reason or "")


def test_the_seconds_of_a_start_up_are_no_baseline() -> None:
    found = diagnose(broken(Fault("serve", "rooms", says=BUG), changes={"baseline": (stretch(0, 10),)}))
    assert found.abstained
    assert "10 s of telemetry known to be normal" in (found.abstention_reason or "")


def test_without_any_telemetry_there_is_no_verdict() -> None:
    found = diagnose(Recording(header()))
    assert found.abstained
    assert found.missing == ("metrics", "spans", "logs", "events")
    assert len(found.unknown) == 4
