from __future__ import annotations

import argparse
from functools import partial

from ui.commands.output import print_json
from ui.connect import knowledge_assistant
from ui.exits import Exit
from ui.progress import progress_bar
from ui.settings import Settings
from ui.settings_reading import LoadedSettings, load_settings


def run(arguments: argparse.Namespace) -> Exit:
    """Make the index anew, or say how it stands to the records."""
    loaded = load_settings(file=arguments.config)
    if arguments.action == "rebuild":
        return _rebuild(loaded.settings, as_json=arguments.json)
    return _check(loaded, as_json=arguments.json)


def _rebuild(settings: Settings, *, as_json: bool) -> Exit:
    from ui.server.workspace import rebuild_knowledge  # noqa: PLC0415 - brings Chroma and the model

    with progress_bar() as told:
        count = rebuild_knowledge(settings, partial(told, "indexing"))
    if as_json:
        print_json({"entries": count})
    else:
        print(f"the index holds {count} entries again")
    return Exit.DONE


def _check(loaded: LoadedSettings, *, as_json: bool) -> Exit:
    with knowledge_assistant(loaded) as client:
        state = client.knowledge.index_state()
    if as_json:
        print_json(state)
    else:
        if state.repaired:
            print(f"repaired at the start: {state.repaired}")
        print(state.differences or f"the index is in step with the records: {state.entries} entries")
    return Exit.DONE if state.in_step else Exit.ANSWER_IS_NO
