"""Everything that keeps an evaluation from being made or scored.

AssistantError
└── EvaluationError
    ├── NoRecordings     a place was named that holds no recording
    ├── SameName         two recordings, or two sets, cannot be told apart in the results
    ├── UnknownSwitch    something was to be switched off that does not exist
    ├── TruthUnusable    what is known to be true is missing or broken
    ├── SetUnusable      questions, or what is to be found, are missing or broken
    └── TooFewQueries    so few questions that their mean says nothing
"""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

from assistant.errors import AssistantError


class EvaluationError(AssistantError):
    """Base of this package's errors; the message says what to do next."""


class NoRecordings(EvaluationError):
    """A place holds no recording, no set of them, and no folder of sets."""

    def __init__(self, place: Path | str) -> None:
        super().__init__(str(place))
        self.place = str(place)

    def __str__(self) -> str:
        return f"there is no recording in {self.place}; name a recording, a set's folder or a folder of sets"


class SameName(EvaluationError):
    """Two things share the name by which the results tell them apart."""

    def __init__(self, what: str, name: str, first: Path | str, second: Path | str) -> None:
        super().__init__(what, name, str(first), str(second))
        self.what, self.name, self.first, self.second = what, name, str(first), str(second)

    def __str__(self) -> str:
        return f"two {self.what} are called {self.name!r}: {self.first} and {self.second}; leave one out or rename it"


class UnknownSwitch(EvaluationError):
    """No part of the engine and no table has that name."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(name, known)
        self.name, self.known = name, known

    def __str__(self) -> str:
        closest = get_close_matches(self.name, self.known, n=1)
        advice = f" Did you mean {closest[0]!r}?" if closest else ""
        return f"nothing called {self.name!r} can be switched off.{advice} There is: {', '.join(self.known)}"


class TruthUnusable(EvaluationError):
    """A file with the known truth cannot be used for scoring."""

    def __init__(self, path: Path | str, problem: str) -> None:
        super().__init__(str(path), problem)
        self.path, self.problem = str(path), problem

    def __str__(self) -> str:
        return f"the known truth in {self.path} {self.problem}"


class SetUnusable(EvaluationError):
    """Questions, or what is to be found, cannot be read."""

    def __init__(self, path: Path | str, problem: str) -> None:
        super().__init__(str(path), problem)
        self.path, self.problem = str(path), problem

    def __str__(self) -> str:
        return f"{self.path} {self.problem}"


class TooFewQueries(EvaluationError):
    """A mean of so few questions would say nothing."""

    def __init__(self, count: int, least: int) -> None:
        super().__init__(count, least)
        self.count, self.least = count, least

    def __str__(self) -> str:
        return f"{self.count} queries are too few to say how good retrieval is; give sets with {self.least} or more"
