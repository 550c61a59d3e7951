from __future__ import annotations

import argparse
import sys

from assistant.client import AssistantClient
from assistant.questions import Question, QuestionState
from ui.bad_use import BadUse
from ui.commands.output import print_json, printable, say
from ui.connect import assistant
from ui.exits import Exit
from ui.settings_reading import load_settings

_PATIENCE_SECONDS = 180.0


def run(arguments: argparse.Namespace) -> Exit:
    """Ask, and print the answer as it grows."""
    if not arguments.question.strip():
        raise BadUse("the question is empty; ask something, such as: what is wrong with checkout?")
    with assistant(load_settings(file=arguments.config)) as client:
        question = _ask(client, arguments.question, arguments.incident, quiet=arguments.json)
    if arguments.json:
        print_json(question)
    elif question.notice:
        say(f"note: {printable(question.notice)}")
    return Exit.DONE if question.state is QuestionState.DONE else Exit.NOT_REACHABLE


def _ask(client: AssistantClient, text: str, incident: str | None, *, quiet: bool) -> Question:
    printed = ""

    def show(question: Question) -> None:
        nonlocal printed
        if quiet:
            return
        if not question.answer.startswith(printed):
            # A model's answer was withdrawn, and ours follows.
            print("\n\n---\n")
            printed = ""
        sys.stdout.write(printable(question.answer[len(printed) :]))
        sys.stdout.flush()
        printed = question.answer

    asked = client.ask(text, incident)
    answered = client.wait_for_answer(asked.id, _PATIENCE_SECONDS, show)
    if printed:
        print()
    return answered
