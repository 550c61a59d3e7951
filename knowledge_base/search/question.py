"""What is asked of the knowledge base, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from knowledge_base.entry import Entry, EntryKind, Strength

Channel: TypeAlias = Literal["dense", "words", "signature"]
"""One way of comparing: meaning (vectors), words (BM25), or the numeric signature of symptoms."""


class Filters(BaseModel):
    """What an entry has to be to be found; None and empty stand for anything.

    Attributes:
        kind: Incidents or runbooks only.
        service: Only entries that name this service.
        environment: Only entries of this environment, or of none in particular.
        team: Only entries of this team.
        fault_kind: Only entries of this kind of fault.
        approved_only: No drafts, and nothing that is in review.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: EntryKind | None = None
    service: str = ""
    environment: str = ""
    team: str = ""
    fault_kind: str = ""
    approved_only: bool = False


class Question(BaseModel):
    """What is happening now, as far as it is known.

    Attributes:
        text: Symptoms in plain words; may be empty where there is a signature.
        signature: Feature name to strength in 0..1; empty where there is no recording.
        fault_kind: The suspected kind, None while there is none.
        services: Services concerned.
        operations: Operations concerned.
        signals: Names of signals that moved, such as `orders-1 mem_usage up`; each is looked for as a whole.
        filters: What is asked for at all.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str = ""
    signature: Mapping[str, Strength] = Field(default_factory=dict)
    fault_kind: str | None = None
    services: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    signals: tuple[str, ...] = ()
    filters: Filters = Filters()


class Match(BaseModel):
    """An entry that was found, and why.

    Attributes:
        entry: What was found.
        score: How sure it is that this is alike, in 0..1.
        text_similarity: Cosine similarity of the texts, in -1..1; 0 where no words were asked.
        signature_similarity: Cosine similarity of the signatures in 0..1; None where one of the two has none.
        ranks: Its place, from 1, in each way of comparing that found it.
        words: Words of the question that it has, the rarest first.
        signals: Signals that moved in both, the strongest first.
        labels: Labels that both share, such as `service payments` or `fault kind database_connection`.
        feedback: What people made of it when it was shown, as a factor on the score: 1 for nothing, below for misled.
        why: All of that as plain sentences, strongest first.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    entry: Entry
    score: float
    text_similarity: float = 0.0
    signature_similarity: float | None = None
    ranks: Mapping[Channel, int] = Field(default_factory=dict)
    words: tuple[str, ...] = ()
    signals: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    feedback: float = 1.0
    why: tuple[str, ...] = ()


class Found(BaseModel):
    """What a recall gave.

    Attributes:
        recall_id: Under which the recall was noted, so that what became of it can be told.
        matches: What was found, the best first; empty where nothing similar is known.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    recall_id: str
    matches: tuple[Match, ...]


class Ranked(BaseModel):
    """An entry's place in one list of the retrieval lab.

    Attributes:
        entry_id: Which entry.
        title: Its title.
        score: What that way of comparing gives it, in its own unit.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    entry_id: str
    title: str
    score: float


class Comparison(BaseModel):
    """One question asked in every way, side by side.

    Attributes:
        channels: The best of each way of comparing, best first; a way that could not be asked is left out.
        fused: The best by reciprocal rank fusion of these.
        matches: The best after reranking, whether alike enough or not.
        least_score: From which score on a match counts as alike.
        seconds: Time that it took.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    channels: Mapping[Channel, tuple[Ranked, ...]]
    fused: tuple[Ranked, ...]
    matches: tuple[Match, ...]
    least_score: float
    seconds: float
