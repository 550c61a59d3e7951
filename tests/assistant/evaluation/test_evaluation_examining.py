from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from small_sets import ALERT_MINUTE, MINUTES, header, moment, put_broken, put_recording

from assistant.diagnosis import Diagnosis, Hypothesis, diagnose
from assistant.evaluation import (
    TABLES,
    StoredRecording,
    UnknownSwitch,
    Variant,
    as_one_word,
    examine,
    find_switches,
    known_switches,
    part_names,
)
from assistant.evaluation.examining import alarm_later
from assistant.taxonomy import FaultKind
from telemetry import Recording

AS_RECORDED = Variant()


def stored(folder: Path) -> StoredRecording:
    return StoredRecording(set_name=folder.parent.name, id=folder.name, folder=folder)


class Listening:
    """An engine that remembers what it was given, and names what it is told to."""

    def __init__(self, *services: str, abstained: bool = False) -> None:
        self.services, self.abstained = services, abstained
        self.recording: Recording | None = None
        self.parts: tuple[str, ...] = ()

    def __call__(self, recording: Recording, *, parts: Sequence[Any]) -> Diagnosis:
        self.recording, self.parts = recording, tuple(part.name for part in parts)
        hypotheses = [
            Hypothesis(service=service, kind=FaultKind.SLOW_CODE, probability=0.5 / 2**place, summary="")
            for place, service in enumerate(self.services)
        ]
        return Diagnosis(
            recording_id=recording.header.id,
            system=recording.header.system,
            alert=recording.header.alert,
            window=recording.header.window,
            hypotheses=tuple(hypotheses),
            abstained=self.abstained,
        )


def test_a_line_names_each_service_once_and_keeps_every_probability(tmp_path: Path) -> None:
    recording = stored(put_recording(tmp_path / "one", "a-1"))
    line = examine(recording, AS_RECORDED, engine=Listening("rooms", "portal", "rooms"))
    assert (line.id, line.set_name, line.ranking) == ("a-1", "one", ("rooms", "portal"))
    assert (line.kind, line.abstained, line.error) == ("slow_code", False, None)
    assert (line.probability, line.probabilities) == (0.5, (0.5, 0.25, 0.125))
    assert line.seconds is not None
    assert line.seconds > 0


@pytest.mark.parametrize("engine", [Listening(), Listening("rooms", abstained=True)])
def test_an_abstention_names_no_kind_and_no_probability(tmp_path: Path, engine: Listening) -> None:
    line = examine(stored(put_recording(tmp_path / "one", "a-1")), AS_RECORDED, engine=engine)
    assert (line.abstained, line.kind, line.probability) == (True, None, None)


@pytest.mark.parametrize("table", TABLES)
def test_a_table_left_out_counts_as_not_collected(tmp_path: Path, table: str) -> None:
    recording = stored(put_recording(tmp_path / "one", "a-1"))
    engine = Listening()
    examine(recording, Variant(without=(table,)), engine=engine)
    assert engine.recording is not None
    assert (engine.recording.metrics is None) is (table == "metrics")
    assert (engine.recording.calls is None) is (table == "topology")
    assert engine.recording.missing == tuple(
        name for name in ("metrics", "spans", "logs", "events") if name != "metrics" or table == "metrics"
    )


def test_a_part_left_out_does_not_look(tmp_path: Path) -> None:
    recording = stored(put_recording(tmp_path / "one", "a-1"))
    engine = Listening()
    first, *rest = part_names()
    examine(recording, Variant(without=(first,)), engine=engine)
    assert engine.parts == tuple(rest)


def test_what_is_left_out_is_found_however_it_is_typed() -> None:
    known = known_switches()
    assert find_switches([*known, *(as_one_word(name) for name in known)]) == known
    assert find_switches(["_".join(name.split()) for name in known]) == known
    assert len({as_one_word(name) for name in known}) == len(known)
    assert as_one_word("a b_c/d e") == "a-b-c-d-e"


def test_what_cannot_be_left_out_is_refused_with_what_can() -> None:
    with pytest.raises(UnknownSwitch, match=r"nothing called 'metrcs' .* Did you mean 'metrics'\? There is: .*spans"):
        find_switches(["logs", "metrcs"])


@pytest.mark.parametrize(
    ("late_seconds", "at"),
    [
        (0, moment(ALERT_MINUTE)),
        (120, moment(ALERT_MINUTE + 2)),
        (60 * (MINUTES - ALERT_MINUTE), moment(MINUTES) - timedelta(seconds=1)),
        (1e6, moment(MINUTES) - timedelta(seconds=1)),
    ],
)
def test_a_late_alarm_stays_inside_the_window(late_seconds: float, at: object) -> None:
    original = header("a-1")
    assert alarm_later(original, late_seconds).alert.at == at
    assert original.alert.at == moment(ALERT_MINUTE)


def test_an_alarm_after_the_window_is_not_moved_back() -> None:
    alert = header("a-1").alert.model_copy(update={"at": moment(MINUTES + 3)})
    odd = header("a-1").model_copy(update={"alert": alert})
    assert alarm_later(odd, 30).alert.at == moment(MINUTES + 3)


def test_the_engine_is_told_of_the_late_alarm_and_of_nothing_else_new(tmp_path: Path) -> None:
    engine = Listening()
    line = examine(stored(put_recording(tmp_path / "one", "a-1")), Variant(late_seconds=90), engine=engine)
    assert engine.recording is not None
    assert engine.recording.header == alarm_later(header("a-1"), 90)
    assert line.late_seconds == 90


def test_no_alarm_comes_early() -> None:
    for seconds in (-1.0, float("nan")):
        with pytest.raises(ValueError, match="late_seconds must be at least 0"):
            Variant(late_seconds=seconds)


def test_a_broken_recording_becomes_a_line(tmp_path: Path) -> None:
    line = examine(stored(put_broken(tmp_path / "one", "a-9")), AS_RECORDED)
    assert line.error is not None
    assert "recording.json: cannot be read" in line.error
    assert (line.ranking, line.abstained, line.seconds) == ((), False, None)


def test_a_broken_engine_becomes_a_line_and_is_logged_in_full(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def breaks(recording: Recording, *, parts: Sequence[Any]) -> Diagnosis:
        raise ZeroDivisionError("nada\nem comum")

    line = examine(stored(put_recording(tmp_path / "one", "a-1")), AS_RECORDED, engine=breaks)
    assert line.error == "the diagnosis broke: ZeroDivisionError: nada em comum"
    assert "Traceback" in caplog.text


def test_the_line_says_what_the_engine_says(tmp_path: Path) -> None:
    recording = stored(put_recording(tmp_path / "one", "a-1", broken_service="rooms"))
    asked = Listening()
    examine(recording, AS_RECORDED, engine=asked)
    assert asked.recording is not None
    found = diagnose(asked.recording)
    line = examine(recording, AS_RECORDED)
    assert line.ranking == tuple(dict.fromkeys(one.service for one in found.hypotheses))
    assert line.abstained == found.abstained
