from pathlib import Path
from typing import Any

import pytest

from assistant.evaluation import (
    Case,
    Line,
    RecordingSet,
    StoredRecording,
    Truth,
    TruthOfSet,
    credit_for_kind,
    judge,
    score,
    summarise,
)
from assistant.taxonomy import FaultKind, kind_credit


def set_of(*names: str, whole: bool = True) -> RecordingSet:
    recordings = tuple(StoredRecording(set_name="one", id=name, folder=Path(name)) for name in names)
    return RecordingSet(name="one", folder=Path("one"), recordings=recordings, whole=whole)


def truth_of(**services: str | None) -> TruthOfSet:
    recordings = tuple(
        Truth(id=name, fault=service is not None, service=service, kind="cpu" if service else None)
        for name, service in services.items()
    )
    return TruthOfSet(recordings=recordings, strip_suffix=("-db",))


def line(name: str, *ranking: str, **more: Any) -> Line:
    values: dict[str, Any] = {"id": name, "set_name": "one", "ranking": ranking, "abstained": not ranking}
    return Line(**(values | more))


def judged(truth: TruthOfSet, *lines: Line, whole: bool = True) -> dict[str, Case]:
    asked = [known.id for known in truth.recordings] if whole else [one.id for one in lines]
    return {case.id: case for case in judge(set_of(*asked, whole=whole), truth, lines)}


def test_a_rank_counts_names_once_and_without_their_endings() -> None:
    cases = judged(
        truth_of(a="carts", b="carts-db", c="carts", d="carts"),
        line("a", "orders", "orders-db", "carts-db"),
        line("b", "carts"),
        line("c", "orders"),
        line("d", "carts", abstained=True),
    )
    assert {name: case.rank for name, case in cases.items()} == {"a": 2, "b": 1, "c": None, "d": None}


def test_an_error_and_a_missing_line_are_missing_and_no_abstention() -> None:
    cases = judged(truth_of(a="carts", b="carts", c=None), line("a", error="broke", abstained=True))
    assert {name: (case.missing, case.abstained) for name, case in cases.items()} == dict.fromkeys("abc", (True, False))


def test_of_a_set_asked_for_in_part_only_that_part_is_judged() -> None:
    truth = truth_of(a="carts", b="carts")
    assert list(judged(truth, line("a", "carts"), line("unknown", "carts"), whole=False)) == ["a"]
    assert list(judged(truth, line("a", "carts"))) == ["a", "b"]


def test_lines_of_another_set_are_not_this_sets() -> None:
    cases = judged(truth_of(a="carts"), line("a", "carts", set_name="two"))
    assert cases["a"].missing


def test_a_kind_is_judged_where_one_was_named_on_a_fault() -> None:
    known, odd = FaultKind.SLOW_CODE.value, "nobody's word"
    truth = TruthOfSet(
        recordings=(
            Truth(id="a", fault=True, service="carts", kind=known),
            Truth(id="b", fault=True, service="carts", kind=odd),
            Truth(id="c", fault=True, service="carts", kind=known),
            Truth(id="d", fault=False),
            Truth(id="e", fault=True, service="carts"),
        )
    )
    lines = [line("a", "orders", kind=known), line("b", "carts", kind=known), line("c", "carts")]
    cases = judged(truth, *lines, line("d", "carts", kind=known), line("e", "carts", kind=known))
    assert {name: (case.kind_right, case.kind_credit) for name, case in cases.items()} == {
        "a": (True, 1.0),
        "b": (False, None),
        "c": (None, None),
        "d": (None, None),
        "e": (False, None),
    }
    found = summarise(list(cases.values()))
    assert found.kind_right == pytest.approx(1 / 3, abs=1e-4)
    assert (found.kind_credit, found.kinds_unknown) == (1.0, 2)


@pytest.mark.parametrize("truth_word", ["cpu_contention", "network_delay", "latency"])
def test_credit_for_a_kind_follows_the_taxonomy(truth_word: str) -> None:
    for kind in FaultKind:
        assert credit_for_kind(kind.value, truth_word) == kind_credit(kind, truth_word)
    assert credit_for_kind("no kind of ours", truth_word) is None


def test_figures_are_those_worked_out_by_hand() -> None:
    ranks = (1, 2, 4, 6, None)
    faults = [Case(set_name="one", id=str(rank), fault=True, rank=rank, seconds=1.0) for rank in ranks]
    quiet = [Case(set_name="one", id=f"q{number}", fault=False, abstained=number > 0) for number in range(4)]
    found = summarise([*faults, *quiet])
    assert found.ac is not None
    assert [found.ac[depth].value for depth in (1, 3, 5)] == [0.2, 0.4, 0.6]
    assert found.avg5 is not None
    assert found.avg5.value == pytest.approx((0.2 + 0.4 + 0.4 + 0.6 + 0.6) / 5)
    assert found.false_alarm_rate is not None
    assert found.false_alarm_rate.value == 0.25
    assert (found.recordings, found.faults, found.quiet) == (9, 5, 4)
    assert (found.seconds_mean, found.seconds_p95) == (1.0, 1.0)
    assert found.ac[1].low <= found.ac[1].value <= found.ac[1].high
    assert found == summarise([*faults, *quiet])


def test_a_crash_on_a_quiet_recording_is_a_false_alarm() -> None:
    found = summarise([Case(set_name="one", id="q", fault=False, missing=True)])
    assert found.false_alarm_rate is not None
    assert found.false_alarm_rate.value == 1.0
    assert (found.missing, found.ac, found.avg5, found.kind_right, found.seconds_mean) == (1, None, None, None, None)


def test_nothing_judged_gives_no_figures_rather_than_zeros() -> None:
    found = summarise([])
    assert (found.ac, found.false_alarm_rate, found.calibration.expected_error) == (None, None, None)
    assert found.calibration.confident_and_wrong is None


def test_each_kind_of_a_set_has_figures_of_its_own() -> None:
    truth = TruthOfSet(
        recordings=(
            Truth(id="a", fault=True, service="carts", kind="rede"),
            Truth(id="b", fault=True, service="carts", kind="cpu"),
            Truth(id="c", fault=True, service="carts"),
            Truth(id="d", fault=False),
        )
    )
    found = score([set_of("a", "b", "c", "d")], {"one": truth}, [line("a", "carts"), line("b", "orders")])
    (one,) = found.sets.values()
    assert {kind: summary.ac[1].value for kind, summary in one.kinds.items() if summary.ac} == {"cpu": 0, "rede": 1}
    assert list(one.kinds) == ["cpu", "rede"]
    assert (found.overall.faults, found.overall.quiet, found.overall.missing) == (3, 1, 2)
