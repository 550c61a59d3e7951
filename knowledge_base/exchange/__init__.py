"""Entries from and to files: Markdown, HTML, JSON Lines, folders and archives."""
