"""Where requests lose time, and in which service that loss begins."""

import random
from collections.abc import Callable, Sequence

import pandas as pd
import pytest
from made_up_system import moment, stretch
from traced import Span, linked

from assistant.diagnosis.lost_time import LostTime, lost_time, with_places, with_root_operation
from assistant.diagnosis.phases import Phase

TROUBLE = 90.0
REQUESTS = 120
CUTS = pd.DatetimeIndex([moment(at) for at in (60.0, 75.0, 90.0, 105.0)])
BEFORE = Phase((stretch(0, 60),))
DATABASE = '{"db.system.name": "postgresql"}'
# How many milliseconds more some place takes in some request.
More = Callable[[float], float]


def nothing(second: float) -> float:
    return 0.0


def fifty(second: float) -> float:
    return 50.0 if second >= TROUBLE else 0.0


def journeys(
    *,
    portal: More = nothing,
    way: More = nothing,
    shop: More = nothing,
    database: More = nothing,
    rooms_way: More = nothing,
    root: Callable[[int], str] = lambda number: "GET /",
) -> list[Span]:
    """Give a request a second: the portal calls the shop, which uses its database, and then the rooms."""
    chance = random.Random(5)
    spans = []
    for number in range(REQUESTS):
        at, trace = float(number), f"t{number}"

        def took(usual: float, more: More = nothing, at: float = at) -> float:
            return usual * chance.lognormvariate(0, 0.1) + more(at)

        in_database, in_shop, on_way = took(4, database), took(6, shop), took(1, way)
        in_rooms, on_rooms_way, in_portal = took(5), took(1, rooms_way), took(3, portal)
        shop_ms, rooms_ms = in_shop + in_database, in_rooms
        call, rooms_call = shop_ms + on_way, rooms_ms + on_rooms_way
        times = [
            ("1", "", "portal", root(number), 0.0, in_portal + call + rooms_call, "SERVER", "{}"),
            ("2", "1", "portal", "GET", in_portal / 2, call, "CLIENT", "{}"),
            ("3", "2", "shop", "GET /cart", in_portal / 2 + on_way / 2, shop_ms, "SERVER", "{}"),
            ("4", "3", "shop", "SELECT", in_portal / 2 + on_way / 2 + 1, in_database, "CLIENT", DATABASE),
            ("5", "1", "portal", "GET", in_portal / 2 + call, rooms_call, "CLIENT", "{}"),
            ("6", "5", "rooms", "GET /rooms", in_portal / 2 + call + on_rooms_way / 2, rooms_ms, "SERVER", "{}"),
        ]
        spans += [
            Span(
                span_id=span_id,
                parent_span_id=parent,
                trace_id=trace,
                service=service,
                name=name,
                second=at + after_ms / 1000,
                duration_ms=ms,
                kind=kind,
                attributes=attributes,
            )
            for span_id, parent, service, name, after_ms, ms, kind, attributes in times
        ]
    return spans


def lost_in(spans: Sequence[Span]) -> LostTime | None:
    return lost_time(with_root_operation(with_places(linked(spans))), BEFORE, CUTS)


def main_of(found: LostTime | None) -> tuple[str, str, str, str]:
    assert found is not None
    main = found.places.iloc[0]
    return main["sort"], main["service"], main["callee"], main["begins_in"]


def test_requests_that_are_as_quick_as_before_lose_nothing() -> None:
    assert lost_in(journeys()) is None


@pytest.mark.parametrize(
    ("slow", "place"),
    [
        ("portal", ("slow_service", "portal", "", "portal")),
        ("shop", ("slow_service", "shop", "", "shop")),
        ("database", ("slow_database", "shop", "", "shop")),
        ("way", ("slow_link", "portal", "shop", "shop")),
    ],
)
def test_time_is_lost_where_it_is_spent_and_not_where_it_is_waited_for(
    slow: str, place: tuple[str, str, str, str]
) -> None:
    found = lost_in(journeys(**{slow: fifty}))
    assert main_of(found) == place
    assert found is not None
    assert len(found.places) == 1
    assert found.places["lost_ms"].iloc[0] == pytest.approx(50, rel=0.05)
    assert found.places["touched"].iloc[0] == 1.0
    assert found.usual_ms == pytest.approx(20, rel=0.05)
    assert found.since == moment(TROUBLE)


def test_a_slow_call_is_put_down_to_the_end_whose_other_places_are_slow_too() -> None:
    found = lost_in(journeys(portal=fifty, way=fifty, rooms_way=fifty))
    assert found is not None
    assert set(found.places["begins_in"]) == {"portal"}
    found = lost_in(journeys(shop=fifty, way=fifty))
    assert found is not None
    assert set(found.places["begins_in"]) == {"shop"}


def test_time_that_is_next_to_nothing_decides_nothing() -> None:
    def one(second: float) -> float:
        return fifty(second) / 50

    found = lost_in(journeys(portal=one, way=fifty))
    assert main_of(found) == ("slow_link", "portal", "shop", "shop")


def test_what_gets_quicker_is_no_loss() -> None:
    assert lost_in(journeys(shop=lambda at: 0.0 if at >= TROUBLE else 50.0)) is None


def test_what_gets_quicker_does_not_tell_since_when_something_else_is_slow() -> None:
    found = lost_in(journeys(portal=lambda at: 900.0 if at < 75 else 0.0, shop=fifty))
    assert main_of(found)[1] == "shop"
    assert found is not None
    assert found.since == moment(TROUBLE)


def test_the_most_lost_comes_first() -> None:
    found = lost_in(journeys(portal=lambda at: 2 * fifty(at), shop=fifty))
    assert found is not None
    assert list(found.places["service"]) == ["portal", "shop"]


def test_below_a_millisecond_everything_is_equally_quick() -> None:
    quick = [
        Span(
            span_id="1",
            trace_id=f"t{number}",
            service="shop",
            kind="SERVER",
            second=number,
            duration_ms=0.05 if number >= TROUBLE else 0.01,
        )
        for number in range(REQUESTS)
    ]
    assert lost_in(quick) is None


def test_a_change_of_what_users_ask_for_is_no_slowness() -> None:
    def span(number: int, long: bool) -> Span:
        chance = random.Random(number)
        return Span(
            span_id="1",
            trace_id=f"t{number}",
            service="shop",
            name="GET /report" if long else "GET /",
            kind="SERVER",
            second=number,
            duration_ms=(200.0 if long else 10.0) * chance.lognormvariate(0, 0.1),
        )

    found = lost_in([span(number, number % 10 == 0 or number >= TROUBLE) for number in range(REQUESTS)])
    assert found is None or found.places["lost_ms"].max() < 20


def test_operations_that_nobody_asked_for_before_are_not_slow() -> None:
    assert lost_in(journeys(shop=fifty, root=lambda number: "GET /new" if number >= TROUBLE else "GET /")) is None


def test_few_requests_say_nothing() -> None:
    spans = [span for span in journeys(shop=fifty) if span.second < 60 or span.second >= REQUESTS - 7]
    assert lost_in(spans) is None
    assert lost_in([span for span in journeys(shop=fifty) if span.second < 60]) is None
    assert lost_in([span for span in journeys(shop=fifty) if span.second >= 60]) is None


def test_slowness_that_was_over_before_the_last_moment_is_not_told() -> None:
    assert lost_in(journeys(shop=lambda at: 50.0 if 62 <= at < 80 else 0.0)) is None


def test_what_all_of_many_places_share_is_the_machine_below_and_nobodys_own() -> None:
    def everywhere(extra: float) -> list[Span]:
        chance = random.Random(3)
        return [
            Span(
                span_id="1",
                trace_id=f"t{number}-{service}",
                service=f"service {service}",
                kind="SERVER",
                second=number + service / 100,
                duration_ms=(10 + fifty(number) + (extra if service == 0 else 0.0) * (number >= TROUBLE))
                * chance.lognormvariate(0, 0.1),
            )
            for number in range(REQUESTS)
            for service in range(10)
        ]

    assert lost_in(everywhere(0)) is None
    found = lost_in(everywhere(200))
    assert found is not None
    assert set(found.places["begins_in"]) == {"service 0"}
