"""The command line: parses, hands over to `ui.commands`, and turns errors into words and exit codes.

Nothing heavy is imported here; each command brings what it needs when it runs.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NoReturn

from ui import __version__
from ui.arguments import add_json, count, duration, latenesses
from ui.exits import Exit
from ui.interruption import end_as_with_ctrl_c
from ui.knowledge_arguments import add_knowledge_actions
from ui.offline import stay_offline

_DESCRIPTION: Final = "Breaks a system on purpose, remembers what that looked like, and recognises it in an accident."
_INTERRUPTED: Final = 130  # As shells number it.


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and exit with its code."""
    stay_offline()
    end_as_with_ctrl_c()
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code."""
    parsed = build_parser().parse_args(arguments)
    try:
        command: Callable[[argparse.Namespace], int] = importlib.import_module(f"ui.commands.{parsed.module}").run
        code = int(command(parsed))
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return _INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output, such as `head`, has seen enough; the rest goes nowhere, quietly.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.DONE
    except Exception as error:
        from ui.failures import exit_code_of, in_words  # noqa: PLC0415 - knows every package's errors, and brings them

        failed = exit_code_of(error)
        if failed is None:
            raise
        print(f"firedrill: {in_words(error)}", file=sys.stderr)
        return failed
    return code


def build_parser() -> argparse.ArgumentParser:
    """Describe every command."""
    parser = argparse.ArgumentParser(prog="firedrill", description=_DESCRIPTION)
    parser.add_argument("--version", action="version", version=f"firedrill {__version__}")
    parser.add_argument("--config", type=Path, help="settings file (default: firedrill.toml here)")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    demo = _command(commands, "demo", "the whole story: start everything, five drills, the table, the chat")
    demo.add_argument("--no-ui", action="store_true", help="stop everything after the table")
    demo.add_argument("--stop", action="store_true", help="stop everything that a demo started")
    add_json(demo)

    for name, text in (
        ("up", "start collector, server, shop, load and pages in the background"),
        ("down", "stop everything that `up` or `demo` started"),
        ("status", "what runs, and how the system is"),
    ):
        background = _command(commands, name, text, module="background")
        add_json(background)
        if name == "up":
            background.add_argument("--no-shop", action="store_true", help="watch your own system instead of the shop")
    _command(commands, "serve", "the API, in the foreground")
    _command(commands, "ui", "the pages, in the foreground", module="pages")

    drill = _command(commands, "drill", "experiments that break the shop on purpose")
    actions = drill.add_subparsers(title="actions", metavar="ACTION", required=True, dest="action")
    add_json(actions.add_parser("list", help="what can be run, and what came of it"))
    running = actions.add_parser("run", help="run drills one after the other")
    running.add_argument("names", nargs="+", metavar="NAME", help="an experiment's name, or its file")
    add_json(running)

    record = _command(commands, "record", "freeze the latest telemetry as a recording")
    record.add_argument("--last", type=duration, default=600, metavar="10m", help="how much (default 10m)")
    record.add_argument("--out", type=Path, required=True, help="folder to make")
    add_json(record)

    diagnose = _command(commands, "diagnose", "ranked causes with their evidence")
    what = diagnose.add_mutually_exclusive_group(required=True)
    what.add_argument("recording", nargs="?", type=Path, help="folder of a recording")
    what.add_argument("--last", type=duration, metavar="10m", help="diagnose the latest telemetry instead")
    diagnose.add_argument("--html", type=Path, metavar="FILE", help="also write a report that opens in any browser")
    add_json(diagnose)

    ask = _command(commands, "ask", "an answer with citations")
    ask.add_argument("question", help='such as "what is wrong with checkout?"')
    ask.add_argument("--incident", metavar="ID", help="about this incident instead of the system now")
    add_json(ask)

    add_knowledge_actions(_command(commands, "kb", "the knowledge base", module="knowledge"))
    _evaluate(commands)
    add_json(_command(commands, "doctor", "what is configured, reachable, missing"))
    return parser


def _evaluate(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    evaluate = _command(commands, "evaluate", "how good the answers are, measured where they are known")
    measures = evaluate.add_subparsers(title="measures", metavar="MEASURE", required=True, dest="measure")
    text = "run the diagnosis over recordings, and score it where the truth is known"
    diagnosis = measures.add_parser("diagnosis", help=text, description=text)
    diagnosis.add_argument("sets", nargs="+", type=Path, metavar="SET", help="a set, a folder of sets, or a recording")
    diagnosis.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="where the lines go, such as r.jsonl"
    )
    diagnosis.add_argument("--truth", action="store_true", help="then score the lines with what is known to be true")
    diagnosis.add_argument(
        "--late",
        type=latenesses,
        metavar="0,30",
        help="seconds the alarm is late (default 0; with --truth 0,30,60,120)",
    )
    diagnosis.add_argument(
        "--without", action="append", default=[], metavar="PART", help="leave out a part of the engine, or a table"
    )
    diagnosis.add_argument("--ablation", action="store_true", help="also leave out each part in turn (needs --truth)")
    diagnosis.add_argument("--jobs", type=count, metavar="N", help="processes at once (default: one a processor)")
    add_json(diagnosis)

    text = "ask the knowledge base questions whose right answers are known"
    retrieval = measures.add_parser("retrieval", help=text, description=text)
    retrieval.set_defaults(module="evaluate_retrieval")
    places = "a folder of runbooks and questions, a file of incidents or a folder of such, or recordings of drills"
    retrieval.add_argument("sets", nargs="+", type=Path, metavar="SET", help=places)
    retrieval.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="where the answers go, such as r.jsonl"
    )
    retrieval.add_argument(
        "--jobs", type=count, metavar="N", help="recordings diagnosed at once (default: one a processor)"
    )
    add_json(retrieval)


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, text: str, *, module: str | None = None
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(module=module or name, command=name)
    return parser


if __name__ == "__main__":
    main()
