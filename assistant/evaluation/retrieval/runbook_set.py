"""Runbooks and questions: `corpus.jsonl` (`id`, `text`) and `queries.jsonl` (`query`, `form`, `relevant`)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from assistant.evaluation.retrieval.json_lines import read_objects, required
from assistant.evaluation.retrieval.trial import Query, Trial
from knowledge_base import Entry, Question, ReviewStatus
from knowledge_base.exchange.front_matter import split_front_matter
from knowledge_base.exchange.markdown import read_markdown
from knowledge_base.exchange.values import ReadingRules, Source

CORPUS_FILE: Final = "corpus.jsonl"
QUERIES_FILE: Final = "queries.jsonl"
_HIDDEN_TITLE: Final = "this alert"
_LONG_AGO: Final = datetime(2020, 1, 1, tzinfo=UTC)


def read_runbook_set(folder: Path) -> Trial:
    """Read runbooks and questions; titles are hidden, in front matter too, so that texts alone have to be found.

    Each question is also asked without the runbooks that answer it, when "nothing similar" is right.

    Raises:
        SetUnusable: A file is missing or broken; the message names it and the line.
    """
    entries = tuple(
        _entry(required(one, "id", str), required(one, "text", str)) for one in read_objects(folder / CORPUS_FILE)
    )
    queries: list[Query] = []
    for number, one in enumerate(read_objects(folder / QUERIES_FILE), start=1):
        question = Question(text=required(one, "query", str))
        relevant = frozenset(required(one, "relevant", list))
        form = str(one.get("form", ""))
        queries.append(Query(id=f"q-{number}", question=question, grades=dict.fromkeys(sorted(relevant), 1), form=form))
        queries.append(
            Query(id=f"q-{number}-unknown", question=question, grades={}, exclude=relevant, form=form, seen=False)
        )
    return Trial(name=folder.name, entries=entries, queries=tuple(queries), measure="MRR@10")


def _entry(entry_id: str, text: str) -> Entry:
    """Read a runbook as an import does, without what its front matter says."""
    document = replace(split_front_matter(text, name=entry_id), labels={})
    rules = ReadingRules(now=_LONG_AGO)
    read = read_markdown(document, Source(name=entry_id, key=entry_id), sha256="", rules=rules)
    # Its first heading is its title as well.
    changes = {"id": entry_id, "title": _HIDDEN_TITLE, "kind": "runbook", "status": ReviewStatus.APPROVED}
    return read.draft.entry.model_copy(update=changes)
