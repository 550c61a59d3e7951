"""The command line is a contract: exit codes, one JSON document, and words instead of tracebacks."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from own_ports import write_config
from replayed_shop import EVENTS, FIRST_FAULT, SPANS
from synthetic_traffic import at

from telemetry import Alert, Recording, RecordingHeader, Stretch, write_recording
from ui.cli import build_parser, run
from ui.commands import doctor
from ui.commands.output import print_table, printable
from ui.exits import Exit
from ui.failures import exit_code_of, in_words
from ui.interruption import undisturbed
from ui.server.workspace import JOURNAL_FILE

Ran = tuple[int, str, str]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with settings of its own and a workspace, in which no server runs."""
    folder = tmp_path_factory.mktemp("home")
    write_config(folder)
    (folder / ".firedrill").mkdir()
    (folder / ".firedrill" / JOURNAL_FILE).touch()
    return folder


@pytest.fixture
def firedrill(home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    monkeypatch.chdir(home)

    def ran(*arguments: str) -> Ran:
        try:
            code = run(arguments)
        except SystemExit as ended:  # argparse ends by itself
            code = int(ended.code or 0)
        said = capfd.readouterr()
        return code, said.out, said.err

    return ran


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The made-up shop's first fault."""
    window = Stretch(start=at(0), end=at(FIRST_FAULT[0] + 40))
    header = RecordingHeader(
        id="first-fault",
        system="shop",
        window=window,
        baseline=(Stretch(start=at(0), end=at(FIRST_FAULT[0] - 30)),),
        alert=Alert(at=at(FIRST_FAULT[0] + 10), service="catalog"),
        resolution_seconds=5,
    )
    folder = tmp_path_factory.mktemp("recorded") / "first"
    spans, events = (table[table["ts"] < window.end].reset_index(drop=True) for table in (SPANS, EVENTS))
    write_recording(Recording(header, spans=spans, events=events), folder)
    return folder


def document(out: str) -> Any:
    return json.loads(out)  # Fails where there is anything but one document.


def test_a_recording_is_diagnosed(firedrill: Callable[..., Ran], recording: Path) -> None:
    code, out, _ = firedrill("diagnose", str(recording))
    assert code == Exit.DONE
    assert "bad version" in out
    assert "catalog" in out.splitlines()[1]
    code, out, _ = firedrill("diagnose", str(recording), "--json")
    assert (code, document(out)["hypotheses"][0]["service"]) == (Exit.DONE, "catalog")


@pytest.mark.parametrize(
    ("arguments", "code", "kind"),
    [
        (("doctor", "--json"), Exit.NOT_REACHABLE, dict),
        (("status", "--json"), Exit.NOT_REACHABLE, dict),
        (("down", "--json"), Exit.DONE, list),
        (("drill", "list", "--json"), Exit.DONE, list),
        (("kb", "list", "--json"), Exit.DONE, list),
        (("kb", "search", "nothing is known yet", "--json"), Exit.ANSWER_IS_NO, dict),
        (("ask", "o que há de errado?", "--json"), Exit.NOT_REACHABLE, dict),
    ],
)
def test_json_is_one_document_on_standard_output(
    firedrill: Callable[..., Ran], arguments: tuple[str, ...], code: int, kind: type
) -> None:
    ended, out, _ = firedrill(*arguments)
    assert ended == code
    assert isinstance(document(out), kind)


@pytest.mark.slow
def test_a_rebuilt_index_says_how_much_it_holds(firedrill: Callable[..., Ran]) -> None:
    code, out, _ = firedrill("kb", "rebuild", "--json")
    assert (code, document(out)) == (Exit.DONE, {"entries": 0})


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), 2, "required: COMMAND"),
        (("fly",), 2, "invalid choice: 'fly'"),
        (("diagnose",), 2, "one of the arguments recording --last is required"),
        (("diagnose", "--last", "soon"), 2, "'soon' is no duration; write 90s, 10m or 1h"),
        (("diagnose", "--last", "0m"), 2, "no duration"),
        (("diagnose", "--last", "²s"), 2, "no duration"),
        (("diagnose", "no/such/folder"), 2, "there is no folder no/such/folder"),
        (("diagnose", "."), 2, "there is no recording.json in it"),
        (("diagnose", "x" * 300), 2, "x"),
        (("diagnose", "--last", "10m"), 3, "firedrill: no telemetry in "),
        (("record", "--out", "r"), 3, "firedrill: no telemetry in "),
        (("kb", "show", "inc-none"), 2, "the knowledge base has no entry 'inc-none'"),
        (("kb", "search", ""), 2, "the search is empty"),
        (("ask", "why?", "--incident", "inc-none"), 2, "there is no incident 'inc-none'"),
        (("ask", " "), 2, "the question is empty"),
        (("drill", "run", "no-such-drill"), 2, "no-such-drill"),
        (("drill", "run", "bad-version-catalog"), 3, "no Firedrill server answers"),
        (("--config", "no.toml", "doctor"), 2, "there is no settings file"),
    ],
)
def test_bad_input_gets_a_reason_and_an_exit_code(
    firedrill: Callable[..., Ran], home: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    before = sorted(path.name for path in home.iterdir())
    ended, out, error = firedrill(*arguments)
    assert ended == code
    assert said in error
    assert out == ""
    assert "Traceback" not in error
    assert error.startswith("usage:") or len(error.splitlines()) == 1
    assert {*before, ".firedrill"} >= {path.name for path in home.iterdir()}


@pytest.mark.parametrize(
    "command",
    ["down", "status", "doctor", "diagnose --last 1m", "record --out r", "ask why?", "kb list", "drill list"],
)
def test_what_only_looks_leaves_no_folder_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, capfd: pytest.CaptureFixture[str]
) -> None:
    write_config(tmp_path)
    monkeypatch.chdir(tmp_path)
    run(command.split())
    assert [path.name for path in tmp_path.iterdir()] == ["firedrill.toml"]


def test_what_is_down_already_is_said_with_the_folder_looked_in(firedrill: Callable[..., Ran], home: Path) -> None:
    assert firedrill("down") == (Exit.DONE, f"nothing was running in {home / '.firedrill'}\n", "")


def test_a_doctor_finds_a_server_not_running_and_nothing_else_amiss(firedrill: Callable[..., Ran]) -> None:
    code, out, _ = firedrill("doctor")
    assert code == Exit.NOT_REACHABLE
    assert "not running" in out
    assert "pip install" not in out


def test_what_only_tests_need_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    *_, chromium = doctor._installed()
    assert (chromium.state, chromium.needed) == ("missing", False)


def test_stopping_a_demo_that_never_was_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["demo", "--stop"]) == Exit.DONE
    assert capfd.readouterr().out == "no demo was running\n"
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_setting_ends_every_command(firedrill: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIREDRILL_SERVER_PROT", "1")
    for command in ("doctor", "up", "down", "status", "serve", "ui", "demo"):
        code, _, error = firedrill(command)
        assert (code, "Did you mean 'FIREDRILL_SERVER_PORT'?" in error) == (Exit.BAD_INPUT, True), command


def test_a_doctor_tells_no_secrets(firedrill: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIREDRILL_SHOP_DATABASE_URL", "postgresql://eva:segredo@host/db")
    monkeypatch.setenv("FIREDRILL_MODEL_API_BASE", "https://eva:segredo@host/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-segredo")
    for arguments in (("doctor",), ("doctor", "--json")):
        _, out, error = firedrill(*arguments)
        assert "segredo" not in out + error
        assert "https://***@host/v1" in out
        assert "FIREDRILL_SHOP_DATABASE_URL" in out


def test_text_from_elsewhere_cannot_drive_the_terminal(
    firedrill: Callable[..., Ran], home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert printable("a\x1b[31mvermelho\u202e\r\n\tção") == "a [31mvermelho  \n\tção"
    print_table(("a",), [("\x1b[2J[bold]não[/bold]",)])
    out = capfd.readouterr().out
    assert "\x1b" not in out
    assert "[bold]não[/bold]" in out


@pytest.mark.parametrize(("columns", "is_table"), [(120, True), (60, True), (45, False), (20, False)])
def test_what_people_copy_stays_in_one_piece_however_narrow_the_terminal(
    monkeypatch: pytest.MonkeyPatch, columns: int, is_table: bool
) -> None:
    terminal = io.StringIO()
    terminal.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", str(columns))
    ids = ["fila-parada-9300869c16", "a", "kube-api-down-14fc94cedf"]
    title = "um título que não acaba e não acaba"
    print_table(("id", "title", "fault"), [(id_, title, "bad_version") for id_ in ids], whole=("id",))
    out = re.sub(r"\x1b\[\d*m", "", terminal.getvalue())
    assert all(re.search(rf"(?m)\b{id_}( |$)", out) for id_ in ids)
    assert "…" not in out
    assert ("┃" in out) is is_table
    assert not is_table or max(map(len, out.splitlines())) <= columns


def test_a_cell_that_is_too_long_goes_on_in_the_next_line(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.StringIO()
    terminal.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", "30")
    print_table(("what",), [("a" * 70,)])
    assert terminal.getvalue().count("a") == 71


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_a_reader_that_has_seen_enough_is_no_error(home: Path, form: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "ui.cli", "--config", str(home / "firedrill.toml"), "doctor", *form],
            cwd=Path(__file__).parents[2],
            check=False,
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (Exit.DONE, "")


def test_help_loads_nothing_heavy_and_is_quick(tmp_path: Path) -> None:
    program = (
        "import sys, ui.cli\n"
        "try: ui.cli.run(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'pandas', 'numpy', 'pydantic', 'httpx', 'torch', 'chromadb', 'fastapi', 'rich', 'sqlalchemy'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[2],
        check=True,
        capture_output=True,
        text=True,
    )
    assert time.monotonic() - began < 2  # Half a second on a machine that does nothing else.
    assert done.stdout.splitlines()[-1] == "[]"


def test_every_command_has_a_file_of_its_own() -> None:
    commands = Path(__file__).parents[2] / "ui" / "commands"
    for words in (["up"], ["serve"], ["ui"], ["demo"], ["doctor"], ["kb", "list"], ["drill", "list"], ["ask", "x"]):
        assert (commands / f"{build_parser().parse_args(words).module}.py").is_file()


def test_what_is_missing_is_named_with_what_brings_it() -> None:
    missing = ModuleNotFoundError("No module named 'locust'", name="locust")
    assert exit_code_of(missing) is Exit.NOT_REACHABLE
    assert "make install" in in_words(missing)
    assert exit_code_of(ModuleNotFoundError("x", name="chaos.shop.gone")) is None
    assert exit_code_of(ZeroDivisionError()) is None


def test_who_asks_to_end_while_things_are_stopped_is_obeyed_afterwards(capfd: pytest.CaptureFixture[str]) -> None:
    finished: list[str] = []

    def stop_everything() -> None:
        with undisturbed(), undisturbed():
            signal.raise_signal(signal.SIGINT)
            finished.append("all of it")

    with pytest.raises(KeyboardInterrupt):
        stop_everything()
    assert finished == ["all of it"]
    assert "a moment, please" in capfd.readouterr().err
