"""Which time is compared with which, and over how many seconds rates are taken."""

import numpy as np
import pandas as pd
import pytest
from made_up_system import moment, stretch

from assistant.diagnosis.counts import LEAST_SURPRISE, surprise
from assistant.diagnosis.onset import bucket_seconds, usual_onset
from assistant.diagnosis.phases import Phase, clipped, pieces_outside


def times(*seconds: float) -> pd.Series:
    return pd.Series(pd.to_datetime([moment(second) for second in seconds], utc=True))


def test_a_phase_holds_its_starts_and_not_its_ends() -> None:
    phase = Phase((stretch(10, 20), stretch(30, 40)))
    frame = pd.DataFrame({"ts": times(9.9, 10, 19.9, 20, 30, 40)})
    assert list(phase.of(frame).index) == [1, 2, 4]


@pytest.mark.parametrize(
    ("seconds", "covered"),
    [
        ((), 0),
        ((5,), 5),
        ((5, 59), 59),
        ((60, 120), 150),  # A minute is not a gap yet.
        ((60, 120.5), 89.5),
        ((5, 145), 10),
        ((5, 200), 5),  # The second lies outside.
    ],
)
def test_gaps_of_more_than_a_minute_are_not_covered(seconds: tuple[float, ...], covered: float) -> None:
    assert Phase((stretch(0, 150),)).covered_seconds(times(*seconds)) == pytest.approx(covered)


def test_a_short_phase_is_covered_by_its_own_length() -> None:
    assert Phase((stretch(0, 12.5),)).covered_seconds(times(3)) == 12.5


def test_holes_are_cut_out_wherever_they_lie() -> None:
    holes = (stretch(50, 60), stretch(-10, 5), stretch(20, 30), stretch(25, 35), stretch(90, 200))
    assert pieces_outside(moment(0), moment(100), holes) == (stretch(5, 20), stretch(35, 50), stretch(60, 90))
    assert pieces_outside(moment(0), moment(100), (stretch(-1, 101),)) == ()
    assert pieces_outside(moment(100), moment(0), ()) == ()


def test_what_lies_outside_is_clipped_to_nothing() -> None:
    assert clipped(stretch(0, 10), moment(5), moment(50)) == (stretch(5, 10),)
    assert clipped(stretch(0, 10), moment(10), moment(50)) == ()


@pytest.mark.parametrize(("requests", "width"), [(6000, 5), (300, 10), (60, 50), (3, 60), (0, 60)])
def test_buckets_are_wider_for_a_system_with_little_traffic(requests: int, width: float) -> None:
    spans = pd.DataFrame({"ts": times(*np.linspace(0, 599, requests)), "parent": -1})
    assert bucket_seconds(spans, Phase((stretch(0, 600),))) == width


@pytest.mark.parametrize(("resolution", "second"), [(5, 540), (60, 540), (300, 300)])
def test_where_nothing_tells_the_onset_it_is_a_usual_delay_or_a_point_before_the_alert(
    resolution: float, second: float
) -> None:
    assert usual_onset(moment(600), moment(0), resolution) == moment(second)
    assert usual_onset(moment(600), moment(590), resolution) == moment(590)


def test_three_without_any_before_are_just_surprising() -> None:
    assert surprise(2, 0, 0.1) < LEAST_SURPRISE
    assert surprise(3.1, 0, 0.1) > LEAST_SURPRISE


def test_the_usual_number_and_its_usual_spread_are_no_surprise() -> None:
    assert surprise(10, 100, 0.1) == 0
    assert surprise(16, 100, 0.1) < LEAST_SURPRISE < surprise(25, 100, 0.1)


def test_a_short_baseline_surprises_less() -> None:
    assert surprise(12, 0, 10.0) < LEAST_SURPRISE < surprise(12, 0, 0.1)
