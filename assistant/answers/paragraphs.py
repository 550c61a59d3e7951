"""Paragraphs of a text that is still being written."""

from __future__ import annotations

from assistant.answers.markup import fence_closed_by, fence_opened_by


class Paragraphs:
    """Collects a growing text and gives its paragraphs as they are finished; a fenced block is never cut."""

    def __init__(self) -> None:
        self._unfinished_line = ""
        self._lines: list[str] = []
        self._fence: str | None = None

    def feed(self, text: str) -> list[str]:
        """Take more text, and give the paragraphs that it finished."""
        *lines, self._unfinished_line = (self._unfinished_line + text).split("\n")
        return [paragraph for line in lines for paragraph in self._take(line.rstrip("\r"))]

    def finish(self) -> list[str]:
        """Give what is left; there will be no more text."""
        left = [*self._take(self._unfinished_line.rstrip("\r")), *self._take_paragraph()]
        self._unfinished_line = ""
        return left

    def _take(self, line: str) -> list[str]:
        if self._fence is not None:
            if fence_closed_by(line, self._fence):
                self._fence = None
        elif opened := fence_opened_by(line):
            self._fence = opened["fence"]
        elif not line.strip():
            return self._take_paragraph()
        self._lines.append(line)
        return []

    def _take_paragraph(self) -> list[str]:
        paragraph, self._lines = "\n".join(self._lines), []
        return [paragraph] if paragraph.strip() else []
