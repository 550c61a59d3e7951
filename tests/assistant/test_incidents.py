from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from itertools import pairwise

import pytest
from pydantic import ValidationError

from assistant.diagnosis import Hypothesis
from assistant.incidents import Correction, Incident, Timeline, names_the_cause
from assistant.taxonomy import FaultKind

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ORDER = ("started", "detected", "acknowledged", "diagnosed", "mitigated", "resolved")


def timeline(**minutes: float) -> Timeline:
    return Timeline(
        **{name: NOON + timedelta(minutes=minute) for name, minute in ({"detected": 0.0} | minutes).items()}
    )


def test_only_the_detection_has_to_be_known() -> None:
    assert timeline().resolved is None
    with pytest.raises(ValidationError):
        Timeline()  # type: ignore[call-arg]


def test_everything_may_happen_at_one_moment_and_one_after_the_other() -> None:
    timeline(**dict.fromkeys(ORDER, 0.0))
    found = timeline(**{name: float(minute - 1) for minute, name in enumerate(ORDER)})
    moments = [getattr(found, name) for name in ORDER]
    assert all(before < after for before, after in pairwise(moments))


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        ({"started": 0.001}, "detected .* lies before started"),
        ({"acknowledged": -0.001}, "acknowledged .* lies before detected"),
        ({"diagnosed": -0.001}, "diagnosed .* lies before detected"),
        ({"started": -1, "mitigated": -1.001}, "mitigated .* lies before started"),
        ({"resolved": -0.001}, "resolved .* lies before detected"),
        ({"mitigated": 2, "resolved": 1}, "resolved .* lies before mitigated"),
    ],
)
def test_time_does_not_run_backwards(minutes: dict[str, float], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        timeline(**minutes)


def test_people_may_be_faster_than_we_are() -> None:
    timeline(mitigated=1, acknowledged=2, diagnosed=3, resolved=4)
    timeline(started=-2, mitigated=-1)


def test_moments_of_other_zones_are_compared_as_moments() -> None:
    lisbon_summer = timezone(timedelta(hours=1))
    Timeline(detected=NOON, resolved=NOON.astimezone(lisbon_summer))
    with pytest.raises(ValidationError):
        Timeline(detected=NOON, resolved=datetime(2026, 3, 1, 12, 59, tzinfo=lisbon_summer))


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValidationError):
        Timeline(detected=datetime(2026, 3, 1, 12, 0))


def test_an_incident_survives_json_in_any_language() -> None:
    incident = Incident(id="inc-1", system="loja", title="Versão má: catálogo ¿sí?", timeline=timeline(started=-1))
    assert Incident.model_validate_json(incident.model_dump_json()) == incident


def test_a_correction_is_a_note_and_no_book() -> None:
    Correction(note="x" * 4000)
    with pytest.raises(ValidationError):
        Correction(note="x" * 4001)


@pytest.mark.parametrize(
    ("operation", "link", "right"),
    [
        (None, None, True),
        ("GET /rooms", None, True),
        ("POST /rooms", None, False),
        (None, ("portal", "rooms"), True),
        (None, ("rooms", "portal"), False),
        ("POST /rooms", ("portal", "rooms"), False),
    ],
)
def test_a_cause_is_named_only_with_its_place_where_the_truth_has_one(
    operation: str | None, link: tuple[str, str] | None, right: bool
) -> None:
    suspected = Hypothesis(
        service="rooms",
        kind=FaultKind.SLOW_CODE,
        operation="GET /rooms",
        link=("portal", "rooms"),
        probability=0.9,
        summary="Slow.",
    )
    named = partial(names_the_cause, operation=operation, link=link)
    assert named(suspected, service="rooms", kind=FaultKind.SLOW_CODE) is right
    assert not named(suspected, service="portal", kind=FaultKind.SLOW_CODE)
    assert not named(suspected, service="rooms", kind=FaultKind.SERVICE_DOWN)
    assert not named(None, service="rooms", kind=FaultKind.SLOW_CODE)
