from __future__ import annotations

import argparse

from assistant.knowledge_client import KnowledgeClient
from assistant.knowledge_values import WrittenEntry
from knowledge_base import Entry, EntryDraft, marks_of
from ui.bad_use import BadUse
from ui.commands.knowledge import CAREFUL
from ui.commands.output import print_json, printable, say
from ui.connect import knowledge_assistant
from ui.editor import edited_text
from ui.exits import Exit
from ui.login import author_of
from ui.reading_entry import STANDARD_INPUT, draft_of, read_draft
from ui.settings_reading import LoadedSettings, load_settings


def run(arguments: argparse.Namespace) -> Exit:
    """Write entries: new ones, others instead of what was there, or as they once were."""
    loaded = load_settings(file=arguments.config)
    entry = {"add": _add, "edit": _edit, "restore": _restore}[arguments.action](loaded, arguments)
    if marks_of(entry):
        say(printable(f"{entry.id}: {CAREFUL}"))
    if arguments.json:
        print_json(entry)
    else:
        print(printable(f"{entry.id} {_done(arguments)}: {entry.title}"))
    return Exit.DONE


def _done(arguments: argparse.Namespace) -> str:
    if arguments.action == "restore":
        return f"is again as its revision {arguments.number} was"
    return {"add": "is kept as a draft", "edit": "is kept"}[str(arguments.action)]


def _add(loaded: LoadedSettings, arguments: argparse.Namespace) -> Entry:
    # Before the workspace is opened: whoever types should not keep others out of it meanwhile.
    draft = read_draft(arguments.file, say)
    if arguments.file == STANDARD_INPUT and "title" in draft.stands_in:
        raise BadUse("standard input gives no title; begin with a line such as `# Orders wait for a database`")
    entry_id = arguments.entry_id or (draft.entry.id if draft.own_id else "")
    with knowledge_assistant(loaded, may_make_workspace=True) as client:
        return client.knowledge.create(WrittenEntry.of(draft.entry), author_of(arguments), entry_id)


def _edit(loaded: LoadedSettings, arguments: argparse.Namespace) -> Entry:
    if arguments.file:
        draft = read_draft(arguments.file, say)
        with knowledge_assistant(loaded) as client:
            before, latest = _latest(client.knowledge, arguments.id)
            return client.knowledge.edit(_edited(before, draft), author_of(arguments), arguments.based_on or latest)
    with knowledge_assistant(loaded) as client:
        before, latest = _latest(client.knowledge, arguments.id)
        text = client.knowledge.markdown(arguments.id)
    with edited_text(text, f"{arguments.id}.md") as typed, knowledge_assistant(loaded) as client:
        after = _edited(before, draft_of(typed.encode(), "what was typed in", say))
        return client.knowledge.edit(after, author_of(arguments), arguments.based_on or latest)


def _restore(loaded: LoadedSettings, arguments: argparse.Namespace) -> Entry:
    with knowledge_assistant(loaded) as client:
        return client.knowledge.restore(arguments.id, arguments.number, author_of(arguments))


def _latest(knowledge: KnowledgeClient, entry_id: str) -> tuple[Entry, int]:
    """Give an entry, and the number of the revision that it is."""
    last = knowledge.revisions(entry_id)[-1]
    return last.entry, last.number


def _edited(before: Entry, draft: EntryDraft) -> Entry:
    """Give an entry with another text; what plain Markdown does not say stays as it was."""
    said = WrittenEntry.of(draft.entry)
    if draft.whole:
        changes = {name: getattr(said, name) for name in WrittenEntry.model_fields}
    else:
        changes = {
            name: value
            for name in WrittenEntry.model_fields
            if name not in {"kind", "provenance", *draft.stands_in} and (value := getattr(said, name))
        }
    return before.model_copy(update=changes)
