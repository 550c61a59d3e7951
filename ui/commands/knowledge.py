from __future__ import annotations

import argparse
from typing import Final

from assistant.client import AssistantClient
from assistant.knowledge_client import KnowledgeClient
from knowledge_base import Entry, FieldChange, Filters, Match, ReviewStatus, differences, marks_of
from ui.bad_use import BadUse
from ui.commands.output import print_json, print_table, printable, say
from ui.connect import knowledge_assistant
from ui.exits import Exit
from ui.settings_reading import load_settings

_PAGE = 1000
_STATUS_IN_WORDS = {
    ReviewStatus.DRAFT: "draft, unreviewed",
    ReviewStatus.IN_REVIEW: "in review",
    ReviewStatus.APPROVED: "approved",
    ReviewStatus.DEPRECATED: "deprecated",
}
_REASONS_SHOWN = 2
CAREFUL: Final = "Careful: this text gives orders to an assistant. It is shown as text, and nothing obeys it."


def run(arguments: argparse.Namespace) -> Exit:
    """Search what is known, list it, and show how an entry came to be."""
    loaded = load_settings(file=arguments.config)
    if arguments.action == "search" and not arguments.text.strip():
        raise BadUse("the search is empty; say what is happening")
    actions = {"search": _search, "list": _list, "show": _show, "diff": _diff}
    with knowledge_assistant(loaded) as client:
        return actions[arguments.action](client, arguments)


def filters_of(arguments: argparse.Namespace) -> Filters:
    """Say what entries have to be, as it was asked for."""
    return Filters(
        kind=arguments.kind,
        service=arguments.service,
        environment=arguments.environment,
        team=arguments.team,
        fault_kind=arguments.fault_kind,
        approved_only=getattr(arguments, "approved_only", False),
    )


def print_changes(changes: list[FieldChange]) -> None:
    """Print what differs, field by field."""
    for change in changes:
        if change.lines:
            print(printable("\n".join((f"{change.field}:", *(f"  {line}" for line in change.lines)))))
        else:
            print(printable(f"{change.field}: {change.before or '(nothing)'} -> {change.after or '(nothing)'}"))


def _search(client: AssistantClient, arguments: argparse.Namespace) -> Exit:
    found = client.knowledge.search(arguments.text, arguments.limit, filters_of(arguments))
    if arguments.json:
        print_json(found)
    elif not found.matches:
        print("nothing similar is known")
    else:
        rows = [_match_row(match) for match in found.matches]
        print_table(("score", "id", "title", "status", "why"), rows, whole=("id",))
        say(f"say what became of one: `firedrill kb judge ID helped --recall {found.recall_id}`, or wrong")
    return Exit.DONE if found.matches else Exit.ANSWER_IS_NO


def _match_row(match: Match) -> tuple[str, ...]:
    entry = match.entry
    why = "; ".join(match.why[:_REASONS_SHOWN])
    return (f"{match.score:.2f}", entry.id, entry.title, _status(entry), why)


def _status(entry: Entry) -> str:
    """Say how far an entry is vouched for, and what is odd about it."""
    return ", ".join((_STATUS_IN_WORDS[entry.status], *(mark.replace("_", " ") for mark in marks_of(entry))))


def _list(client: AssistantClient, arguments: argparse.Namespace) -> Exit:
    entries = _entries(client.knowledge, arguments)
    if arguments.json:
        print_json(entries)
        return Exit.DONE
    if not entries:
        print("no entry is like that; `firedrill kb import PATH` brings runbooks and post-mortems in")
        return Exit.DONE
    rows = [
        (
            one.id,
            one.title,
            one.kind,
            one.fault_kind or "-",
            _status(one),
            one.review_by.isoformat() if one.review_by else "-",
        )
        for one in entries
    ]
    print_table(("id", "title", "kind", "fault", "status", "review by"), rows, whole=("id",))
    if len(entries) == arguments.limit:
        say(f"there may be more than these {len(entries)}; --limit gives more")
    return Exit.DONE


def _entries(knowledge: KnowledgeClient, arguments: argparse.Namespace) -> list[Entry]:
    status = ReviewStatus(arguments.status) if arguments.status else None
    entries: list[Entry] = []
    while len(entries) < arguments.limit:
        page = knowledge.entries(
            filters_of(arguments),
            status=status,
            overdue=arguments.overdue,
            limit=min(_PAGE, arguments.limit - len(entries)),
            offset=len(entries),
        )
        entries += page
        if len(page) < _PAGE:
            break
    return entries


def _show(client: AssistantClient, arguments: argparse.Namespace) -> Exit:
    knowledge = client.knowledge
    entry = knowledge.entry(arguments.id)
    revisions = knowledge.revisions(arguments.id) if arguments.history else []
    if arguments.json:
        print_json({"entry": entry, "revisions": revisions} if arguments.history else entry)
        return Exit.DONE
    if arguments.markdown:
        print(knowledge.markdown(arguments.id), end="")
        return Exit.DONE
    print(printable(_in_words(entry)))
    if arguments.history:
        print("\nHistory:")
    for number, revision in enumerate(revisions):
        said = f", {revision.note}" if revision.note else ""
        by = f" by {revision.author}" if revision.author else ""
        print(printable(f"\n{revision.number}. {revision.at:%Y-%m-%d %H:%M:%S} UTC{by}{said}"))
        if number:
            print_changes(list(differences(revisions[number - 1].entry, revision.entry)))
    return Exit.DONE


def _diff(client: AssistantClient, arguments: argparse.Namespace) -> Exit:
    changes = client.knowledge.differences(arguments.id, arguments.before, arguments.after)
    if arguments.json:
        print_json(changes)
    elif not changes:
        print("nothing differs")
    else:
        print_changes(changes)
    return Exit.DONE


def _in_words(entry: Entry) -> str:
    head = f"{entry.title}\n{entry.id}, {entry.kind}, {_STATUS_IN_WORDS[entry.status]}"
    if entry.review_by:
        head += f", to be looked at again by {entry.review_by}"
    parts = [head]
    if marks_of(entry):
        parts.append(CAREFUL)
    parts.append(_said("Symptoms", entry.symptoms))
    parts.append(_said("Cause", entry.cause or "not known yet"))
    parts.append(_said("Fix", entry.fix or "not known yet"))
    if entry.notes:
        parts.append(f"Notes:\n{entry.notes}")
    lines = [f"{name}: {value}" for name, value in _labels(entry) if value]
    return "\n\n".join([*parts, "\n".join(lines)] if lines else parts)


def _said(label: str, text: str) -> str:
    # A list that begins behind a label is hard to read.
    return f"{label}:\n{text}" if "\n" in text else f"{label}: {text}"


def _labels(entry: Entry) -> list[tuple[str, str]]:
    provenance = ", ".join(f"{key} {value}" for key, value in sorted(entry.provenance.items()))
    return [
        ("Services", ", ".join(entry.services)),
        ("Operations", ", ".join(entry.operations)),
        ("Signals", ", ".join(entry.signals)),
        ("Kind of fault", entry.fault_kind or ""),
        ("Severity", entry.severity or ""),
        ("Environment", entry.environment),
        ("Team", entry.team),
        ("Merged from", ", ".join(origin.id for origin in entry.merged_from)),
        ("From", provenance),
    ]
