"""What a run says of each recording: JSON, one line each, in the order of the recordings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from assistant.evaluation.errors import EvaluationError
from assistant.evaluation.stored import StoredRecording
from assistant.evaluation.variants import Variant


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One recording's result.

    Attributes:
        id: The recording.
        set_name: Its set; `set` in the file.
        ranking: Services under suspicion, each once, likeliest first.
        kind: Fault kind of the likeliest cause, None where none was named.
        abstained: Whether no cause was named.
        seconds: Time it took, reading included; None where it failed.
        probability: That of the likeliest cause, in 0..1; None where none was named.
        probabilities: Those of all hypotheses, in their order.
        late_seconds: By how much the alarm was later than recorded.
        failed_parts: Parts of the engine that broke.
        error: Why there is no result; None where there is one.
    """

    id: str
    set_name: str | None
    ranking: tuple[str, ...] = ()
    kind: str | None = None
    abstained: bool = False
    seconds: float | None = None
    probability: float | None = None
    probabilities: tuple[float, ...] = ()
    late_seconds: float = 0.0
    failed_parts: tuple[str, ...] = ()
    error: str | None = None

    @classmethod
    def failed(cls, stored: StoredRecording, variant: Variant, error: str) -> Line:
        """Write down that a recording could not be diagnosed, in one line of text."""
        said = " ".join(error.split()) or "no reason given"
        return cls(id=stored.id, set_name=stored.set_name, late_seconds=variant.late_seconds, error=said)

    def as_json(self) -> str:
        """Give the line as it stands in a file, without its line break."""
        values: dict[str, Any] = {
            "id": self.id,
            "set": self.set_name,
            "ranking": self.ranking,
            "kind": self.kind,
            "abstained": self.abstained,
            "seconds": self.seconds,
            "probability": self.probability,
            "probabilities": self.probabilities,
            "late_seconds": self.late_seconds,
        }
        if self.failed_parts:
            values["failed_parts"] = self.failed_parts
        if self.error is not None:
            values["error"] = self.error
        return json.dumps(values, ensure_ascii=False)


class LineFile:
    """Writes lines as they come, in the order of their numbers; what is still waiting at the end is written too.

    The file is made, and an older one overwritten, with the first line, so a run that never began destroys nothing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[str] | None = None
        self._waiting: dict[int, Line] = {}
        self._next = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def add(self, number: int, line: Line) -> None:
        """Take the line of the recording with that number, counted from 0."""
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("w", encoding="utf-8")
        self._waiting[number] = line
        while self._next in self._waiting:
            self._write(self._next)
            self._next += 1

    def close(self) -> None:
        """Write what waits for a line before it that never came, and end."""
        for number in sorted(self._waiting):
            self._write(number)
        if self._file is not None:
            self._file.close()

    def _write(self, number: int) -> None:
        if self._file is not None:
            self._file.write(self._waiting.pop(number).as_json() + "\n")
            self._file.flush()


def read_lines(path: Path) -> tuple[Line, ...]:
    """Read a file of lines.

    Raises:
        EvaluationError: It cannot be read, or a line is no result.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise EvaluationError(f"the results in {path} cannot be read: {error}") from error
    lines = []
    for number, written in enumerate(text.split("\n"), 1):
        if written.strip():
            try:
                lines.append(_line(json.loads(written)))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise EvaluationError(f"line {number} of {path} is no result: {error!r}") from error
    return tuple(lines)


def _line(values: Mapping[str, Any]) -> Line:
    return Line(
        id=values["id"],
        set_name=values.get("set"),
        ranking=tuple(values.get("ranking") or ()),
        kind=values.get("kind"),
        abstained=bool(values.get("abstained")),
        seconds=values.get("seconds"),
        probability=values.get("probability"),
        probabilities=tuple(values.get("probabilities") or ()),
        late_seconds=values.get("late_seconds") or 0.0,
        failed_parts=tuple(values.get("failed_parts") or ()),
        error=values.get("error"),
    )
