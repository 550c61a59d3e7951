"""What a diagnosis shows for what it says."""

import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
from made_up_system import ALERT, ONSET, SECONDS, Fault, System, broken, deploys, moment, recorded, stretch

from assistant.diagnosis import Diagnosis, diagnose, diagnose_folder
from assistant.diagnosis.case import Case
from assistant.diagnosis.finding import Finding
from assistant.diagnosis.parts import PARTS
from telemetry import Recording, RecordingError, write_recording

BUG = Fault("serve", "rooms", says=("KeyError", "'price'"))
OVERLOADED = Fault("serve", "rooms", says=("Overloaded", "busy"), share=0.5)


def recordings() -> dict[str, Recording]:
    flood = System([OVERLOADED]).run(surge=10)
    cpu = System().run()
    return {
        "database": broken(Fault("database", "bookings", says=("psycopg.OperationalError", "connection refused"))),
        "flood": recorded(flood),
        "link": broken(Fault("call", "bookings", callee="ledger", says=("ReadError", "reset"))),
        "version": broken(BUG, events=deploys((ONSET - 2, "rooms", "2.0"))),
        "slow": broken(Fault("serve", "ledger", extra_ms=700)),
        "cpu": recorded(cpu, metrics=cpu.metrics_table(raised={("rooms", "process.cpu.utilization"): 5})),
    }


RECORDINGS = recordings()


@pytest.mark.parametrize("name", RECORDINGS)
def test_the_first_evidence_has_numbers_before_and_after_an_onset_and_points_to_plot(name: str) -> None:
    found = diagnose(RECORDINGS[name])
    assert found.top is not None
    first = found.evidence[0]
    assert first.id == found.top.evidence[0] == "E1"
    assert first.before is not None
    assert first.after is not None
    assert first.after > first.before
    assert first.onset is not None
    assert abs((first.onset - moment(ONSET)).total_seconds()) <= 10
    times = [at for at, _ in first.series]
    assert times == sorted(times)
    assert times[0] < moment(520)
    assert first.window.start <= first.onset < first.window.end


@pytest.mark.parametrize("name", ["database", "flood", "link", "version", "slow"])
def test_evidence_from_traces_names_traces_that_show_it(name: str) -> None:
    recording = RECORDINGS[name]
    assert recording.spans is not None
    first = diagnose(recording).evidence[0]
    assert first.trace_ids
    assert len(set(first.trace_ids)) == len(first.trace_ids)
    shown = recording.spans[recording.spans["trace_id"].isin(first.trace_ids)]
    assert set(shown["trace_id"]) == set(first.trace_ids)
    assert shown["ts"].max() >= moment(ONSET)
    assert first.service in set(shown["service"])


def test_the_rate_in_a_summary_is_the_count_over_the_seconds_that_it_names() -> None:
    recording = RECORDINGS["version"]
    assert recording.spans is not None
    first = diagnose(recording).evidence[0]
    failed = recording.spans[(recording.spans["service"] == "rooms") & (recording.spans["status"] == "ERROR")]
    assert f": {len(failed)} in 40 s, 0 in 520 s before" in first.summary
    assert first.after == pytest.approx(len(failed) / 40)
    assert sum(value for _, value in first.series) * 5 == pytest.approx(len(failed), rel=0.1)


def test_rates_are_taken_over_the_time_that_has_rows() -> None:
    system = System([OVERLOADED]).run(surge=10)
    spans = system.spans_table()
    thin = spans[(spans["ts"] < moment(120)) | (spans["ts"] >= moment(540))]
    logs = system.logs_table()
    first = diagnose(recorded(system, spans=thin, logs=logs[logs["ts"] >= moment(540)])).evidence[0]
    assert first.signal == "traffic_surge"
    assert first.before == pytest.approx(8, rel=0.25)


def test_a_plot_of_a_rate_does_not_drop_in_its_last_bucket() -> None:
    system = System([OVERLOADED]).run(surge=10)
    changes = {"window": stretch(1.3, SECONDS - 3)}
    first = diagnose(recorded(system, changes=changes)).evidence[0]
    assert first.series[-1][1] == pytest.approx(first.after, rel=0.4)


def test_a_long_window_is_plotted_in_a_bounded_number_of_points() -> None:
    changes = {"window": stretch(-3 * 24 * 3600, SECONDS)}
    found = diagnose(broken(BUG, changes=changes))
    assert found.top is not None
    assert all(len(one.series) <= 601 for one in found.evidence)


def test_no_evidence_is_listed_twice() -> None:
    refused = Fault("call", "portal", callee="rooms", says=("ConnectError", "refused"), end=ONSET + 5)
    found = diagnose(broken(refused, BUG, events=deploys((ONSET + 4, "rooms", "2.0.0"))))
    summaries = [one.summary for one in found.evidence]
    assert len(set(summaries)) == len(summaries)


def test_exceptions_are_shown_as_they_were_written() -> None:
    said = ("psycopg.OperationalError", "conexão recusada: <script>[E1]</script> 接続")
    first = diagnose(broken(Fault("database", "bookings", says=said))).evidence[0]
    assert first.signal == "database_errors"
    assert first.log_lines == (f"{said[0]}: {said[1]}",)


def test_a_caller_that_only_passes_failures_on_is_ruled_out_with_its_numbers() -> None:
    found = diagnose(RECORDINGS["version"])
    reasons = {one.service: one.reason for one in found.rejected}
    assert "GET /rooms of portal fails: 100%" in reasons["portal"]


def test_what_was_not_collected_is_said() -> None:
    found = diagnose(broken(BUG, metrics=None, events=None))
    assert found.missing == ("metrics", "events")
    assert [sentence.split()[0] for sentence in found.unknown] == ["Metrics", "Events"]


@dataclass(frozen=True)
class Broken:
    """A part that meets what nobody foresaw."""

    name: str = "broken"
    needs: tuple[str, ...] = ("spans",)

    def examine(self, case: Case) -> list[Finding]:
        raise KeyError(len(case.recording.header.id))


def test_a_part_that_breaks_is_named_and_the_others_still_answer() -> None:
    found = diagnose(RECORDINGS["version"], parts=(Broken(), *PARTS))
    assert found.failed_parts == ("broken",)
    assert found.top is not None
    assert found.top.service == "rooms"
    nothing = diagnose(RECORDINGS["version"], parts=(Broken(),))
    assert nothing.abstained
    assert "could not look: broken" in (nothing.abstention_reason or "")


def test_a_part_is_not_asked_without_the_tables_it_needs() -> None:
    assert diagnose(broken(BUG, spans=None), parts=(Broken(),)).failed_parts == ()


@pytest.mark.parametrize("name", RECORDINGS)
def test_probabilities_add_up_and_are_in_order(name: str) -> None:
    found = diagnose(RECORDINGS[name])
    given = [one.probability for one in found.hypotheses]
    assert given == sorted(given, reverse=True)
    assert sum(given) + found.none_probability == pytest.approx(1, abs=1e-3)


def test_many_causes_are_cut_to_five_and_the_rest_stays_open() -> None:
    faults = [Fault("serve", one, says=("KeyError", one)) for one in ("rooms", "ledger")]
    quiet = System(faults).run()
    spans = quiet.spans_table()
    copies = [
        spans.assign(service=spans["service"] + str(number), trace_id=spans["trace_id"] + str(number))
        for number in range(4)
    ]
    found = diagnose(recorded(quiet, spans=pd.concat(copies)))
    assert len(found.hypotheses) <= 5
    assert found.none_probability > 0


def test_a_diagnosis_survives_json() -> None:
    for recording in RECORDINGS.values():
        found = diagnose(recording)
        assert Diagnosis.model_validate_json(found.model_dump_json()) == found
        assert json.loads(found.model_dump_json())["alert"]["at"] == moment(ALERT).isoformat().replace("+00:00", "Z")


def test_the_same_recording_always_gets_the_same_diagnosis() -> None:
    first, second = (diagnose(RECORDINGS["version"], clock=lambda: 0.0) for _ in range(2))
    assert first == second


def test_only_the_recording_is_read(tmp_path: Path) -> None:
    write_recording(RECORDINGS["version"], tmp_path / "set" / "made-up")
    alone = diagnose_folder(tmp_path / "set" / "made-up")
    lie = {"id": "made-up", "fault": True, "service": "ledger", "kind": "network_link"}
    for place in (tmp_path / "set", tmp_path / "set" / "made-up"):
        (place / "truth.jsonl").write_text(json.dumps(lie), encoding="utf-8")
    again = diagnose_folder(tmp_path / "set" / "made-up")
    assert again.model_copy(update={"seconds": 0.0}) == alone.model_copy(update={"seconds": 0.0})
    assert again == diagnose(RECORDINGS["version"]).model_copy(update={"seconds": again.seconds})


def test_a_folder_without_a_recording_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"there is no recording\.json"):
        diagnose_folder(tmp_path)
