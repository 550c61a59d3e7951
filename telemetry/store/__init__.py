"""The embedded store: one file, which one process writes and any number read."""
