from __future__ import annotations

from contract_server import World
from opened_app import OpenApp, everything_said, in_address, opened_page, press
from streamlit.testing.v1 import AppTest

from assistant.knowledge_values import FileProblem, ImportJob, ImportState, PlannedFile
from ui.pages.knowledge.import_view import in_words, problem_rows


def opened(open_app: OpenApp, url: str, **address: str) -> AppTest:
    return opened_page(open_app, url, "knowledge", tab="import", **address)


def worked_off(app: AppTest) -> AppTest:
    """Draw the page until the import is over, as a browser would twice a second."""
    for _ in range(5):
        app.run()
    return app


def test_uploaded_files_are_previewed_before_anything_is_written(
    world: World, server_url: str, open_app: OpenApp
) -> None:
    app = opened(open_app, server_url)
    app.file_uploader[0].set_value([("a.md", b"# A", "text/markdown"), ("bad.md", b"\0", "text/markdown")])
    press(app, "Preview these files")
    assert [job.dry_run for job in world.known.jobs.values()] == [True]
    worked_off(app)
    assert not app.exception
    assert "2 files\\: 1 new" in everything_said(app)
    problems, planned = (frame.value for frame in app.dataframe)
    assert list(problems["what is amiss"]) == ["This is no text: it is binary."]
    assert list(planned["title"]) == ["**a.md** says what to do"]
    assert all(job.dry_run for job in world.known.jobs.values())


def test_what_is_written_is_what_was_previewed(world: World, server_url: str, open_app: OpenApp) -> None:
    app = opened(open_app, server_url)
    app.text_input(key="author").set_value("Zoë").run()
    app.file_uploader[0].set_value([("a.md", b"# A", "text/markdown")])
    worked_off(press(app, "Preview these files"))
    press(app, "Write 1 entry")
    job = world.known.jobs["i-2"]
    assert (job.dry_run, job.author, [file.name for file in job.files]) == (False, "Zoë", ["a.md"])
    worked_off(app)
    assert "1 entry is written" in everything_said(app)
    assert in_address(app, "job") == "i-2"


def test_progress_is_shown_while_it_works(world: World, server_url: str, open_app: OpenApp) -> None:
    world.known.jobs["i-9"] = ImportJob(id="i-9", source="/srv", dry_run=False, total=4)
    app = opened(open_app, server_url, job="i-9")
    assert "It goes on when you leave this page" in everything_said(app)


def test_a_folder_of_the_servers_machine_is_previewed(world: World, server_url: str, open_app: OpenApp) -> None:
    app = opened(open_app, server_url)
    app.text_input(key="import_path").set_value("/srv/runbooks")
    worked_off(press(app, "Preview this folder"))
    assert "Preview of \\/srv\\/runbooks" in everything_said(app)
    press(app, "Choose something else")
    assert in_address(app, "job") is None


def test_a_folder_that_is_not_there_is_refused_plainly(server_url: str, open_app: OpenApp) -> None:
    app = opened(open_app, server_url)
    app.text_input(key="import_path").set_value("/srv/missing")
    press(app, "Preview this folder")
    assert "there is no folder /srv/missing" in everything_said(app).replace("\\", "")
    assert in_address(app, "job") is None


def test_nothing_chosen_says_what_to_choose(world: World, server_url: str, open_app: OpenApp) -> None:
    app = press(opened(open_app, server_url), "Preview these files")
    assert "Choose at least one file" in everything_said(app)
    app = press(opened(open_app, server_url), "Preview this folder")
    assert "Write which folder" in everything_said(app)
    assert not world.known.jobs


def test_an_import_that_the_server_forgot_says_so(server_url: str, open_app: OpenApp) -> None:
    app = opened(open_app, server_url, job="i-77")
    assert not app.exception
    assert "not known any longer" in everything_said(app)


def test_a_preview_whose_files_are_not_at_hand_asks_for_them_again(
    world: World, server_url: str, open_app: OpenApp
) -> None:
    done = {"state": ImportState.DONE, "counts": {"new": 1}}
    world.known.jobs["i-9"] = ImportJob(id="i-9", source="1 file", dry_run=True).model_copy(update=done)
    assert "choose the files again" in everything_said(opened(open_app, server_url, job="i-9"))


def test_an_import_is_said_in_words_at_every_step() -> None:
    job = ImportJob(id="i", source="/srv", dry_run=False, total=3, done=1)
    said = {state: in_words(job.model_copy(update={"state": state})) for state in ImportState}
    assert said[ImportState.WAITING] == "In the queue"
    assert said[ImportState.READING] == "Reading: 1 file so far"
    assert said[ImportState.WRITING] == "Writing: 1 of 3 entries"
    assert said[ImportState.DONE] == "0 files: no entries"


def test_errors_stand_before_warnings() -> None:
    problems = tuple(FileProblem(severity=severity, text=severity) for severity in ("note", "warning", "error"))
    job = ImportJob(id="i", source="/srv", dry_run=True, files=(PlannedFile(name="a.md", problems=problems),))
    assert [row["severity"] for row in problem_rows(job)] == ["error", "warning", "note"]
