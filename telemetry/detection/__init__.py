"""Noticing that something is wrong: golden signals and SLOs, what is usual, and what is out of bounds."""
