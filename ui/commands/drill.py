from __future__ import annotations

import argparse
from pathlib import Path

from chaos import DrillRunner, Sandbox, find_experiment, list_experiments
from ui.commands.output import print_json, print_table, say
from ui.commands.results import drill_table
from ui.connect import NothingToAsk, assistant, running_server, server_url
from ui.exits import Exit
from ui.server.workspace import DRILLS_FOLDER, SANDBOX_FOLDER, TELEMETRY_FILE
from ui.settings import Settings
from ui.settings_reading import LoadedSettings, load_settings


def run(arguments: argparse.Namespace) -> Exit:
    """List drills, or run some."""
    loaded = load_settings(file=arguments.config)
    if arguments.action == "list":
        return _list(loaded, as_json=arguments.json)
    return _run(loaded.settings, arguments.names, as_json=arguments.json)


def _list(loaded: LoadedSettings, *, as_json: bool) -> Exit:
    try:
        with assistant(loaded) as client:
            done = client.drills()
    except NothingToAsk:
        done = []  # Nothing was ever run here, and what could be is known all the same.
    latest = {str(one["name"]): one for one in reversed(done)}
    experiments = list_experiments()
    if as_json:
        print_json(
            [
                {"name": one.name, "title": one.title, "fault": one.truth.kind, "last": latest.get(one.name)}
                for one in experiments
            ]
        )
        return Exit.DONE
    rows = [(one.name, one.title, _last(latest.get(one.name))) for one in experiments]
    print_table(("name", "what it does", "last run"), rows)
    return Exit.DONE


def _run(settings: Settings, names: list[str], *, as_json: bool) -> Exit:
    # All are read before the first is run: a typing error in the last name should not cost the drills before it.
    experiments = [find_experiment(name) for name in names]
    with running_server(settings) as client:
        workspace = Path(client.status().workspace)
        sandbox = Sandbox(workspace / SANDBOX_FOLDER)
        sandbox.state()
        runner = DrillRunner(
            assistant=client,
            server_url=server_url(settings),
            telemetry=workspace / TELEMETRY_FILE,
            sandbox=sandbox.state_path,
            folder=workspace / DRILLS_FOLDER,
            told=say,
        )
        results = []
        for experiment in experiments:
            say(f"{experiment.name}: {experiment.title}")
            results.append(runner.run(experiment))
    if as_json:
        print_json([one.summary() for one in results])
    else:
        drill_table(results)
    return Exit.DONE if all(one.score.right and one.invalid is None for one in results) else Exit.ANSWER_IS_NO


def _last(result: dict[str, object] | None) -> str:
    if result is None:
        return "never"
    if result.get("invalid"):
        return f"invalid: {result['invalid']}"
    verdict = "right" if result.get("right") else "wrong"
    return f"detected, {verdict}" if result.get("detected") else "not detected"
