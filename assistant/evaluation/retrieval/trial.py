"""Questions with known answers, whatever they were made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from knowledge_base import Entry, Question


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One question.

    Attributes:
        id: Unique within its trial.
        question: What is asked.
        grades: Entries that are right, each with how right it is, from 1; empty where "nothing similar" is right.
        absent: Entries that are not known when this is asked: not kept, and so not learned from either.
        exclude: Entries that are known and not to be found.
        before: Only entries written before this moment are known; None where the trial's entries all are.
        form: Sort of question, by which the results are told apart.
        seen: Whether what is right was known at all; of a kind that was not, "nothing similar" is right.
    """

    id: str
    question: Question
    grades: Mapping[str, int]
    absent: frozenset[str] = frozenset()
    exclude: frozenset[str] = frozenset()
    before: datetime | None = None
    form: str = ""
    seen: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Entries, and questions about them.

    Attributes:
        name: Of the data it was made from.
        entries: What is known; with times, where questions ask for what was known at a time.
        queries: What is asked.
        measure: The measure that counts for it: `MRR@10`, `nDCG@5` or `recall@1`.
    """

    name: str
    entries: tuple[Entry, ...]
    queries: tuple[Query, ...]
    measure: str
