"""Entries, their revisions, and what became of them, in a relational database: the truth."""
