from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from starlette.routing import Match, Route

from assistant.taxonomy import FaultKind
from bench import shop_drills
from bench.shop_effects import CallsHurt, RequestsHurt, Silence, StatementsSlow
from bench.shop_faults import BadRelease, DatabaseRefused, Flood, Killed, LinkBroken, TableLocked
from bench.shop_matrix import DRILLED, QUIET_RUNS, Drill, matrix
from bench.shop_session import NotSteady, Session
from bench.shop_timing import draw_timing
from bench.shop_world import every_link
from chaos import FaultFailed, list_experiments
from chaos.faults.request_flood import DEFAULT_PATH
from chaos.link import Mode
from chaos.shop.catalog import Catalog
from chaos.shop.gateway import Gateway
from chaos.shop.inventory import Inventory
from chaos.shop.orders import Orders
from chaos.shop.payments import Payments
from chaos.shop.services import SERVICES
from chaos.shop.tables import TABLES
from telemetry import RecordedSource, ReplayClock, read_recording

SERVICE_NAMES = {spec.name for spec in SERVICES}
LINKS = {(spec.name, callee) for spec in SERVICES for callee in spec.upstreams}
ENDPOINTS = {"catalog": Catalog, "gateway": Gateway, "inventory": Inventory, "orders": Orders, "payments": Payments}
BEGINNING = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)


def routes_of(service: str) -> list[Route]:
    endpoints = ENDPOINTS[service]
    # What answers is bound to an object; which paths there are is known without what it works with.
    return list(endpoints.routes(endpoints.__new__(endpoints)))


def operations_of(service: str) -> set[str]:
    return {f"{method} {route.path}" for route in routes_of(service) for method in route.methods or ()}


def faults_of(kind: type) -> list[object]:
    return [drill.fault for drill in matrix() if isinstance(drill.fault, kind)]


def test_every_drill_has_a_name_of_its_own() -> None:
    names = [drill.name for drill in matrix()]
    assert len(set(names)) == len(names)


def test_every_truth_names_a_service_and_an_operation_that_there_are() -> None:
    for drill in matrix():
        if drill.truth is not None:
            assert drill.truth.service in SERVICE_NAMES, drill.name
            if drill.truth.operation is not None:
                assert drill.truth.operation in operations_of(drill.truth.service), drill.name


def test_every_link_is_broken_in_every_way_that_the_proxy_knows() -> None:
    broken = {(one.caller, one.callee, one.mode) for one in faults_of(LinkBroken)}
    assert broken == {(*link, mode.value) for link in LINKS for mode in Mode if mode is not Mode.OPEN}
    assert {(link.caller, link.callee) for link in every_link(None).links} == LINKS


def test_a_broken_link_is_blamed_on_the_callee() -> None:
    for drill in matrix():
        if isinstance(drill.fault, LinkBroken):
            assert (drill.truth.service, drill.truth.kind) == (drill.fault.callee, FaultKind.NETWORK_LINK)


def test_every_release_that_is_broken_every_database_and_every_service_is_drilled() -> None:
    releases = {(spec.name, version) for spec in SERVICES for version in spec.bad_releases}
    assert {(one.service, one.version) for one in faults_of(BadRelease)} == releases
    assert {one.service for one in faults_of(DatabaseRefused)} == {one.name for one in SERVICES if one.database_role}
    assert {one.service for one in faults_of(Killed)} == SERVICE_NAMES


def test_every_flood_asks_for_something_that_the_gateway_has() -> None:
    for flood in faults_of(Flood):
        scope = {"type": "http", "method": "GET", "path": flood.path.split("?")[0]}
        assert any(route.matches(scope)[0] is Match.FULL for route in routes_of("gateway")), flood


def test_only_tables_that_there_are_get_locked() -> None:
    for lock in faults_of(TableLocked):
        assert f"CREATE TABLE IF NOT EXISTS {lock.table} (" in TABLES[lock.service]


def test_every_effect_is_looked_for_where_it_can_be() -> None:
    for drill in matrix():
        match drill.effect:
            case CallsHurt(caller, callee):
                assert (caller, callee) in LINKS, drill.name
            case RequestsHurt(service, operation):
                assert operation is None or operation in operations_of(service), drill.name
            case StatementsSlow(service) | Silence(service):
                assert service in SERVICE_NAMES, drill.name


def test_what_the_shipped_experiments_drill_is_left_out() -> None:
    left_out = {drill.name: drill.truth for drill in matrix() if drill.drilled_before}
    assert set(left_out) == DRILLED
    shipped = {(one.truth.service, one.truth.kind, one.truth.operation) for one in list_experiments()}
    assert {(one.service, one.kind, one.operation) for one in left_out.values()} == shipped
    assert DEFAULT_PATH in {drill.fault.path for drill in matrix() if drill.name == "flood-search"}


def test_at_least_six_runs_are_quiet() -> None:
    assert QUIET_RUNS >= 6
    assert sum(drill.truth is None for drill in matrix()) == QUIET_RUNS


@pytest.mark.parametrize("arguments", [["--only", "quiet-7", "--list"], ["--rounds", "0"], ["--seed", "-1"], []])
def test_what_cannot_be_recorded_is_bad_use_and_starts_nothing(arguments: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        shop_drills.main(arguments)


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "truth.jsonl").write_text("mine", encoding="utf-8")
    with pytest.raises(SystemExit, match="2"):
        shop_drills.main(["--out", str(tmp_path)])
    assert [one.name for one in tmp_path.iterdir()] == ["truth.jsonl"]


@dataclass
class Switch:
    """Stands in for a fault where no shop runs."""

    is_on: bool = False

    def apply(self) -> None:
        self.is_on = True

    def undo(self) -> None:
        self.is_on = False


class Never:
    """An effect that does not show."""

    def seen(self, source: RecordedSource, since: datetime, now: datetime) -> datetime | None:
        return None


@pytest.fixture
def session(tmp_path: Path) -> Session:
    clock = ReplayClock(BEGINNING)
    session = Session(
        RecordedSource(spans=steady_spans()), tmp_path / "set", lambda: clock.now, clock=clock, sleep=clock.advance
    )
    session.out.mkdir()
    session.warm_up(120)
    return session


def steady_spans() -> pd.DataFrame:
    moments = pd.date_range(BEGINNING, periods=1000, freq="10s", unit="us")
    row = {"service": "gateway", "name": "GET /", "trace_id": "1", "kind": "SERVER", "status": "OK"}
    return pd.DataFrame(
        [
            {**row, "ts": at, "span_id": str(number), "parent_span_id": "", "duration_ms": 3.0}
            for number, at in enumerate(moments)
        ]
    )


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def test_the_truth_lies_beside_the_recordings_and_never_in_one(session: Session) -> None:
    drills = matrix()
    for number, (drill, chance) in enumerate(shop_drills._plan(drills, 1, 7)):
        assert session.record(replace(drill, fault=Switch(), effect=None), f"shop-7-{number:03d}", draw_timing(chance))
    truths = {str(line["id"]): line for line in lines(session.out / "truth.jsonl")}
    folders = sorted(path for path in session.out.iterdir() if path.is_dir())
    assert [folder.name for folder in folders] == sorted(truths)
    tell_tale = {*FaultKind, *(SERVICE_NAMES - {"gateway"}), *(drill.name for drill in drills), "quiet", "fault"}
    for folder in folders:
        assert {path.name.split(".")[0] for path in folder.iterdir()} <= {
            *("recording", "metrics", "spans", "logs", "events", "topology")
        }
        header = (folder / "recording.json").read_text(encoding="utf-8")
        assert not [word for word in tell_tale if word in header]


def test_a_fault_and_its_quiet_twin_look_alike_but_for_the_telemetry(session: Session) -> None:
    fault, quiet = matrix()[0], matrix()[-1]
    chance = next(shop_drills._plan([fault], 1, 7))[1]
    timing = draw_timing(chance)
    for name, drill in (("a", fault), ("b", quiet)):
        session.record(replace(drill, fault=Switch(), effect=None), name, timing)
    a, b = (read_recording(session.out / name).header for name in "ab")
    assert a.alert.description == b.alert.description
    assert a.alert.service == b.alert.service
    assert a.window.end - a.alert.at == b.window.end - b.alert.at


def test_the_baseline_ends_before_the_fault_and_leaves_out_the_faults_before(session: Session) -> None:
    drill: Drill = replace(matrix()[0], fault=Switch(), effect=None)
    for number, (_, chance) in enumerate(shop_drills._plan(matrix()[:6], 1, 3)):
        session.record(drill, f"r-{number}", draw_timing(chance))
    injected = [datetime.fromisoformat(str(line["injected_at"])) for line in lines(session.out / "truth.jsonl")]
    for number, at in enumerate(injected):
        header = read_recording(session.out / f"r-{number}").header
        assert header.baseline
        assert header.baseline[-1].end <= at
        assert at < header.alert.at < header.window.end
        for earlier in injected[:number]:
            assert not any(one.start <= earlier + timedelta(seconds=1) < one.end for one in header.baseline)


def test_a_fault_without_effect_is_undone_and_not_recorded(session: Session) -> None:
    switch = Switch()
    chance = next(shop_drills._plan(matrix(), 1, 7))[1]
    assert not session.record(replace(matrix()[0], fault=switch, effect=Never()), "shop-7-001", draw_timing(chance))
    assert not switch.is_on
    assert not lines(session.out / "truth.jsonl")
    assert [line["invalid"] for line in lines(session.out / "drills.jsonl")] == ["no effect within 45 s"]


def test_a_fault_is_undone_when_it_cannot_be_recorded(session: Session) -> None:
    class Refused(Never):
        def seen(self, source: RecordedSource, since: datetime, now: datetime) -> datetime | None:
            raise FaultFailed("as if")

    switch = Switch()
    chance = next(shop_drills._plan(matrix(), 1, 7))[1]
    with pytest.raises(FaultFailed):
        session.record(replace(matrix()[0], fault=switch, effect=Refused()), "shop-7-001", draw_timing(chance))
    assert not switch.is_on


def test_a_shop_that_does_not_become_steady_ends_the_session(tmp_path: Path) -> None:
    clock = ReplayClock(BEGINNING)

    def never_steady() -> None:
        clock.advance(30)

    session = Session(RecordedSource(), tmp_path, never_steady, clock=clock, sleep=clock.advance)
    with pytest.raises(NotSteady, match="240 s after its start"):
        session.warm_up(1)
