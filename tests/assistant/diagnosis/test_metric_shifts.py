"""Which series moved away from their own baseline, in which direction, how far and when."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import pytest
from made_up_system import SECONDS, header, moment

from assistant.diagnosis.case import Case, open_case
from assistant.diagnosis.metric_shifts import as_rates, first_beyond, metric_shifts, points_of
from telemetry import Recording

STEP = 10.0
SEARCH_FROM = 520.0  # The baseline ends here.
Level = Callable[[float], float]


def steps(to: float, *, since: float = SEARCH_FROM, until: float = SECONDS, usual: float = 10.0) -> Level:
    """Give a level that differs from the usual for a while; a little unrest before, so that it has a spread."""
    return lambda at: to if since <= at < until else usual * (1 + 0.01 * (at / STEP % 3 - 1))


def series(level: Level, service: str = "shop", metric: str = "depth", pod: str = "") -> list[dict[str, Any]]:
    times = [number * STEP for number in range(int(SECONDS / STEP))]
    return [{"ts": moment(at), "service": service, "metric": metric, "pod": pod, "value": level(at)} for at in times]


def case_of(rows: Sequence[dict[str, Any]]) -> tuple[Case, pd.DataFrame]:
    case = open_case(Recording(header(resolution_seconds=STEP), metrics=pd.DataFrame(rows)))
    assert case.recording.metrics is not None
    return case, case.recording.metrics


def shifts_of(*all_series: list[dict[str, Any]], **asked: Any) -> pd.DataFrame:
    case, metrics = case_of([row for one in all_series for row in one])
    return metric_shifts(case, metrics, **asked).set_index(["service", "metric", "pod"]).sort_index()


def shift_of(level: Level, **asked: Any) -> pd.Series:
    return shifts_of(series(level), **asked).iloc[0]


def test_a_series_is_held_against_its_own_median_in_its_own_spread() -> None:
    found = shift_of(steps(20.0))
    assert (found["before"], found["high"], found["low"]) == pytest.approx((10, 20, 20), rel=0.01)
    assert found["rise"] == pytest.approx(10.0, rel=0.02)  # a tenth of the level is the least spread
    assert found["fall"] == 0.0


def test_a_fall_is_no_rise() -> None:
    found = shift_of(steps(2.0))
    assert found["fall"] == pytest.approx(8.0, rel=0.02)
    assert (found["rise"], found["stir"]) == (0.0, 0.0)


def test_a_series_that_is_restless_by_nature_has_to_move_further() -> None:
    # Evenly spread between 5 and 15.
    restless = [row | {"value": 5 + number * 37 % 60 / 6} for number, row in enumerate(series(steps(0.0)))]
    moved = [row | {"value": 25.0} if row["ts"] >= moment(SEARCH_FROM) else row for row in restless]
    assert 2 < shifts_of(moved).iloc[0]["rise"] < 5 < shift_of(steps(25.0))["rise"]


def test_every_series_keeps_its_own_readings_whatever_order_they_come_in() -> None:
    names = [("z", "depth", ""), ("a", "width", "pod-2"), ("m", "depth", "pod-1"), ("a", "depth", "pod-9")]
    rows = [row for number, name in enumerate(names) for row in series(steps(20.0 + number), *name)]
    by_time = sorted(rows, key=lambda row: row["ts"])
    for ordered in (rows, rows[::-1], by_time, rows[7:] + rows[:7]):
        case, metrics = case_of(ordered)
        found = metric_shifts(case, metrics).set_index(["service", "metric", "pod"])
        highs = {name: found.loc[name, "high"] for name in names}
        assert highs == {name: 20.0 + number for number, name in enumerate(names)}


def test_the_row_numbers_of_a_table_do_not_matter() -> None:
    case, metrics = case_of([*series(steps(20.0), "z"), *series(steps(30.0), "a")])
    backwards = metrics.set_index(metrics.index[::-1] % 7)
    pd.testing.assert_frame_equal(metric_shifts(case, backwards), metric_shifts(case, metrics))


def test_each_instance_is_a_series_of_its_own() -> None:
    found = shifts_of(series(steps(10.0), pod="pod-1"), series(steps(40.0), pod="pod-2"))
    assert found.loc[("shop", "depth", "pod-1"), "rise"] < 1
    assert found.loc[("shop", "depth", "pod-2"), "rise"] > 20


def test_a_spike_of_one_point_is_no_level() -> None:
    assert shift_of(steps(90.0, since=550, until=560))["rise"] < 1


def test_what_holds_for_half_a_minute_is_a_level_even_when_it_is_over() -> None:
    assert shift_of(steps(90.0, since=540, until=570))["high"] == 90.0


def test_the_first_points_are_no_level_yet_unless_there_are_no_others() -> None:
    assert shift_of(steps(90.0, since=520, until=530))["rise"] < 1
    short = [row for row in series(steps(90.0)) if row["ts"] < moment(530)]
    assert shifts_of(short).iloc[0]["high"] == 90.0


def test_a_level_that_the_baseline_reached_now_and_then_is_no_news_but_a_stir() -> None:
    found = shift_of(lambda at: 40.0 if at >= SEARCH_FROM or at % 200 < 2 * STEP else 10.0)
    assert found["rise"] == 0.0
    assert found["stir"] > 0.0


def test_what_the_baseline_reached_less_than_one_time_in_fifty_is_news() -> None:
    found = shift_of(lambda at: 40.0 if at >= SEARCH_FROM or at == 100 else 10.0)
    assert found["rise"] > 1.0


def test_zeros_that_become_a_little_need_a_least_spread_to_be_little() -> None:
    level: Level = lambda at: 0.004 if at >= SEARCH_FROM else 0.0  # noqa: E731
    assert shift_of(level)["rise"] > 1000
    assert shift_of(level, least_spread=0.003)["rise"] == pytest.approx(4 / 3, rel=0.01)


def test_a_larger_floor_takes_more_to_be_beyond() -> None:
    assert shift_of(steps(20.0), spread_floor=0.5)["rise"] == pytest.approx(2.0, rel=0.02)


def test_what_is_little_for_the_peers_is_little_here_too_where_peers_count() -> None:
    every = [series(steps(100.0, usual=100.0), "big"), series(steps(1.0, usual=0.1), "small")]
    alone, among = shifts_of(*every), shifts_of(*every, among_peers=True)
    assert alone.loc["small", "rise"].iloc[0] > 50
    assert among.loc["small", "rise"].iloc[0] < 1


def test_peers_are_those_of_the_same_metric() -> None:
    every = [series(steps(100.0, usual=100.0), "big", "depth"), series(steps(1.0, usual=0.1), "small", "width")]
    assert shifts_of(*every, among_peers=True).loc["small", "rise"].iloc[0] > 50


@pytest.mark.parametrize("unit", [1.0, 100.0])
def test_a_share_of_a_limit_counts_the_same_as_a_ratio_and_as_a_percentage(unit: float) -> None:
    slight, much = (series(steps(to * unit, usual=0.001 * unit), str(to), "cpu_percent") for to in (0.02, 0.9))
    found = shifts_of(slight, much, among_peers=True)["rise"].droplevel(["metric", "pod"])
    assert found["0.02"] == pytest.approx(0.019 / 0.02, rel=0.01)
    assert found["0.9"] == pytest.approx(0.899 / 0.02, rel=0.01)


@pytest.mark.parametrize("lost", [lambda at: at >= SEARCH_FROM, lambda at: at < SEARCH_FROM])
def test_a_series_without_a_number_on_one_side_says_nothing(lost: Callable[[float], bool]) -> None:
    assert shifts_of(series(lambda at: math.nan if lost(at) else 10.0)).empty


def test_one_point_is_no_baseline_and_two_are() -> None:
    for points in (1, 2):
        late = [row for row in series(steps(20.0)) if row["ts"] >= moment(SEARCH_FROM - points * STEP)]
        assert len(shifts_of(late)) == points - 1


def test_a_gap_in_the_baseline_changes_nothing() -> None:
    whole = series(steps(20.0))
    gap = [row for row in whole if not moment(200) <= row["ts"] < moment(290)]
    nan = [row | {"value": math.nan} if moment(200) <= row["ts"] < moment(290) else row for row in whole]
    for rows in (gap, nan):
        assert shifts_of(rows).iloc[0]["rise"] == pytest.approx(shifts_of(whole).iloc[0]["rise"], rel=0.01)


def test_no_metrics_have_no_shifts_and_all_the_columns() -> None:
    case, metrics = case_of(series(steps(20.0)))
    found = metric_shifts(case, metrics.head(0))
    assert found.empty
    assert {"service", "metric", "pod", "rise", "fall", "stir"} <= set(found.columns)


def rates_of(values: Sequence[float], metric: str = "hits_total", pod: str = "") -> list[dict[str, Any]]:
    return [
        {"ts": moment(number * STEP), "service": "shop", "metric": metric, "pod": pod, "value": value}
        for number, value in enumerate(values)
    ]


def told(rates: pd.DataFrame, pod: str = "") -> list[float]:
    return list(rates.loc[rates["pod"] == pod, "value"])


def test_a_counter_is_read_as_its_growth_a_second() -> None:
    _, metrics = case_of(rates_of([100, 150, 150, 180]))
    assert told(as_rates(metrics)) == pytest.approx([math.nan, 5, 0, 3], nan_ok=True)


def test_a_counter_that_resets_gives_no_point_and_no_fall() -> None:
    _, metrics = case_of(rates_of([100, 200, 4, 24]))
    assert told(as_rates(metrics)) == pytest.approx([math.nan, 10, math.nan, 2], nan_ok=True)


def test_a_gap_in_a_counter_is_averaged_over_and_no_jump() -> None:
    rows = rates_of([100, 200, 300, 420, 500])
    for lost in (rows[:2] + rows[3:], [*rows[:2], rows[2] | {"value": None}, *rows[3:]]):
        _, metrics = case_of(lost)
        assert told(as_rates(metrics)) == pytest.approx([math.nan, 10, 11, 8], nan_ok=True)


def test_counters_that_differ_only_in_what_was_not_kept_are_one() -> None:
    _, metrics = case_of([*rates_of([0, 10, 20]), *rates_of([1000, 3000, 4000])])
    assert told(as_rates(metrics)) == pytest.approx([math.nan, 201, 101], nan_ok=True)


def test_a_counter_that_begins_beside_another_is_no_jump() -> None:
    _, metrics = case_of([*rates_of([0, 10, 20, 30]), *rates_of([0, 0, 4000, 4010])[2:]])
    assert told(as_rates(metrics)) == pytest.approx([math.nan, 1, math.nan, 2], nan_ok=True)


def test_a_count_that_was_sent_twice_is_no_jump() -> None:
    rows = rates_of([100, 200, 300, 400])
    _, metrics = case_of([*rows, rows[1]])
    assert told(as_rates(metrics)) == pytest.approx([math.nan, math.nan, math.nan, 10], nan_ok=True)


def test_counters_of_several_instances_are_not_mixed() -> None:
    first, second = rates_of([0, 10, 20], pod="a"), rates_of([1000, 3000, 5000], pod="b")
    rows = [row for pair in zip(first, second, strict=True) for row in pair]
    for ordered in (rows, rows[::-1]):
        _, metrics = case_of(ordered)
        rates = as_rates(metrics)
        assert told(rates, "a") == pytest.approx([math.nan, 1, 1], nan_ok=True)
        assert told(rates, "b") == pytest.approx([math.nan, 200, 200], nan_ok=True)
        assert rates["ts"].is_monotonic_increasing


def test_only_totals_are_counters() -> None:
    _, metrics = case_of([*rates_of([5, 6], "depth"), *rates_of([5, 6], "Hits_TOTAL")])
    rates = as_rates(metrics).set_index("metric")["value"]
    assert list(rates["depth"]) == [5, 6]
    assert list(rates["Hits_TOTAL"]) == pytest.approx([math.nan, 0.1], nan_ok=True)


def test_without_counters_the_metrics_stay_as_they_are() -> None:
    _, metrics = case_of(rates_of([5, 6], "depth"))
    assert as_rates(metrics) is metrics


def test_a_counter_that_restarts_with_the_trouble_is_no_cause() -> None:
    grown = rates_of([20 * number if number < 56 else 20 * (number - 56) for number in range(60)])
    case, metrics = case_of(grown)
    found = metric_shifts(case, as_rates(metrics)).iloc[0]
    assert (found["before"], found["high"], found["low"]) == (2, 2, 2)


def test_the_onset_is_where_the_series_comes_past_half_the_way() -> None:
    case, metrics = case_of(series(lambda at: 10 + max(0.0, at - 540)))
    assert first_beyond(case, metrics, 10.0, 50.0) == moment(560)
    assert first_beyond(case, metrics.assign(value=-metrics["value"]), -10.0, -50.0) == moment(560)


def test_what_came_past_half_the_way_before_the_trouble_may_have_begun_is_not_the_onset() -> None:
    case, metrics = case_of(series(lambda at: 90.0 if at in (100, 550) else 10.0))
    assert first_beyond(case, metrics, 10.0, 90.0) == moment(550)


@pytest.mark.parametrize("after", [10.0, 500.0])
def test_a_series_that_never_comes_that_far_has_the_onset_of_the_case(after: float) -> None:
    case, metrics = case_of(series(lambda at: 10.0))
    assert first_beyond(case, metrics, 10.0, after) == case.onset


def test_the_points_of_a_series_are_those_of_its_service_metric_and_instance() -> None:
    names = [("a", "depth", ""), ("a", "depth", "1"), ("a", "width", ""), ("b", "depth", "")]
    _, metrics = case_of([row for name in names for row in series(steps(20.0), *name)])
    found = points_of(metrics, "a", "depth", "")
    assert set(found[["service", "metric", "pod"]].itertuples(index=False, name=None)) == {("a", "depth", "")}
    assert len(found) == SECONDS / STEP
