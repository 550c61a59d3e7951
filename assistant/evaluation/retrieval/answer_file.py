"""What was found for each question: JSON, one line each, as soon as it is there."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import IO, Self

from assistant.evaluation.retrieval.running import Answer


class AnswerFile:
    """Writes answers as they come.

    The file is made, and an older one overwritten, with the first, so a run that never began destroys nothing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, answer: Answer) -> None:
        """Write an answer; it is on its way to the disk when this returns."""
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("w", encoding="utf-8")
        self._file.write(answer.model_dump_json() + "\n")
        self._file.flush()
