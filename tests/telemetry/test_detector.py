from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pandas as pd
import pytest
from synthetic_traffic import SHOP, T0, Fault, at, fails, first_breach, observations, slow, traffic, watch

from telemetry.detection.detector import Detector, DetectorSettings
from telemetry.detection.observation import Observation
from telemetry.errors import SourceUnavailable
from telemetry.replay import RecordedSource, ReplayClock

BROKEN_AT = 401.0
WATCHED_FROM, WATCHED_TO = 330.0, 520.0


def seconds_to_notice(found: Observation) -> float:
    return (found.at - at(BROKEN_AT)).total_seconds()


def breaches(found: Sequence[Observation]) -> list[str]:
    return [breach.description for observation in found for breach in observation.breaches]


def watched(*faults: Fault, seed: int = 1, until: float = WATCHED_TO) -> list[Observation]:
    return observations(traffic(until, seed=seed, faults=faults), WATCHED_FROM, until)


class Unreliable:
    """A source that goes away; wraps another, which knows nothing of it."""

    def __init__(self, source: RecordedSource) -> None:
        self._source, self.away = source, False

    def __getattr__(self, name: str) -> object:
        if self.away:
            raise SourceUnavailable("collector", "connection refused; is it running?")
        return getattr(self._source, name)


class Asked(RecordedSource):
    """Notes how far back it was asked for spans."""

    def __init__(self, spans: pd.DataFrame, clock: ReplayClock) -> None:
        super().__init__(spans=spans, clock=clock)
        self.asked: list[float] = []

    def spans(
        self, start: datetime, end: datetime, *, services: Sequence[str] = (), kinds: Sequence[str] = ()
    ) -> pd.DataFrame:
        self.asked.append((end - start).total_seconds())
        return super().spans(start, end, services=services, kinds=kinds)


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_half_an_hour_of_steady_noisy_load_raises_no_alarm(seed: int) -> None:
    found = observations(traffic(1800, seed=seed), 0, 1800)
    assert breaches(found) == []
    assert {observation.problem for observation in found[1:]} == {None}


def test_load_that_starts_after_idle_health_checks_raises_no_alarm() -> None:
    checks = traffic(600, seed=5, shop={(service, "GET /ready"): (0.2, 2.0) for service, _ in SHOP})
    ramp = traffic(600, seed=6, rate=lambda t: np.clip((t - 180) / 20, 0, 1))
    both = pd.concat([checks, ramp]).sort_values("ts", ignore_index=True)
    assert breaches(observations(both, 0, 600)) == []


def test_load_and_latency_that_drift_raise_no_alarm() -> None:
    def growing(rows: object, rng: object) -> None:
        rows.duration_ms *= 1 + rows.start / 1500  # type: ignore[attr-defined]

    drifting = traffic(1500, seed=2, rate=lambda t: 1 + t / 750, most=3, faults=(growing,))
    assert breaches(observations(drifting, 0, 1500)) == []


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_one_failing_endpoint_is_noticed_within_seconds(seed: int) -> None:
    """POST /orders gets 1.5 requests/s, and every other one fails."""
    found = watched(fails("orders", "POST /orders", 0.5, BROKEN_AT), seed=seed)
    assert seconds_to_notice(first_breach(found, "orders", "errors")) <= 20
    assert {breach.service for observation in found for breach in observation.breaches} == {"orders"}


def test_an_endpoint_that_is_a_small_part_of_its_service_is_noticed_and_named() -> None:
    found = watched(fails("gateway", "POST /checkout", 1.0, BROKEN_AT))
    noticed = first_breach(found, "gateway", "errors")
    assert seconds_to_notice(noticed) <= 10
    assert any("gateway: POST /checkout failed" in breach.description for breach in noticed.breaches)


def test_a_service_that_fails_is_noticed_in_its_first_minute() -> None:
    found = observations(traffic(60, faults=(fails("catalog", "*", 0.3, 20),)), 0, 60)
    assert first_breach(found, "catalog", "errors").at <= at(30)


def test_an_slo_that_burns_is_noticed() -> None:
    found = watched(fails("catalog", "*", 0.25, BROKEN_AT))
    burning = first_breach(found, "catalog", "slo")
    breach = next(breach for breach in burning.breaches if breach.signal == "slo")
    assert (breach.limit, breach.unit) == (14.4, "burn rate")
    assert breach.value >= breach.limit


@pytest.mark.parametrize(("service", "operation"), [("catalog", "*"), ("orders", "POST /orders")])
def test_a_step_of_latency_is_noticed_within_seconds(service: str, operation: str) -> None:
    found = watched(slow(service, operation, 400, BROKEN_AT))
    assert seconds_to_notice(first_breach(found, service, "latency")) <= 20


def test_requests_that_hang_for_seconds_are_noticed_when_they_end() -> None:
    found = watched(slow("payments", "*", 8000, BROKEN_AT))
    assert seconds_to_notice(first_breach(found, "payments", "latency")) <= 8 + 20


def test_a_surge_is_noticed_and_is_over_when_it_is_over() -> None:
    flood = traffic(600, rate=lambda t: np.where((t > BROKEN_AT) & (t < 440), 12.0, 1.0), most=12)
    found = observations(flood, WATCHED_FROM, 600)
    assert seconds_to_notice(first_breach(found, "gateway", "traffic")) <= 15
    assert all(observation.healthy for observation in found if observation.at > at(440 + 20))


def test_a_drop_at_one_service_is_noticed() -> None:
    frame = traffic(WATCHED_TO)
    cut = frame[(frame["service"] != "catalog") | (frame["ts"] < at(BROKEN_AT))]
    noticed = first_breach(observations(cut, WATCHED_FROM, WATCHED_TO), "catalog", "traffic")
    assert seconds_to_notice(noticed) <= 25
    assert [breach.service for breach in noticed.breaches] == ["catalog"]


def heartbeat(*services: str, until: float, silent: str | None = None) -> pd.DataFrame:
    """A metric of each service every 5 s; one of them stops when the fault begins."""
    return pd.DataFrame(
        [
            {"ts": at(second), "metric": "process.memory.usage", "value": 1e8, "service": service}
            for second in range(0, int(until), 5)
            for service in services
            if service != silent or second < BROKEN_AT
        ]
    )


def test_users_who_go_home_are_not_an_outage_of_everything() -> None:
    frame = traffic(WATCHED_TO, rate=lambda t: np.where(t < BROKEN_AT, 1.0, 0.0))
    beats = heartbeat("gateway", "catalog", "orders", until=WATCHED_TO)
    found = observations(frame, WATCHED_FROM, WATCHED_TO, metrics=beats)
    assert breaches(found) == []
    assert "stopped at every service" in (found[-1].problem or "")


def test_a_dead_gateway_is_told_from_users_who_go_home() -> None:
    frame = traffic(WATCHED_TO, rate=lambda t: np.where(t < BROKEN_AT, 1.0, 0.0))
    beats = heartbeat("gateway", "catalog", "orders", "payments", "inventory", until=WATCHED_TO, silent="gateway")
    found = observations(frame, WATCHED_FROM, WATCHED_TO, metrics=beats)
    noticed = first_breach(found, "gateway", "traffic")
    assert seconds_to_notice(noticed) <= 40
    assert {breach.service for observation in found for breach in observation.breaches} == {"gateway"}


def test_stale_telemetry_is_no_data_and_not_an_outage() -> None:
    frame = traffic(BROKEN_AT)
    found = observations(frame, WATCHED_FROM, WATCHED_TO)
    assert breaches(found) == []
    assert not found[-1].healthy
    assert "no telemetry for" in (found[-1].problem or "")
    assert found[-1].data_age_seconds == pytest.approx(WATCHED_TO - BROKEN_AT, abs=5)


def test_an_empty_source_is_no_data() -> None:
    seen = Detector(RecordedSource()).observe(T0)
    assert (seen.problem, seen.newest, seen.data_age_seconds, seen.healthy) == (
        "no telemetry at all",
        None,
        None,
        False,
    )


def test_a_source_that_goes_away_is_a_problem_and_nothing_worse() -> None:
    clock = ReplayClock(at(WATCHED_FROM))
    source = Unreliable(RecordedSource(spans=traffic(WATCHED_TO), clock=clock))
    detector = Detector(source)  # type: ignore[arg-type]
    assert all(seen.healthy for seen in watch(source, clock, 400, detector=detector))  # type: ignore[arg-type]
    source.away = True
    away = list(watch(source, clock, 440, detector=detector))  # type: ignore[arg-type]
    assert {seen.problem for seen in away} == {"telemetry source collector: connection refused; is it running?"}
    assert away[-1].baseline_seconds > 300
    source.away = False
    assert all(seen.healthy for seen in watch(source, clock, WATCHED_TO, detector=detector))  # type: ignore[arg-type]


def test_an_incident_does_not_become_the_new_normal() -> None:
    broken = traffic(1300, faults=(slow("catalog", "*", 400, BROKEN_AT, 1200),))
    found = observations(broken, WATCHED_FROM, 1300)
    during = [seen for seen in found if at(BROKEN_AT + 20) < seen.at < at(1200)]
    assert all("catalog" in {breach.service for breach in seen.breaches} for seen in during)
    assert all(seen.healthy for seen in found if seen.at > at(1220))
    assert found[-1].baseline_seconds > 300


def test_after_long_enough_what_stays_is_the_new_normal() -> None:
    changed = traffic(900, faults=(slow("catalog", "*", 400, BROKEN_AT),))
    clock = ReplayClock(at(WATCHED_FROM))
    source = RecordedSource(spans=changed, clock=clock)
    detector = Detector(source, settings=DetectorSettings(forget_seconds=120))
    found = list(watch(source, clock, 900, detector=detector))
    assert not found[25].healthy
    assert all(seen.healthy for seen in found if seen.at > at(BROKEN_AT + 120 + 30))


def test_breaches_end_within_a_window_of_the_fault() -> None:
    found = watched(fails("orders", "*", 0.8, BROKEN_AT, 450), until=520)
    assert not next(seen for seen in found if seen.at >= at(450)).healthy
    assert all(seen.healthy for seen in found if seen.at >= at(450 + 15 + 2 + 5))


def test_a_fault_that_began_before_the_detector_did_is_noticed_at_its_first_look() -> None:
    frame = traffic(460, faults=(fails("orders", "POST /orders", 0.6, BROKEN_AT), slow("catalog", "*", 400, BROKEN_AT)))
    clock = ReplayClock(at(450))
    seen = Detector(RecordedSource(spans=frame, clock=clock)).observe(clock.now)
    assert {("orders", "errors"), ("catalog", "latency")} <= {(b.service, b.signal) for b in seen.breaches}


def test_a_new_start_after_a_long_silence_is_not_held_against_the_past() -> None:
    first = traffic(300, seed=1)
    second = traffic(300, seed=2, rate=lambda t: np.clip(t / 30, 0, 1))
    second = second.assign(ts=second["ts"] + pd.Timedelta(seconds=420), duration_ms=second["duration_ms"] * 8)
    both = pd.concat([first, second]).sort_values("ts", ignore_index=True)
    assert breaches(observations(both, 200, 700)) == []


def test_a_full_pool_is_noticed_after_three_looks() -> None:
    def pool(second: float, metric: str, value: float) -> dict[str, object]:
        return {"ts": at(second), "metric": f"db.client.connection.{metric}", "value": value, "service": "orders"}

    used = 'count{db.client.connection.state="used"}'
    points = [
        pool(second, metric, value)
        for second in range(0, int(WATCHED_TO), 5)
        for metric, value in (
            (used, 10 if second > BROKEN_AT else 3),
            ("max", 10),
            ("pending_requests", 6 if second > BROKEN_AT else 0),
        )
    ]
    found = observations(traffic(WATCHED_TO), WATCHED_FROM, WATCHED_TO, metrics=pd.DataFrame(points))
    noticed = first_breach(found, "orders", "saturation")
    assert seconds_to_notice(noticed) <= 40
    assert "6 requests wait" in noticed.breaches[0].description
    assert next(s for s in noticed.signals if s.service == "orders").saturation.pool_use_ratio == 1.0


def test_signals_of_every_service_come_with_every_observation() -> None:
    seen = watched()[-1]
    assert [signals.service for signals in seen.signals] == ["catalog", "gateway", "inventory", "orders", "payments"]
    gateway = seen.signals[1]
    assert 9 < gateway.requests_per_second < 17
    assert gateway.window.seconds == 15
    assert (gateway.error_ratio or 0.0) < 0.05
    assert Observation.model_validate_json(seen.model_dump_json(exclude={"data_age_seconds"})) == seen


def test_one_look_reads_only_the_last_seconds() -> None:
    clock = ReplayClock(at(WATCHED_FROM))
    source = Asked(traffic(WATCHED_TO), clock)
    list(watch(source, clock, 350))
    assert source.asked[0] > 600  # the first look makes up for the past
    assert set(source.asked[1:]) == {2 + 15 + 15}
