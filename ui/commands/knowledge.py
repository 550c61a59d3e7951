from __future__ import annotations

import argparse
import sys

from assistant.client import AssistantClient
from knowledge_base import Entry
from ui.bad_use import BadUse
from ui.commands.output import print_json, print_table, printable
from ui.connect import assistant
from ui.exits import Exit
from ui.settings import Settings
from ui.settings_reading import load_settings

_MOST_LISTED = 1000


def run(arguments: argparse.Namespace) -> Exit:
    """Search, list, show or rebuild what is known."""
    settings = load_settings(file=arguments.config).settings
    if arguments.action == "rebuild":
        return _rebuild(settings, as_json=arguments.json)
    if arguments.action == "search" and not arguments.text.strip():
        raise BadUse("the search is empty; say what is happening")
    with assistant(settings) as client:
        return {"search": _search, "list": _list, "show": _show}[arguments.action](client, arguments)


def _search(client: AssistantClient, arguments: argparse.Namespace) -> Exit:
    matches = client.search_entries(arguments.text)
    if arguments.json:
        print_json(matches)
    elif not matches:
        print("nothing similar is known")
    else:
        rows = [(f"{one.score:.2f}", one.entry.id, one.entry.title, one.entry.status) for one in matches]
        print_table(("score", "id", "title", "status"), rows)
    return Exit.DONE if matches else Exit.ANSWER_IS_NO


def _list(client: AssistantClient, arguments: argparse.Namespace) -> Exit:
    entries = client.entries(limit=_MOST_LISTED)
    if arguments.json:
        print_json(entries)
    else:
        print_table(
            ("id", "title", "kind", "status"),
            [(one.id, one.title, one.fault_kind or "-", one.status) for one in entries],
        )
    return Exit.DONE


def _show(client: AssistantClient, arguments: argparse.Namespace) -> Exit:
    entry = client.entry(arguments.id)
    if arguments.json:
        print_json(entry)
    else:
        print(printable(_in_words(entry)))
    return Exit.DONE


def _rebuild(settings: Settings, *, as_json: bool) -> Exit:
    from ui.server.workspace import rebuild_knowledge  # noqa: PLC0415 - brings Chroma and the model

    count = rebuild_knowledge(settings, _tell_progress)
    if as_json:
        print_json({"entries": count})
    else:
        print(f"the index holds {count} entries again")
    return Exit.DONE


def _tell_progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\rindexed {done} of {total}" + ("\n" if done == total else ""))


def _in_words(entry: Entry) -> str:
    parts = [f"{entry.title}\n{entry.id}, {entry.kind}, {entry.status}", f"Symptoms: {entry.symptoms}"]
    parts.append(f"Cause: {entry.cause or 'not known yet'}")
    parts.append(f"Fix: {entry.fix or 'not known yet'}")
    if entry.services:
        parts.append(f"Services: {', '.join(entry.services)}")
    return "\n\n".join(parts)
