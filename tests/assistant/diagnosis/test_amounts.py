"""How much trouble each service has, and how much of it is its own."""

import pandas as pd
import pytest
from made_up_system import moment

from assistant.diagnosis.amounts import excess_amounts, own_share, usual_amounts

STEP = 10.0
CALLS = (("portal", "shop"), ("shop", "ledger"), ("portal", "rooms"))


def readings(service: str, *values: float, start: float = 0.0) -> pd.DataFrame:
    times = pd.to_datetime([moment(start + step * STEP) for step in range(len(values))], utc=True).as_unit("us")
    return pd.DataFrame({"ts": times, "service": [service] * len(values), "value": list(values)})


NO_TRAFFIC = readings("shop", 1.0).head(0)


def excess(told: pd.DataFrame, usual: dict[str, float], traffic: pd.DataFrame = NO_TRAFFIC) -> dict[str, float]:
    return excess_amounts(told, pd.Series(usual), traffic, STEP).to_dict()


def test_what_exceeds_the_usual_is_added_up() -> None:
    assert excess(readings("shop", 3.0, 5.0, 2.0), {"shop": 2.0}) == {"shop": pytest.approx(4.0)}


def test_less_than_usual_is_taken_off_and_is_never_a_debt() -> None:
    assert excess(readings("shop", 3.0, 1.5), {"shop": 2.0}) == {"shop": pytest.approx(0.5)}
    assert excess(readings("shop", 1.0, 1.0), {"shop": 2.0}) == {"shop": 0.0}


def test_a_reading_weighs_as_much_as_requests_came_at_the_time() -> None:
    traffic = readings("shop", 100.0, 10.0)
    assert excess(readings("shop", 3.0, 7.0), {"shop": 2.0}, traffic) == {"shop": pytest.approx(150.0)}


def test_traffic_of_another_service_is_not_mine() -> None:
    told = pd.concat([readings("shop", 3.0), readings("rooms", 3.0)])
    found = excess(told, {"shop": 2.0, "rooms": 2.0}, readings("rooms", 100.0))
    assert found == {"rooms": pytest.approx(100.0), "shop": pytest.approx(1.0)}


@pytest.mark.parametrize(("away", "weight"), [(20.0, 7.0), (-20.0, 7.0), (20.001, 0.0), (500.0, 0.0)])
def test_traffic_counts_up_to_two_steps_away_and_no_traffic_is_nobody(away: float, weight: float) -> None:
    traffic = readings("shop", 7.0, start=1000.0 + away)
    assert excess(readings("shop", 3.0, start=1000.0), {"shop": 2.0}, traffic) == {"shop": pytest.approx(weight)}


def test_services_without_a_usual_value_are_left_out() -> None:
    assert excess(pd.concat([readings("shop", 3.0), readings("new", 3.0)]), {"shop": 2.0}) == {"shop": 1.0}


def test_what_would_have_been_usual_is_weighed_the_same_way() -> None:
    found = usual_amounts(readings("shop", 9.0, 9.0), pd.Series({"shop": 2.0}), readings("shop", 100.0, 10.0), STEP)
    assert found.to_dict() == {"shop": pytest.approx(220.0)}


def test_nothing_read_is_nothing() -> None:
    assert excess(NO_TRAFFIC, {"shop": 2.0}) == {}


def test_what_comes_from_the_callees_is_not_ones_own() -> None:
    found = own_share(pd.Series({"portal": 10.0, "shop": 10.0, "ledger": 9.0, "rooms": 0.0}), CALLS)
    assert found.to_dict() == {"portal": 0.0, "shop": pytest.approx(0.1), "ledger": pytest.approx(0.9), "rooms": 0.0}


def test_callees_are_taken_together() -> None:
    found = own_share(pd.Series({"portal": 12.0, "shop": 6.0, "rooms": 4.0}), CALLS)
    assert found.to_dict() == {
        "portal": pytest.approx(2 / 12),
        "shop": pytest.approx(0.5),
        "rooms": pytest.approx(4 / 12),
    }


def test_without_calls_everything_is_ones_own() -> None:
    assert own_share(pd.Series({"a": 3.0, "b": 1.0}), ()).to_dict() == {"a": 0.75, "b": 0.25}


def test_a_service_that_calls_itself_keeps_its_own() -> None:
    assert own_share(pd.Series({"a": 3.0}), (("a", "a"),)).to_dict() == {"a": 1.0}


def test_calls_of_services_that_nobody_read_change_nothing() -> None:
    calls = (("unknown", "a"), ("a", "unknown"))
    assert own_share(pd.Series({"a": 3.0, "b": 1.0}), calls).to_dict() == {"a": 0.75, "b": 0.25}


def test_where_nobody_has_trouble_nobody_has_a_share() -> None:
    assert own_share(pd.Series({"a": 0.0, "b": 0.0}), CALLS).to_dict() == {"a": 0.0, "b": 0.0}
    assert own_share(pd.Series({"a": 2.0, "b": 2.0}), (("a", "b"), ("b", "a"))).to_dict() == {"a": 0.0, "b": 0.0}
