"""The life of an entry: review, differences between revisions, duplicates, and what became of what was recalled."""
