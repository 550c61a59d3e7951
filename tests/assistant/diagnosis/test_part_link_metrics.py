"""On which calls time is lost on the way, as metrics of both ends tell it."""

import pandas as pd
import pytest
from made_up_system import ONSET, moment
from measured import Level, of_metrics, readings, risen, seen, steady

from assistant.diagnosis.parts.link_metrics import LinkMetrics


def calls(caller: str, callee: str, wait: Level, served: Level = steady) -> pd.DataFrame:
    """Give what both ends tell of a call; both services are known by readings of their own."""
    return readings(
        (caller, f"source_90:{caller}_{callee}", lambda at: served(at) + wait(at)),
        (callee, f"destination_90:{caller}_{callee}", served),
    )


def short(at: float) -> float:
    return 1.0


def long(at: float) -> float:
    return 40.0 if at >= ONSET else 1.0


def test_a_call_that_hangs_on_the_way_is_told_with_both_ends() -> None:
    (found,) = seen(LinkMetrics(), of_metrics(calls("portal", "shop", long)))
    assert (found.signal, found.service, found.link) == ("link_metric", "shop", ("portal", "shop"))
    assert (found.before, found.after) == pytest.approx((1.0, 40.0), rel=0.02)
    assert found.onset == moment(ONSET)
    assert found.query.startswith("source_90:portal_shop")


def test_a_callee_that_takes_longer_is_no_slow_link() -> None:
    assert seen(LinkMetrics(), of_metrics(calls("portal", "shop", short, served=risen(400.0)))) == []


def test_milliseconds_more_beside_a_long_call_are_nothing() -> None:
    def a_little(at: float) -> float:
        return 2.5 if at >= ONSET else 0.01

    assert seen(LinkMetrics(), of_metrics(calls("portal", "shop", a_little))) == []


def test_a_slow_link_is_put_down_to_the_end_of_which_more_links_are_slow() -> None:
    table = of_metrics(
        calls("portal", "shop", long),
        calls("portal", "rooms", long),
        calls("desk", "shop", short),
        calls("desk", "rooms", short),
    )
    assert {one.service for one in seen(LinkMetrics(), table)} == {"portal"}
    table = of_metrics(calls("portal", "shop", long), calls("desk", "shop", long), calls("portal", "rooms", short))
    assert {one.service for one in seen(LinkMetrics(), table)} == {"shop"}


def test_metrics_without_links_tell_nothing_of_links() -> None:
    assert seen(LinkMetrics(), of_metrics(readings(("shop", "memory_rss", risen(90.0))))) == []
