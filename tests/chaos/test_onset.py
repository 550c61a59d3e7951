from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from chaos.onset import first_failure, first_surge

T0 = datetime(2026, 3, 1, 10, tzinfo=UTC)


def asked(said: str, at_least: float = 0.5) -> tuple[int | None, float | None]:
    """Ask about requests in the order of their ends: `x` failed."""
    return first_failure(np.array([one == "x" for one in said], dtype=np.bool_), at_least)


@pytest.mark.parametrize(
    ("requests", "first", "share"),
    [
        ("....xxxxx", 4, 1.0),
        ("....xxxx", None, 0.5),  # Four are too few to be sure.
        ("xxxxx", 0, 1.0),
        (".....", None, 0.0),
        ("..x............xxxxxxx", 15, 1.0),  # One that failed long before is no part of it.
        ("...x.x.x.x.x.", 3, 0.5),
        ("xxxxx......", None, 5 / 11),  # It is over.
        ("", None, None),
    ],
)
def test_the_effect_begins_with_the_first_failure_from_which_on_enough_fail(
    requests: str, first: int | None, share: float | None
) -> None:
    assert asked(requests) == (first, share if share is None else pytest.approx(share))


def test_a_smaller_share_is_seen_when_it_is_asked_for() -> None:
    said = "..x..x..x..x..x"
    assert asked(said, 0.5)[0] is None
    assert asked(said, 0.3)[0] == 2


def surge(rates: dict[int, int], at_least: float = 60) -> float | None:
    seconds = pd.Series({pd.Timestamp(T0 + timedelta(seconds=second)): rate for second, rate in rates.items()})
    began = first_surge(seconds, at_least)
    return None if began is None else (began - T0).total_seconds()


@pytest.mark.parametrize(
    ("rates", "began"),
    [
        ({0: 13, 1: 60, 2: 90, 3: 200}, 1.0),
        ({0: 13, 1: 59, 2: 90, 3: 200}, None),
        ({0: 90, 1: 13, 2: 90, 3: 90, 4: 90}, 2.0),  # One busy second is chance.
        ({0: 90, 1: 90, 3: 90}, None),  # Nobody came in the second between.
        ({3: 90, 1: 90, 2: 90}, 1.0),
    ],
)
def test_a_surge_begins_with_the_first_of_several_busy_seconds(rates: dict[int, int], began: float | None) -> None:
    assert surge(rates) == began


def test_without_requests_there_is_no_surge() -> None:
    assert first_surge(pd.Series(dtype="int64", index=pd.DatetimeIndex([], tz="UTC")), 60) is None
