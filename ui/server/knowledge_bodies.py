"""What requests about the knowledge base carry; the form of each is checked before anything is done with it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from assistant.knowledge_values import WrittenEntry
from assistant.taxonomy import FaultKind
from knowledge_base.entry import EntryId
from knowledge_base.review.merging import Choice
from knowledge_base.review.transitions import MACHINE_AUTHOR
from knowledge_base.review.values import Outcome, ReviewAction


def known_fault_kind(kind: str) -> str:
    """Give the label of a kind of fault back.

    Raises:
        ValueError: The taxonomy has no such kind.
    """
    known = [one.value for one in FaultKind]
    if kind and kind not in known:
        closest = get_close_matches(kind, known, n=1)
        advice = f"did you mean {closest[0]!r}?" if closest else f"known are: {', '.join(known)}"
        raise ValueError(f"there is no kind of fault {kind!r}; {advice}")
    return kind


def _somebody(author: str) -> str:
    if author.strip().casefold() == MACHINE_AUTHOR:
        raise ValueError(f"{MACHINE_AUTHOR!r} stands for what a machine wrote; give your own name")
    return author


def _of_a_known_kind(written: WrittenEntry) -> WrittenEntry:
    known_fault_kind(written.fault_kind or "")
    return written


Author = Annotated[str, Field(max_length=200), AfterValidator(_somebody)]
Note = Annotated[str, Field(max_length=10_000)]
Written = Annotated[WrittenEntry, AfterValidator(_of_a_known_kind)]


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NewEntryBody(_Body):
    """A new entry; its id is made of its title where none is given."""

    entry: Written
    author: Author = ""
    id: EntryId | None = None


class EditBody(_Body):
    """An entry as it should be from now on, and the number of the latest revision that its author saw."""

    entry: Written
    author: Author = ""
    based_on: Annotated[int, Field(ge=1)] | None = None


class RestoreBody(_Body):
    """Which revision should be in force again."""

    number: int = Field(ge=1)
    author: Author = ""


class ReviewBody(_Body):
    """A step on the way to being known."""

    action: ReviewAction
    author: Author = ""
    note: Note = ""


class OutcomeBody(_Body):
    """What became of an entry that was recalled."""

    outcome: Outcome
    recall_id: str = Field("", max_length=200)
    author: Author = ""
    note: Note = ""


class MergeBody(_Body):
    """Which of two entries stays, and whose each field is, where it is not as a matter of course."""

    keep: EntryId
    other: EntryId
    choices: Mapping[str, Choice] = Field(default_factory=dict)
    author: Author = ""


class DistinctBody(_Body):
    """Two entries that tell different things."""

    one: EntryId
    other: EntryId
    author: Author = ""


class SentFile(_Body):
    """A file, sent along."""

    name: str = Field(min_length=1, max_length=1000)
    content_base64: str

    def content(self) -> bytes:
        """Give what is in it.

        Raises:
            ValueError: It is not Base64.
        """
        try:
            return base64.b64decode(self.content_base64, validate=True)
        except (binascii.Error, ValueError) as error:
            raise ValueError(f"the content of {self.name!r} is not Base64: {error}") from error


class ImportBody(_Body):
    """What to import: a path on this machine, or files that are sent along.

    Attributes:
        path: A file, folder, checkout or archive, absolute.
        files: Files, instead of a path.
        author: Who imports.
        dry_run: Only say what would be done.
        expected: `digest` of an earlier dry run; where anything would be done differently now, nothing is.
        keep_review: Take the review status as our own exports have it, to restore a backup.
    """

    path: str | None = Field(None, min_length=1, max_length=4000)
    files: tuple[SentFile, ...] = Field((), max_length=1000)
    author: Author = ""
    dry_run: bool = False
    expected: str = Field("", max_length=100)
    keep_review: bool = False

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.path is None) == (not self.files):
            raise ValueError("give either a path or files")
        return self
