"""The outcome ledger as plain rows."""

from __future__ import annotations

from collections.abc import Sequence

from knowledge_base import LedgerLine, OutcomeRecord, RankChange
from ui.pages.wording import percentage


def verdict_badge(outcome: OutcomeRecord) -> str:
    """Mark a judgement, as Markdown."""
    return {"helped": ":green-badge[helped]", "wrong": ":red-badge[misled]", "opened": ":gray-badge[opened]"}[
        outcome.outcome
    ]


def change_in_words(change: RankChange | None) -> str:
    """Say what feedback did to an entry's place in the search where it was judged."""
    if change is None:
        return "judged outside of a search"
    if change.rank_now == change.rank_then:
        return f"stays at place {change.rank_then}"
    verb = "sinks" if change.rank_now > change.rank_then else "rises"
    return f"{verb} from place {change.rank_then} to {change.rank_now}"


def count_rows(lines: Sequence[LedgerLine]) -> list[dict[str, str | int]]:
    """Give a row for each entry with the numbers that are true now; what misled most comes first."""
    latest = {line.outcome.entry_id: line for line in reversed(lines)}
    ordered = sorted(latest.values(), key=lambda line: (-line.counts.wrong, -line.counts.helped, line.title))
    return [
        {
            "entry": line.title,
            "shown": line.counts.shown,
            "opened": line.counts.opened,
            "helped": line.counts.helped,
            "misled": line.counts.wrong,
        }
        for line in ordered
    ]


def ranking_rows(change: RankChange) -> list[dict[str, str | int]]:
    """Give the ranking of a search as it was shown; the judged entry says where it would stand now."""
    return [
        {
            "place then": one.rank,
            "now": str(change.rank_now) if one.entry_id == change.entry_id else "",
            "entry": one.title,
            "alike": percentage(one.relevance),
            "feedback then": percentage(one.feedback),
        }
        for one in change.recall.entries
    ]
