"""Vectors of entries in Chroma: made from the records, checked against them, and never the truth."""
