"""The pages about what is known: finding and reading, review, duplicates, the retrieval lab, and outcomes."""

from ui.pages.knowledge.duplicate_queue import show_duplicates
from ui.pages.knowledge.outcome_ledger import show_outcomes
from ui.pages.knowledge.page import show_knowledge
from ui.pages.knowledge.retrieval_lab import show_lab
from ui.pages.knowledge.review_board import show_review_board

__all__ = ["show_duplicates", "show_knowledge", "show_lab", "show_outcomes", "show_review_board"]
