"""What changes nothing about a failure changes nothing about its diagnosis."""

from datetime import datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from made_up_system import ONSET, SECONDS, SERVICES, Fault, System, header, moment, recorded, stretch

from assistant.diagnosis import Diagnosis, diagnose
from telemetry import Alert, Recording, Stretch

CALLS = (("portal", "bookings"), ("portal", "rooms"), ("bookings", "ledger"))
BUG = Fault("serve", "ledger", says=("KeyError", "'price'"))
TABLES = ("metrics", "spans", "logs", "events")
# Each example takes a quarter of a second: a failing one is told as it was drawn, since to shrink it takes minutes.
FEW = settings(
    max_examples=5,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
WITHOUT_TRACES = "metrics only"


@cache
def failures() -> dict[str, Recording]:
    """Give a small recording of each sort of failure, and of none."""
    faults = {
        "quiet": (),
        "fails": (BUG,),
        "slow": (Fault("serve", "ledger", extra_ms=600),),
        "cut off": (Fault("call", "bookings", callee="ledger", says=("ReadError", "connection reset by peer")),),
        "no database": (Fault("database", "bookings", says=("psycopg.OperationalError", "connection refused")),),
    }
    found = {
        name: recorded(System(those, talkative=True).run(visitors=0.12), calls=CALLS) for name, those in faults.items()
    }
    found[WITHOUT_TRACES] = Recording(header(resolution_seconds=10), metrics=readings(), calls=CALLS)
    return found


@cache
def undisturbed(name: str) -> Diagnosis:
    """Give the diagnosis of a failure as it was recorded."""
    return diagnose(failures()[name])


def readings(latency_unit: float = 1.0) -> pd.DataFrame:
    """Give readings of every service: the ledger gets slow, and so does who waits for it."""
    chance = np.random.default_rng(4)
    levels = {"latency_avg": 0.2, "requests_total": 50.0, "cpu_percent": 20.0}
    rows = []
    for service in SERVICES:
        for metric, level in levels.items():
            values = level * chance.normal(1, 0.02, int(SECONDS / 10))
            if metric == "latency_avg":
                values[int(ONSET / 10) :] *= {"ledger": 9.0, "bookings": 8.0, "portal": 6.0}.get(service, 1.0)
                values *= latency_unit
            if metric == "requests_total":
                values = np.cumsum(values)
            for pod, late in (("", 0),) if metric != "latency_avg" else (("pod-1", 0), ("pod-2", 4)):
                rows += [(moment(step * 10 + late), metric, value, service, pod) for step, value in enumerate(values)]
    return pd.DataFrame(rows, columns=["ts", "metric", "value", "service", "pod"])


def changed(
    recording: Recording, *, calls: Any = None, changes: dict[str, Any] | None = None, **tables: Any
) -> Recording:
    given = {name: recording.table(name) for name in TABLES} | tables
    asked = recording.header.model_copy(update=changes or {})
    return Recording(asked, calls=recording.calls if calls is None else calls, **given)


def cause_of(found: Diagnosis) -> str | None:
    return found.top.service if found.top else None


def seconds_into(found: Diagnosis, at: datetime | None) -> float | None:
    return None if at is None else (at - found.window.start).total_seconds()


def told(found: Diagnosis, names: dict[str, str] | None = None) -> dict[str, Any]:
    """Give all that a diagnosis says but its wording, with services under their first names."""
    assert not found.failed_parts
    first = {new: old for old, new in (names or {}).items()}

    def service(name: str) -> str:
        return first.get(name, name)

    numbers = {item.id: number for number, item in enumerate(found.evidence)}
    return {
        "hypotheses": [
            (
                service(one.service),
                one.kind,
                one.operation,
                tuple(service(end) for end in one.link or ()),
                one.version,
                pytest.approx(one.probability, abs=2e-4),
                len(one.evidence),
            )
            for one in found.hypotheses
        ],
        "cited": [[numbers[cited] for cited in one.evidence] for one in found.hypotheses],
        "evidence": sorted(
            (
                item.signal,
                service(item.service),
                item.operation or "",
                round(item.strength, 3),
                seconds_into(found, item.onset),
            )
            for item in found.evidence
        ),
        "onset": seconds_into(found, found.onset),
        "abstained": found.abstained,
        "arrivals": sorted(
            (service(one.service), seconds_into(found, one.at), sorted(map(service, one.sources)))
            for one in found.propagation
        ),
        "rejected": sorted((service(one.service), one.kind) for one in found.rejected),
    }


def test_every_failure_but_none_has_its_cause() -> None:
    assert {name: cause_of(undisturbed(name)) for name in failures()} == {
        "quiet": None,
        "fails": "ledger",
        "slow": "ledger",
        "cut off": "ledger",
        "no database": "bookings",
        WITHOUT_TRACES: "ledger",
    }


NAMES = st.lists(st.text(min_size=1, max_size=40), min_size=4, max_size=4, unique=True)


@FEW
@given(name=st.sampled_from(["quiet", "fails", "cut off", WITHOUT_TRACES]), new=NAMES)
def test_other_names_of_services_change_nothing_but_the_names(name: str, new: list[str]) -> None:
    recording = failures()[name]
    names = dict(zip(SERVICES, new, strict=True))
    tables = {}
    for table in TABLES:
        frame = recording.table(table)
        tables[table] = None if frame is None else frame.assign(service=frame["service"].map(names))
    calls = tuple((names[caller], names[callee]) for caller, callee in CALLS)
    changes = {"entry_services": (names["portal"],)}
    renamed = changed(recording, calls=calls, changes=changes, **tables)
    assert told(diagnose(renamed), names) == told(undisturbed(name))


@FEW
@given(name=st.sampled_from(sorted(failures())), seed=st.integers(0, 10_000))
def test_the_order_of_rows_changes_nothing(name: str, seed: int) -> None:
    recording = failures()[name]
    mixed = {
        table: None if (frame := recording.table(table)) is None else frame.sample(frac=1, random_state=seed)
        for table in TABLES
    }
    assert told(diagnose(changed(recording, **mixed))) == told(undisturbed(name))


def moved(recording: Recording, by: timedelta) -> Recording:
    asked = recording.header
    tables = {
        table: None if (frame := recording.table(table)) is None else frame.assign(ts=frame["ts"] + by)
        for table in TABLES
    }

    def later(one: Stretch) -> Stretch:
        return Stretch(start=one.start + by, end=one.end + by)

    changes = {
        "window": later(asked.window),
        "baseline": tuple(later(one) for one in asked.baseline),
        "alert": asked.alert.model_copy(update={"at": asked.alert.at + by}),
    }
    return changed(recording, changes=changes, **tables)


@FEW
@given(name=st.sampled_from(sorted(failures())), seconds=st.floats(-1e9, 1e9) | st.floats(-60, 60))
def test_the_same_failure_at_another_time_has_the_same_cause(name: str, seconds: float) -> None:
    recording = failures()[name]
    assert told(diagnose(moved(recording, timedelta(seconds=seconds)))) == told(undisturbed(name))


@pytest.mark.parametrize("name", ["fails", WITHOUT_TRACES])
def test_the_zone_that_times_are_written_in_changes_nothing(name: str) -> None:
    recording = failures()[name]
    there = ZoneInfo("Asia/Kolkata")
    asked = recording.header
    elsewhere = changed(
        recording,
        changes={
            "alert": Alert(at=asked.alert.at.astimezone(there)),
            "window": Stretch(start=asked.window.start.astimezone(there), end=asked.window.end.astimezone(there)),
            "baseline": tuple(
                Stretch(start=b.start.astimezone(there), end=b.end.astimezone(there)) for b in asked.baseline
            ),
        },
    )
    assert told(diagnose(elsewhere)) == told(undisturbed(name))


@pytest.mark.parametrize("unit", [1000.0, 1e6, 1e-3, 1 / 3])
def test_the_unit_of_a_latency_changes_no_ranking(unit: float) -> None:
    found = diagnose(changed(failures()[WITHOUT_TRACES], metrics=readings(unit)))
    assert told(found) == told(undisturbed(WITHOUT_TRACES))


@FEW
@given(name=st.sampled_from(sorted(failures())), start=st.floats(0, ONSET - 10), length=st.floats(5, 200))
def test_a_gap_in_everything_before_the_onset_neither_makes_nor_hides_a_cause(
    name: str, start: float, length: float
) -> None:
    recording = failures()[name]
    end = min(start + length, ONSET - 1)
    tables = {}
    for table in TABLES:
        frame = recording.table(table)
        if frame is not None:
            tables[table] = frame[(frame["ts"] < moment(start)) | (frame["ts"] >= moment(end))]
    found = diagnose(changed(recording, **tables))
    assert not found.failed_parts
    assert cause_of(found) == cause_of(undisturbed(name))


USUAL = Fault("serve", "rooms", says=("KeyError", "'price'"), start=0, share=0.05)
ALWAYS_BAD = (
    Fault("serve", "rooms", says=("KeyError", "'price'"), start=0, share=0.6),
    Fault("serve", "ledger", extra_ms=500, start=0, share=0.4),
)


@FEW
@given(
    faults=st.sampled_from([(), (USUAL,), ALWAYS_BAD]),
    half=st.floats(180, 290).map(lambda seconds: round(seconds, 3)),
    seed=st.integers(0, 99),
)
def test_time_that_is_a_copy_of_the_baseline_has_no_cause(faults: tuple[Fault, ...], half: float, seed: int) -> None:
    system = recorded(System(faults, seed=seed, talkative=True).run(visitors=0.12), calls=CALLS)
    tables = {}
    for table in TABLES:
        frame = system.table(table)
        assert frame is not None
        once = frame[frame["ts"] < moment(half)]
        again = once.assign(ts=once["ts"] + timedelta(seconds=half))
        if "trace_id" in again:
            again["trace_id"] = "again " + again["trace_id"]
        tables[table] = pd.concat([once, again])
    changes = {"window": stretch(0, 2 * half), "baseline": (stretch(0, half),), "alert": Alert(at=moment(half + 100))}
    found = diagnose(changed(system, changes=changes, **tables))
    assert not found.failed_parts
    assert found.abstained
