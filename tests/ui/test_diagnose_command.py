from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from contract_world import ONSET, payments_diagnosis
from replayed_shop import EVENTS, FIRST_FAULT, SPANS
from synthetic_traffic import at

from assistant.diagnosis.propagation import propagation_of, timeline_of
from assistant.diagnosis.values import Evidence, Rejected
from assistant.taxonomy import FaultKind
from telemetry import Alert, Recording, RecordingHeader, Stretch, write_recording
from ui.cli import run
from ui.commands.diagnose import in_words
from ui.exits import Exit

Ran = tuple[int, str, str]


@pytest.fixture
def firedrill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    monkeypatch.chdir(tmp_path)

    def ran(*arguments: str) -> Ran:
        code = run(("diagnose", *arguments))
        said = capfd.readouterr()
        return code, said.out, said.err

    return ran


def recorded(folder: Path, *, end: float, alert: float) -> str:
    """The made-up shop from its start up to `end`, in seconds, with an alert."""
    window = Stretch(start=at(0), end=at(end))
    header = RecordingHeader(
        id=folder.name,
        system="shop",
        window=window,
        baseline=(Stretch(start=at(0), end=at(alert - 40)),),
        alert=Alert(at=at(alert), service="catalog"),
        resolution_seconds=5,
    )
    spans, events = (table[table["ts"] < window.end].reset_index(drop=True) for table in (SPANS, EVENTS))
    write_recording(Recording(header, spans=spans, events=events), folder)
    return str(folder)


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> str:
    return recorded(tmp_path_factory.mktemp("r") / "faulty", end=FIRST_FAULT[0] + 40, alert=FIRST_FAULT[0] + 10)


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> str:
    return recorded(tmp_path_factory.mktemp("r") / "quiet", end=FIRST_FAULT[0] - 20, alert=FIRST_FAULT[0] - 40)


def test_a_report_is_written_beside_the_text(firedrill: Callable[..., Ran], tmp_path: Path, faulty: str) -> None:
    code, out, error = firedrill(faulty, "--html", "report.html")
    assert code == Exit.DONE
    assert "bad version" in out
    assert error == "the report is in report.html\n"
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert html.startswith("<!doctype html>")
    assert "Bad version: <bdi>catalog</bdi>" in html


def test_a_report_and_one_json_document_go_together(firedrill: Callable[..., Ran], tmp_path: Path, faulty: str) -> None:
    code, out, _ = firedrill(faulty, "--html", "r.html", "--json")
    found = json.loads(out)
    assert (code, found["hypotheses"][0]["service"]) == (Exit.DONE, "catalog")
    assert [one["evidence"] for one in found["timeline"]]
    assert found["propagation"][0]["service"] == "catalog"
    assert (tmp_path / "r.html").is_file()


def test_an_abstention_has_a_report_and_its_own_exit_code(
    firedrill: Callable[..., Ran], tmp_path: Path, quiet: str
) -> None:
    code, out, _ = firedrill(quiet, "--html", "r.html")
    assert code == Exit.ANSWER_IS_NO
    assert "No cause named" in out
    assert "No cause named" in (tmp_path / "r.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("target", [".", "", "no/folder/r.html", "x" * 300])
def test_where_no_report_can_go_is_said_before_any_work(
    firedrill: Callable[..., Ran], tmp_path: Path, target: str
) -> None:
    code, out, error = firedrill(str(tmp_path), "--html", target)
    assert (code, out) == (Exit.BAD_INPUT, "")
    assert "recording.json" not in error
    assert len(error.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_where_nothing_was_diagnosed(firedrill: Callable[..., Ran], tmp_path: Path) -> None:
    code, _, error = firedrill("no-such-recording", "--html", "r.html")
    assert code == Exit.BAD_INPUT
    assert "there is no folder no-such-recording" in error
    assert list(tmp_path.iterdir()) == []


def test_only_a_report_brings_what_draws_it(faulty: str) -> None:
    program = (
        "import sys, ui.cli\n"
        "ui.cli.run(['diagnose', sys.argv[1], '--json'])\n"
        "print(sorted({'altair', 'jinja2', 'vl_convert', 'streamlit'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, faulty],
        cwd=Path(__file__).parents[2],
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_text_tells_when_and_from_where_trouble_came() -> None:
    found = payments_diagnosis()
    evidence = tuple(item.model_copy(update={"strength": 0.9}) for item in found.evidence)
    calls = (("gateway", "orders"), ("orders", "payments"))
    lines = in_words(
        found.model_copy(
            update={
                "timeline": timeline_of(evidence, ONSET),
                "propagation": propagation_of(evidence, calls, ONSET, resolution_seconds=5),
            }
        )
    ).splitlines()
    start = lines.index("What moved, from the onset at 14:08:00 UTC:")
    assert [" ".join(line.split()) for line in lines[start + 1 : start + 6]] == [
        "+0 s orders link errors [E1], from payments",
        "+0 s payments traffic [E2]",
        "+0 s orders logs [E4]",
        "+5 s gateway latency [E3], from orders",
        "+5 s gateway errors [E5]",
    ]


def test_the_text_stays_short_and_says_where_the_rest_is() -> None:
    found = payments_diagnosis()
    evidence = tuple(many(found.evidence[0], 200))
    rejected = tuple(Rejected(service=f"s{n}", kind=FaultKind.SLOW_CODE, reason="as before") for n in range(50))
    lines = in_words(
        found.model_copy(update={"evidence": evidence, "timeline": timeline_of(evidence, ONSET), "rejected": rejected})
    ).splitlines()
    assert len(lines) < 40
    assert "  ... and 192 more movements; --html FILE or --json has everything" in lines
    assert "  ... and 190 more pieces; --html FILE or --json has everything" in lines
    assert "  ... and 45 more causes that were ruled out; --html FILE or --json has everything" in lines


def many(like: Evidence, count: int) -> list[Evidence]:
    return [
        like.model_copy(update={"id": f"E{n}", "onset": ONSET + timedelta(seconds=n), "service": f"s{n}"})
        for n in range(1, count + 1)
    ]


def test_what_came_with_the_telemetry_cannot_drive_the_terminal() -> None:
    found = payments_diagnosis()
    hostile = found.evidence[0].model_copy(update={"service": "a\x1b[2J\nb", "summary": "x\r\n1. 99% sabotage: João"})
    text = in_words(found.model_copy(update={"evidence": (hostile,), "timeline": timeline_of((hostile,), ONSET)}))
    assert "\x1b" not in text
    assert not any(line.startswith("1. 99%") for line in text.splitlines())
    assert "João" in text
