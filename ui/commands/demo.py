from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from chaos import alone, end_running
from ui.background import PAGES, Background
from ui.commands.output import print_json, say
from ui.commands.results import drill_table
from ui.demo.story import DemoResult, Told, tell
from ui.demo.workspace import demo_settings, make_room
from ui.exits import Exit
from ui.settings import Settings
from ui.settings_reading import load_settings

_POLL_SECONDS = 0.5


def run(arguments: argparse.Namespace) -> Exit:
    """Tell the whole story, print the table, and leave the chat open; or stop what an earlier demo left."""
    loaded = load_settings(file=arguments.config)
    settings = demo_settings(loaded.settings)
    background = Background(settings, config=loaded.file)
    lock = loaded.settings.workspace.path / "demo.lock"
    if arguments.stop:
        ended = end_running(lock, "a demo")
        left = background.stop()
        print(f"stopped {', '.join(left)}" if left else "stopped the demo" if ended else "no demo was running")
        return Exit.DONE
    with alone(lock, "a demo"):
        if left := background.stop():
            say(f"stopped what an earlier demo had left running: {', '.join(left)}")
        result = _tell(background, settings, arguments)
    return Exit.DONE if result.convincing else Exit.ANSWER_IS_NO


def _tell(background: Background, settings: Settings, arguments: argparse.Namespace) -> DemoResult:
    pages = not arguments.no_ui
    background.require_room(pages=pages)  # Before anything of the demo before is moved.
    if (aside := make_room(settings.workspace.path)) is not None:
        say(f"the demo before is kept in {aside}, in place of the one before that")
    keep_running = False
    try:
        with _progress() as told:
            result = tell(background, told, pages=pages)
        _print(result, as_json=arguments.json)
        # With a terminal we stay until Ctrl-C; without one nobody could press it, so `--stop` has to do.
        keep_running = pages and not sys.stdin.isatty()
        if pages:
            say(f"The chat is open at http://localhost:{settings.pages.port}, with these incidents in it.")
            stop = "`make demo-stop` stops" if keep_running else "Ctrl-C (or `make demo-stop`) stops"
            say(f"{stop} everything.")
        if pages and not keep_running:
            _wait_for_stop(background)
    finally:
        if not keep_running:
            background.stop()
    return result


def _wait_for_stop(background: Background) -> None:
    try:
        while background.processes.find(PAGES) is not None:
            time.sleep(_POLL_SECONDS)
    except KeyboardInterrupt:
        say("stopping")


def _print(result: DemoResult, *, as_json: bool) -> None:
    if as_json:
        print_json(result.summary())
        return
    drill_table(result.drills)
    quiet = result.quiet
    alarms = f"{quiet.false_alarms} false alarms" if quiet.false_alarms else "no false alarms"
    print(f"Quiet run: {quiet.minutes:.1f} minutes under the same load, {alarms}.")
    if quiet.problem:
        print(f"The quiet run proves nothing: {quiet.problem}.")


@contextmanager
def _progress() -> Iterator[Told]:
    if not sys.stderr.isatty():
        yield lambda text, done, total: say(f"[{done}/{total}] {text}")
        return
    columns = (
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=None)
        yield lambda text, done, total: progress.update(task, description=text, completed=done, total=total)
