"""What can be told without traces: from the metrics that services give of themselves."""

import pandas as pd
import pytest
from made_up_system import ONSET, SECONDS, T0, header, moment

from assistant.diagnosis import Diagnosis, diagnose
from assistant.taxonomy import FaultKind
from telemetry import Recording

CALLS = (("portal", "bookings"), ("portal", "rooms"), ("bookings", "ledger"))
STEP = 10.0


def metrics(*changes: tuple[str, str, float], name: str = "latency_p95") -> pd.DataFrame:
    """Give steady readings of every service; each change multiplies one of them from the onset on."""
    levels = {name: 0.2, "availability_average": 99.5, "errors_per_second": 0.5}
    factors = {(service, metric): factor for service, metric, factor in changes}
    rows = [
        {
            "ts": pd.Timestamp(T0) + pd.Timedelta(seconds=step * STEP),
            "metric": metric,
            "service": service,
            # A little unrest, the same in every run.
            "value": level
            * (1 + 0.01 * ((step * 7 + len(service)) % 5 - 2) * (metric != "availability_average"))
            * (factors.get((service, metric), 1.0) if step * STEP >= ONSET - STEP else 1.0),
        }
        for step in range(int(SECONDS / STEP))
        for service in ("portal", "bookings", "ledger", "rooms")
        for metric, level in levels.items()
    ]
    return pd.DataFrame(rows)


def told(
    *changes: tuple[str, str, float], entry: tuple[str, ...] = ("portal",), name: str = "latency_p95"
) -> Diagnosis:
    asked = header(resolution_seconds=STEP, entry_services=entry)
    return diagnose(Recording(asked, metrics=metrics(*changes, name=name), calls=CALLS))


@pytest.mark.parametrize("name", ["latency_p95", "http.server.request.duration", "ResponseTime(ms)"])
def test_slowness_is_traced_down_the_calls_to_where_it_begins(name: str) -> None:
    found = told(("portal", name, 4), ("bookings", name, 6), ("ledger", name, 5), name=name)
    assert found.top is not None
    assert (found.top.service, found.top.kind) == ("ledger", FaultKind.SLOW_CODE)
    assert found.evidence[0].before == pytest.approx(0.2, rel=0.05)
    assert found.evidence[0].after == pytest.approx(1.0, rel=0.05)


def test_failures_are_told_by_errors_that_rise_or_by_success_that_falls() -> None:
    for change in (("errors_per_second", 9.0), ("availability_average", 0.6)):
        found = told(("portal", *change), ("rooms", *change))
        assert found.top is not None
        assert (found.top.service, found.top.kind) == ("rooms", FaultKind.CODE_ERROR)


def test_availability_that_rises_is_no_trouble() -> None:
    assert told(("portal", "availability_average", 1.5), ("rooms", "availability_average", 1.5)).abstained


def test_what_users_do_not_notice_is_no_lead() -> None:
    assert told(("ledger", "latency_p95", 6)).abstained


def test_where_nobody_says_what_users_reach_any_service_is_a_lead() -> None:
    found = told(("ledger", "latency_p95", 6), entry=())
    assert found.top is not None
    assert found.top.service == "ledger"


def test_a_level_that_the_baseline_reached_now_and_then_is_no_news() -> None:
    frame = metrics(("portal", "latency_p95", 6), ("ledger", "latency_p95", 6))
    often = frame["ts"].isin([moment(second) for second in range(0, 500, 100)])
    frame.loc[often & (frame["metric"] == "latency_p95"), "value"] = 5.0
    assert diagnose(Recording(header(resolution_seconds=STEP), metrics=frame, calls=CALLS)).abstained


def test_one_instance_that_runs_out_is_not_hidden_by_the_others() -> None:
    frame = metrics().assign(metric="process.memory.usage")
    frame["pod"] = [f"pod-{number % 3}" for number in range(len(frame))]
    ill = (frame["pod"] == "pod-1") & (frame["service"] == "rooms") & (frame["ts"] >= moment(ONSET - STEP))
    frame["value"] = 9e7 + 1e5 * (frame.index % 7)
    frame.loc[ill, "value"] *= 6
    found = diagnose(Recording(header(resolution_seconds=STEP), metrics=frame))
    assert found.top is not None
    assert (found.top.service, found.top.kind) == ("rooms", FaultKind.RESOURCE_EXHAUSTION)
    assert "pod-1" in found.evidence[0].summary
