"""How long calls take on the way, as metrics tell it that name both ends."""

from typing import Any

import pandas as pd
import pytest
from made_up_system import header, moment

from assistant.diagnosis.link_readings import link_waits
from assistant.diagnosis.tables import tidied
from telemetry import Recording

STEP = 10.0


def reading(metric: str, *values: float, service: str = "cart", late: float = 0.0) -> list[dict[str, Any]]:
    return [
        {"ts": moment(step * STEP + late), "metric": metric, "value": value, "service": service}
        for step, value in enumerate(values)
    ]


# The services that there are; their names are what is looked for.
KNOWN = [*reading("up", 1.0, service="cart"), *reading("up", 1.0, service="db"), *reading("up", 1.0, service="cart-db")]


def waits(*readings: list[dict[str, Any]]) -> pd.DataFrame:
    rows = [*KNOWN, *(row for one in readings for row in one)]
    metrics = tidied(Recording(header(), metrics=pd.DataFrame(rows))).metrics
    assert metrics is not None
    return link_waits(metrics, STEP)


def test_what_the_caller_waits_less_what_the_callee_takes_is_spent_on_the_way() -> None:
    found = waits(reading("source_50:cart_db", 9.0, 30.0), reading("destination_50:cart_db", 7.0, 8.0))
    assert found[["caller", "callee", "metric"]].drop_duplicates().values.tolist() == [
        ["cart", "db", "source_50:cart_db"]
    ]
    assert list(found["whole"]) == [9.0, 30.0]
    assert list(found["value"]) == [2.0, 22.0]
    assert list(found["ts"]) == [pd.Timestamp(moment(0)), pd.Timestamp(moment(10))]


@pytest.mark.parametrize("word", ["client", "caller", "outbound", "Egress"])
@pytest.mark.parametrize("other", ["server", "callee", "INBOUND", "ingress"])
def test_conventions_differ_and_words_hardly_do(word: str, other: str) -> None:
    found = waits(reading(f"latency {word} cart->db", 9.0), reading(f"latency {other} cart->db", 7.0))
    assert list(found["value"]) == [2.0]


def test_a_callee_that_says_it_took_longer_than_its_caller_waited_leaves_nothing() -> None:
    assert list(waits(reading("source:cart_db", 5.0), reading("destination:cart_db", 7.0))["value"]) == [0.0]


def test_the_longest_name_that_fits_is_the_service() -> None:
    found = waits(reading("source:cart_cart-db", 9.0), reading("destination:cart_cart-db", 7.0))
    assert list(found["callee"]) == ["cart-db"]


@pytest.mark.parametrize(("late", "matched"), [(10.0, True), (10.001, False)])
def test_the_two_sides_are_read_within_a_step_of_each_other(late: float, matched: bool) -> None:
    found = waits(reading("source:cart_db", 9.0, late=100), reading("destination:cart_db", 7.0, late=100 + late))
    assert len(found) == matched


def test_each_call_has_its_own_callee() -> None:
    found = waits(
        reading("source:cart_db", 9.0),
        reading("source:db_cart", 5.0),
        reading("destination:cart_db", 1.0),
        reading("destination:db_cart", 4.0),
    )
    assert found.set_index("caller")["value"].to_dict() == {"cart": 8.0, "db": 1.0}


def test_one_side_alone_says_nothing() -> None:
    assert waits(reading("source:cart_db", 9.0)).empty
    assert waits(reading("destination:cart_db", 9.0)).empty


def test_a_side_without_a_number_says_nothing_and_the_next_reading_is_taken() -> None:
    lost = reading("destination:cart_db", float("nan"))
    assert list(waits(reading("source:cart_db", 9.0), lost, reading("destination:cart_db", 7.0, late=5))["value"]) == [
        2
    ]
    assert waits(reading("source:cart_db", 9.0), reading("destination:cart_db", float("nan"))).empty


@pytest.mark.parametrize("name", ["cart_db", "latency:cart_db", "source:cart", "source:cart_nobody", "source", ""])
def test_other_metrics_are_no_calls(name: str) -> None:
    found = waits(reading(name, 9.0), reading("destination:cart_db", 7.0))
    assert found.empty
    assert {"ts", "caller", "callee", "metric", "whole", "value"} <= set(found.columns)
