from __future__ import annotations

import argparse

from assistant.client import AssistantClient
from knowledge_base import Choice, Entry, LedgerLine, ReviewAction, left_behind
from ui.bad_use import BadUse
from ui.commands.output import print_json, print_table
from ui.connect import knowledge_assistant
from ui.exits import Exit
from ui.login import author_of
from ui.settings_reading import load_settings


def run(arguments: argparse.Namespace) -> Exit:
    """Vouch for entries, make one of two, and say what became of what was found."""
    loaded = load_settings(file=arguments.config)
    actions = {
        "review": _review,
        "duplicates": _duplicates,
        "merge": _merge,
        "distinct": _distinct,
        "judge": _judge,
        "outcomes": _outcomes,
    }
    with knowledge_assistant(loaded) as client:
        return actions[arguments.action](client, arguments)


def _review(client: AssistantClient, arguments: argparse.Namespace) -> Exit:
    action = ReviewAction(arguments.step.replace("-", "_"))
    entry = client.knowledge.review(arguments.id, action, author_of(arguments), arguments.note)
    if arguments.json:
        print_json(entry)
    else:
        by = f", to be looked at again by {entry.review_by}" if entry.review_by else ""
        print(f"{entry.id} is {entry.status.replace('_', ' ')}{by}")
    return Exit.DONE


def _duplicates(client: AssistantClient, arguments: argparse.Namespace) -> Exit:
    pairs = client.knowledge.duplicates(limit=arguments.limit)
    if arguments.json:
        print_json(pairs)
    elif not pairs:
        print("no two entries seem to tell the same")
    else:
        rows = [(f"{pair.similarity:.2f}", pair.one, pair.other, f"{pair.found_at:%Y-%m-%d}") for pair in pairs]
        print_table(("alike", "one", "other", "found"), rows, whole=("one", "other"))
        print("`firedrill kb merge KEEP OTHER` makes one of two, `firedrill kb distinct ONE OTHER` keeps both")
    return Exit.DONE


def _merge(client: AssistantClient, arguments: argparse.Namespace) -> Exit:
    if twice := sorted(set(arguments.take) & set(arguments.both)):
        raise BadUse(f"{', '.join(twice)}: --take or --both, not each")
    choices: dict[str, Choice] = {
        **dict.fromkeys(arguments.take, "other"),
        **dict.fromkeys(arguments.both, "both"),
    }
    away = client.knowledge.entry(arguments.other)
    kept = client.knowledge.merge(arguments.keep, arguments.other, choices, author_of(arguments))
    if arguments.json:
        print_json(kept)
    else:
        print(_what_was_kept(kept, away))
    return Exit.DONE


def _what_was_kept(kept: Entry, away: Entry) -> str:
    left = left_behind(kept, away)
    if not left:
        return f"{kept.id} now tells what both told; {away.id} is deprecated"
    return (
        f"{kept.id} has the services, operations and signals of both, and its own {', '.join(left)}; what {away.id} "
        f"said there stays in it alone, and it is deprecated. `firedrill kb show {away.id}` shows it"
    )


def _distinct(client: AssistantClient, arguments: argparse.Namespace) -> Exit:
    pair = client.knowledge.keep_both(arguments.keep, arguments.other, author_of(arguments))
    if arguments.json:
        print_json(pair)
    else:
        print(f"{pair.one} and {pair.other} tell different things; nobody will be asked about them again")
    return Exit.DONE


def _judge(client: AssistantClient, arguments: argparse.Namespace) -> Exit:
    made = client.knowledge.judge(
        arguments.id, arguments.outcome, arguments.recall, author_of(arguments), arguments.note
    )
    if arguments.json:
        print_json(made)
    else:
        sent_back = "" if made.status_after is made.status_before else "; it goes back to review"
        factors = f"{made.factor_after:.2f} now, {made.factor_before:.2f} before"
        print(f"noted; its scores are multiplied by {factors}{sent_back}")
    return Exit.DONE


def _outcomes(client: AssistantClient, arguments: argparse.Namespace) -> Exit:
    lines = client.knowledge.outcomes(arguments.limit)
    if arguments.json:
        print_json(lines)
    elif not lines:
        print("nobody has said yet what became of what was found; `firedrill kb judge ID helped|wrong` does")
    else:
        columns = ("when", "entry", "outcome", "who", "factor", "place", "shown", "opened", "helped", "wrong", "note")
        print_table(columns, [_ledger_row(line) for line in lines])
    return Exit.DONE


def _ledger_row(line: LedgerLine) -> tuple[str, ...]:
    made, counts, change = line.outcome, line.counts, line.change
    return (
        f"{made.at:%Y-%m-%d %H:%M}",
        line.title,
        made.outcome,
        made.author or "-",
        f"{made.factor_before:.2f} -> {made.factor_after:.2f}",
        f"{change.rank_then} -> {change.rank_now}" if change else "-",
        *(str(number) for number in (counts.shown, counts.opened, counts.helped, counts.wrong)),
        made.note,
    )
