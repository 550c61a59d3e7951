"""Reading the best matches again, together with the question, by a model that was made for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from knowledge_base.search.question import Match, Question


class Reranker(Protocol):
    """Puts matches into another order."""

    def rerank(self, question: Question, matches: Sequence[Match]) -> list[Match]:
        """Give the same matches, the best first; their scores stay what they are."""
        ...
