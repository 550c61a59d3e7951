"""What is known: incidents and runbooks as entries, and finding the ones that look like what is happening now."""

from knowledge_base.entry import Entry, Match, ReviewStatus

__all__ = ["Entry", "Match", "ReviewStatus"]
