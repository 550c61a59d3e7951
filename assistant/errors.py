"""Everything that can go wrong between a recording and an answer.

AssistantError
├── JournalError           incidents cannot be kept or read
├── NotFound               nothing has that id
└── AnswerUnusable         a model's answer is not shown, and our own stands in its place
    ├── ModelUnavailable   ... the model gave none
    └── AnswerRejected     ... the model gave one that does not hold to its evidence
"""

from __future__ import annotations


class AssistantError(Exception):
    """Base of this package's errors; the message says what to do next."""


class JournalError(AssistantError):
    """The database of incidents cannot be opened, read or written."""


class NotFound(AssistantError):
    """Nothing has that id."""

    def __init__(self, what: str, key: str) -> None:
        super().__init__(what, key)
        self.what, self.key = what, key

    def __str__(self) -> str:
        return f"there is no {self.what} {self.key!r}"


class AnswerUnusable(AssistantError):
    """A model's answer cannot be shown.

    The reason is one sentence for people; it never carries a key, a header or what a server sent back.
    """

    def __init__(self, model: str, reason: str) -> None:
        super().__init__(model, reason)
        self.model, self.reason = model, reason

    def __str__(self) -> str:
        return f"The model {self.model} {self.reason}"


class ModelUnavailable(AnswerUnusable):
    """The model gave no whole answer: not reached, refused, too slow, broken off."""


class AnswerRejected(AnswerUnusable):
    """The model answered, and the answer does not hold to the evidence."""
