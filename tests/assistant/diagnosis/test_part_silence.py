"""Which services fell silent, and which only speak seldom."""

from typing import Any

import pandas as pd
import pytest
from made_up_system import SECONDS, moment, stretch
from measured import beats, of_metrics, seen

from assistant.diagnosis.parts.silence import Silence

ALWAYS = beats("portal", (0, SECONDS))


def silent(*tables: pd.DataFrame, **changes: Any) -> dict[str, float | None]:
    return {one.service: one.after for one in seen(Silence(), of_metrics(ALWAYS, *tables, **changes))}


def test_a_service_that_stops_with_the_trouble_is_silent_since_its_last_sign() -> None:
    assert silent(beats("shop", (0, 560))) == {"shop": 40.0}
    (found,) = seen(Silence(), of_metrics(ALWAYS, beats("shop", (0, 560))))
    assert found.onset == moment(550)


@pytest.mark.parametrize(("until", "is_silent"), [(570, True), (580, False), (600, False)])
def test_silence_is_only_silence_when_it_lasts(until: float, is_silent: bool) -> None:
    assert bool(silent(beats("shop", (0, until)))) is is_silent


def test_a_service_that_stopped_long_before_the_trouble_is_not_newly_silent() -> None:
    assert silent(beats("shop", (0, 300))) == {}


def test_a_service_that_speaks_now_and_then_is_silent_later() -> None:
    assert silent(beats("shop", (0, 580), every=20)) == {}
    assert silent(beats("shop", (0, 540), every=20)) == {"shop": 70.0}


def test_what_lies_between_two_pieces_of_the_baseline_is_no_silence_it_is_used_to() -> None:
    pieces = (stretch(0, 55), stretch(300, 355), stretch(400, 455), stretch(480, 520))
    table = beats("shop", (0, 50), (300, 350), (400, 450), (480, 540))
    assert silent(table, baseline=pieces) == {"shop": 60.0}


def test_few_readings_do_not_tell_how_often_a_service_speaks() -> None:
    assert silent(beats("shop", (440, 560))) == {}  # eight in the baseline
    assert silent(beats("shop", (400, 560))) == {"shop": 40.0}


def test_when_everything_stops_it_is_the_telemetry() -> None:
    stopped = of_metrics(beats("portal", (0, 540)), beats("shop", (0, 500)))
    assert seen(Silence(), stopped) == []


def test_what_nobody_sends_is_never_silent() -> None:
    assert silent(beats("", (0, 560))) == {}
