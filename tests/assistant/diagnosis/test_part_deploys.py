"""Which services got another version shortly before the trouble began."""

import pandas as pd
import pytest
from made_up_system import SECONDS, deploys, header
from measured import beats, seen

from assistant.diagnosis.parts.deploys import Deploys
from telemetry import Recording


def versions(*told: tuple[float, float, str, str]) -> pd.DataFrame:
    """Give readings of `(from second, to second, service, version)`."""
    return pd.concat([beats(service, (start, end)).assign(version=version) for start, end, service, version in told])


def deployed(events: pd.DataFrame | None, metrics: pd.DataFrame | None = None) -> dict[str, tuple[str | None, float]]:
    recording = Recording(header(), events=events, metrics=metrics)  # The onset is at 520 s.
    return {one.service: (one.version, round(one.strength, 3)) for one in seen(Deploys(), recording)}


def test_a_deployment_fades_with_its_age() -> None:
    events = deploys((520, "shop", "2"), (220, "rooms", "3"), (-60, "desk", "4"))
    assert deployed(events) == {"shop": ("2", 1.0), "rooms": ("3", 0.5)}


def test_the_last_deployment_of_a_service_counts() -> None:
    assert deployed(deploys((100, "shop", "2"), (460, "shop", "3"))) == {"shop": ("3", 0.9)}


@pytest.mark.parametrize(("at", "counts"), [(549, True), (550, True), (551, False)])
def test_a_deployment_may_be_written_down_half_a_minute_late(at: float, counts: bool) -> None:
    assert bool(deployed(deploys((at, "shop", "2")))) is counts


def test_a_restart_with_the_same_version_is_no_deployment() -> None:
    metrics = versions((0, SECONDS, "shop", "2"))
    assert deployed(deploys((500, "shop", "2")), metrics) == {}
    assert set(deployed(deploys((500, "shop", "3")), metrics)) == {"shop"}


def test_only_the_version_just_before_tells_a_restart() -> None:
    metrics = versions((0, 200, "shop", "2"), (200, 500, "shop", "3"), (500, SECONDS, "shop", "2"))
    assert deployed(deploys((500, "shop", "2")), metrics)["shop"][0] == "2"


def test_another_service_with_the_same_version_tells_no_restart() -> None:
    assert set(deployed(deploys((500, "shop", "2")), versions((0, SECONDS, "rooms", "2")))) == {"shop"}


def test_a_deployment_without_a_version_is_never_a_restart() -> None:
    assert deployed(deploys((500, "shop", "")), versions((0, SECONDS, "shop", "2")))["shop"][0] is None


def test_a_reading_of_the_very_moment_is_of_the_new_version() -> None:
    assert set(deployed(deploys((500, "shop", "2")), versions((500, SECONDS, "shop", "2")))) == {"shop"}


def test_restarts_of_several_services_are_told_apart_from_deployments() -> None:
    events = deploys((510, "shop", "2"), (500, "rooms", "7"), (490, "desk", "2"))
    metrics = versions((0, SECONDS, "desk", "2"), (0, SECONDS, "rooms", "6"), (0, SECONDS, "shop", "2"))
    assert set(deployed(events, metrics)) == {"rooms"}


def test_other_events_and_those_of_nobody_are_no_deployments() -> None:
    events = pd.concat([deploys((500, "shop", "2")).assign(event_type="restart"), deploys((500, "", "2"))])
    assert deployed(events) == {}
    assert deployed(None) == {}
