from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from contract_world import BASELINE, ONSET, START, after, payments_diagnosis

from telemetry import Stretch
from ui.evidence_plot import can_be_plotted, evidence_chart

DIAGNOSIS = payments_diagnosis()
LINK_ERRORS, TRAFFIC, _, LOGS, _ = DIAGNOSIS.evidence


def drawn(chart: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    specification = json.loads(chart.to_json())
    return specification, specification["datasets"]


def marks(specification: dict[str, Any]) -> list[str]:
    return [layer["mark"]["type"] for layer in specification["layer"]]


def test_a_plot_shades_the_baseline_and_marks_onset_and_alert() -> None:
    specification, datasets = drawn(evidence_chart(LINK_ERRORS, BASELINE, after(492)))
    assert marks(specification) == ["rect", "line", "rule", "text", "rule", "text"]
    named = [row["name"] for rows in datasets.values() for row in rows if "name" in row]
    assert sorted(named) == ["alert", "onset"]
    (line,) = [rows for rows in datasets.values() if len(rows) == 120]
    assert line[0]["at"] == START.isoformat()
    assert line[0]["moment"] == "14:00:00 UTC"


def test_marks_outside_of_the_signal_do_not_squeeze_it() -> None:
    late = LINK_ERRORS.model_copy(update={"onset": ONSET + timedelta(days=1)})
    earlier = Stretch(start=START - timedelta(hours=2), end=START - timedelta(hours=1))
    specification, _ = drawn(evidence_chart(late, (earlier,), START - timedelta(hours=1)))
    assert marks(specification) == ["line"]


def test_a_baseline_that_begins_before_the_signal_is_shaded_from_its_first_point() -> None:
    long = Stretch(start=START - timedelta(hours=2), end=ONSET)
    _, datasets = drawn(evidence_chart(LINK_ERRORS, (long,)))
    (shade,) = [row for rows in datasets.values() for row in rows if "end" in row]
    assert (shade["at"], shade["end"]) == (START.isoformat(), ONSET.isoformat())


def test_a_ratio_is_labelled_as_a_percentage_and_the_rest_in_its_unit() -> None:
    titles = []
    for evidence in (LINK_ERRORS, TRAFFIC):
        specification, _ = drawn(evidence_chart(evidence))
        titles.append(specification["layer"][0]["encoding"]["y"]["title"])
    assert titles == ["link errors (%)", "traffic (requests/s)"]


def test_times_are_labelled_in_utc_and_not_too_many() -> None:
    specification, _ = drawn(evidence_chart(LINK_ERRORS))
    horizontal = specification["layer"][0]["encoding"]["x"]
    assert horizontal["scale"]["type"] == "utc"
    assert [(label["hours"], label["minutes"]) for label in horizontal["axis"]["values"]] == [
        (14, 0), (14, 2), (14, 4), (14, 6), (14, 8),
    ]  # fmt: skip


def test_one_point_is_no_line() -> None:
    assert can_be_plotted(LINK_ERRORS)
    assert not can_be_plotted(LOGS)
    assert not can_be_plotted(LINK_ERRORS.model_copy(update={"series": LINK_ERRORS.series[:1]}))


def test_no_line_is_drawn_where_points_are_missing() -> None:
    series = tuple(point for number, point in enumerate(LINK_ERRORS.series) if not 40 <= number < 60)
    _, datasets = drawn(evidence_chart(LINK_ERRORS.model_copy(update={"series": series, "onset": None})))
    (line,) = datasets.values()
    assert len(line) == 101
    (gap,) = [row for row in line if row["value"] is None]
    assert START + timedelta(seconds=39 * 5) < datetime.fromisoformat(gap["at"]) < START + timedelta(seconds=60 * 5)


def test_onset_and_alert_are_named_on_the_side_where_the_other_is_not() -> None:
    def sides(alert_at: datetime) -> list[str]:
        specification, _ = drawn(evidence_chart(LINK_ERRORS, (), alert_at))
        return [layer["mark"]["align"] for layer in specification["layer"] if layer["mark"]["type"] == "text"]

    assert sides(ONSET + timedelta(seconds=9)) == ["right", "left"]
    assert sides(ONSET - timedelta(seconds=9)) == ["left", "right"]


def test_days_are_labelled_where_hours_would_be_too_many() -> None:
    series = tuple((START + timedelta(hours=hour), 1.0) for hour in range(72))
    specification, _ = drawn(evidence_chart(LINK_ERRORS.model_copy(update={"series": series, "onset": None})))
    assert specification["layer"][0]["encoding"]["x"]["axis"]["format"] == "%-d %b"
