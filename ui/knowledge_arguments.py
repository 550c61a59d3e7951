"""The arguments of `firedrill kb`; each group of actions is carried out by a file of its own in `ui.commands`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Final

from ui.arguments import add_json, count

# The words of the values in `knowledge_base`, which take a while to import; a test keeps them equal.
STATUSES: Final = ("draft", "in_review", "approved", "deprecated")
KINDS: Final = ("incident", "runbook")
ACTIONS: Final = ("submit", "approve", "send-back", "reopen", "deprecate", "revive")
OUTCOMES: Final = ("helped", "wrong")
FORMATS: Final = ("markdown", "jsonl", "zip")


def add_knowledge_actions(knowledge: argparse.ArgumentParser) -> None:
    """Describe every action on the knowledge base."""
    actions = knowledge.add_subparsers(title="actions", metavar="ACTION", required=True, dest="action")
    _looking(actions)
    _writing(actions)
    _reviewing(actions)
    _exchanging(actions)
    rebuild = "make the index anew from the records (no server may run)"
    _action(actions, "rebuild", rebuild, "knowledge_index")
    _action(actions, "check", "compare the index with the records", "knowledge_index")


def _looking(actions: Any) -> None:
    search = _action(actions, "search", "find what looks like a text", "knowledge")
    search.add_argument("text", metavar="TEXT", help="what is happening, in plain words")
    search.add_argument("--limit", type=count, default=10, metavar="N", help="most entries to give (default 10)")
    _add_filters(search)
    search.add_argument("--approved-only", action="store_true", help="nothing that nobody has reviewed")
    listing = _action(actions, "list", "what is known, the last changed first", "knowledge")
    listing.add_argument("--status", choices=STATUSES, help="only entries that are this far")
    listing.add_argument(
        "--overdue", action="store_true", help="only entries that somebody should have looked at again"
    )
    listing.add_argument("--limit", type=count, default=1000, metavar="N", help="most entries to list (default 1000)")
    _add_filters(listing)
    show = _action(actions, "show", "one entry", "knowledge")
    _add_id(show)
    show.add_argument("--history", action="store_true", help="also who changed it, when, and what")
    show.add_argument("--markdown", action="store_true", help="as Markdown with front matter, to be edited")
    diff = _action(actions, "diff", "what differs between two revisions of an entry", "knowledge")
    _add_id(diff)
    diff.add_argument("before", nargs="?", type=count, metavar="A", help="number of a revision (default: one earlier)")
    diff.add_argument("after", nargs="?", type=count, metavar="B", help="number of a revision (default: the last)")


def _writing(actions: Any) -> None:
    add = _action(actions, "add", "a new entry, from Markdown", "knowledge_writing")
    add.add_argument("file", metavar="FILE", help="a Markdown file, or - for standard input")
    add.add_argument("--id", dest="entry_id", metavar="ID", help="what to call it (default: made of its title)")
    _add_author(add)
    edit = _action(actions, "edit", "another text for an entry", "knowledge_writing")
    _add_id(edit)
    edit.add_argument("file", nargs="?", metavar="FILE", help="a Markdown file, or - (default: open $EDITOR)")
    edit.add_argument(
        "--based-on", type=count, metavar="N", help="revision that the file was made from; refused if there is a later"
    )
    _add_author(edit)
    restore = _action(actions, "restore", "an entry again as a revision had it", "knowledge_writing")
    _add_id(restore)
    restore.add_argument("number", type=count, metavar="N", help="number of the revision; `kb show ID --history`")
    _add_author(restore)


def _reviewing(actions: Any) -> None:
    review = _action(actions, "review", "a step on the way to being known, or off it", "knowledge_review")
    _add_id(review)
    review.add_argument("step", choices=ACTIONS)
    _add_author(review)
    _add_note(review)
    duplicates = _action(actions, "duplicates", "entries that may tell the same", "knowledge_review")
    duplicates.add_argument("--limit", type=count, default=100, metavar="N", help="most pairs to list (default 100)")
    merge = _action(actions, "merge", "one entry of two; the other is deprecated", "knowledge_review")
    merge.add_argument("keep", metavar="KEEP", help="id of the entry that stays")
    merge.add_argument("other", metavar="OTHER", help="id of the entry that is merged into it")
    merge.add_argument(
        "--take",
        action="append",
        default=[],
        metavar="FIELD",
        help="a field whose text is taken from OTHER, such as cause; may be given again",
    )
    merge.add_argument(
        "--both",
        action="append",
        default=[],
        metavar="FIELD",
        help="a text that is KEEP's and OTHER's, one after the other, such as notes; may be given again",
    )
    _add_author(merge)
    distinct = _action(actions, "distinct", "say that two entries tell different things", "knowledge_review")
    distinct.add_argument("keep", metavar="ONE", help="id of an entry")
    distinct.add_argument("other", metavar="OTHER", help="id of the other")
    _add_author(distinct)
    judge = _action(actions, "judge", "say what became of an entry that was found", "knowledge_review")
    _add_id(judge)
    judge.add_argument("outcome", choices=OUTCOMES)
    judge.add_argument("--recall", default="", metavar="ID", help="the search that found it; `kb search` names it")
    _add_author(judge)
    _add_note(judge)
    outcomes = _action(
        actions, "outcomes", "what people made of what was found, and what that changed", "knowledge_review"
    )
    outcomes.add_argument("--limit", type=count, default=100, metavar="N", help="most lines to give (default 100)")


def _exchanging(actions: Any) -> None:
    text = "entries from Markdown, HTML or JSON Lines: a file, a folder, a Git checkout or a zip; shown before written"
    bringing = _action(actions, "import", text, "knowledge_exchange")
    bringing.add_argument("path", type=Path, metavar="PATH")
    bringing.add_argument("--preview", action="store_true", help="only show what would be done")
    bringing.add_argument("--yes", action="store_true", help="do not ask")
    bringing.add_argument(
        "--keep-review", action="store_true", help="take the review status as our own exports have it (to restore one)"
    )
    _add_author(bringing)
    taking = _action(actions, "export", "every entry, to be kept or imported elsewhere", "knowledge_exchange")
    taking.add_argument(
        "--format",
        choices=FORMATS,
        required=True,
        help="a folder of Markdown, one JSON Lines file, or a zip of Markdown",
    )
    taking.add_argument("--out", type=Path, required=True, metavar="PATH", help="a new file, or a folder")
    _add_filters(taking)


def _action(actions: Any, name: str, text: str, module: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, help=text, description=text)
    parser.set_defaults(module=module)
    add_json(parser)
    return parser


def _add_id(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID")


def _add_author(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--author", metavar="NAME", help="who does this (default: your login name)")


def _add_note(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--note", default="", metavar="TEXT", help="why")


def _add_filters(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--kind", choices=KINDS, help="incidents or runbooks only")
    parser.add_argument("--service", default="", metavar="NAME", help="only entries that name this service")
    parser.add_argument(
        "--environment", default="", metavar="NAME", help="only entries of it, or of none in particular"
    )
    parser.add_argument("--team", default="", metavar="NAME", help="only entries of this team")
    parser.add_argument("--fault-kind", default="", metavar="KIND", help="only entries of this kind of fault")
