"""What a diagnosis is: pure data, JSON in and out."""

from __future__ import annotations

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from assistant.taxonomy import FaultKind
from telemetry import Alert, Stretch


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Evidence(_Value):
    """One observation that a person can check.

    Attributes:
        id: `E1`, `E2`, ... unique within the diagnosis; answers cite it.
        signal: What moved: `own_errors`, `database_errors`, `link_errors`, `abandoned_calls`, `errors`, `new_errors`,
            `changed_work`, `slow_service`, `slow_database`, `slow_link`, `traffic_surge`, `silence`, `deploy`,
            `log_errors`, `resource`, `backlog`, `link_metric`, `latency_metric`, `error_metric`.
        service: Where it moved.
        operation: The operation it moved on, where it concerns one.
        summary: One plain sentence with the numbers in it.
        query: How to look it up again, in words a person can act on.
        window: The stretch that `after` was measured over.
        before: Value in the baseline, in `unit`; None where there is none.
        after: Value in the window, in `unit`; None where there is none.
        unit: `ratio`, `ms`, `requests/s`, `lines/s`, ...
        onset: When it began to move, where that can be told.
        series: Points to plot, `(time, value)` in `unit`, baseline included.
        trace_ids: Example traces that show it.
        log_lines: Example lines that show it, exactly as written. Untrusted text.
        strength: How clearly it stands out against the baseline, in 0..1.
    """

    id: str
    signal: str
    service: str
    operation: str | None = None
    summary: str
    query: str
    window: Stretch
    before: float | None = None
    after: float | None = None
    unit: str = ""
    onset: AwareDatetime | None = None
    series: tuple[tuple[AwareDatetime, float], ...] = ()
    trace_ids: tuple[str, ...] = ()
    log_lines: tuple[str, ...] = ()
    strength: float = Field(0.0, ge=0, le=1)


class Hypothesis(_Value):
    """One possible cause.

    Attributes:
        service: Where the cause lies.
        kind: What kind of fault it is.
        operation: The operation that fails or is slow, where the fault is in one.
        link: `(caller, callee)` where the fault lies between two services.
        version: The version under suspicion, where the fault came with one.
        probability: In 0..1; those of one diagnosis and its `none_probability` add up to at most 1.
        summary: One sentence that says the cause and the strongest reason.
        evidence: Ids of the evidence that speaks for it, strongest first.
    """

    service: str
    kind: FaultKind
    operation: str | None = None
    link: tuple[str, str] | None = None
    version: str | None = None
    probability: float = Field(ge=0, le=1)
    summary: str
    evidence: tuple[str, ...] = ()


class Rejected(_Value):
    """A cause that was considered and ruled out."""

    service: str
    kind: FaultKind
    reason: str


class Movement(_Value):
    """One signal that began to move.

    Attributes:
        at: When it began to move.
        seconds_after_onset: How long after the onset, negative before it; None where no onset is named.
        service: Where it moved; empty for what concerns the whole system.
        signal: What moved, as in the evidence.
        summary: One plain sentence, as in the evidence.
        evidence: Id of the evidence that shows it.
    """

    at: AwareDatetime
    seconds_after_onset: float | None = None
    service: str
    signal: str
    summary: str
    evidence: str


class Arrival(_Value):
    """When trouble reached a service, and where it came from.

    Attributes:
        service: Where it arrived.
        at: When the first signal of the service began to move.
        seconds_after_onset: How long after the onset, negative before it; None where no onset is named.
        sources: Services from which it can have come over a known call, in alphabetical order; empty where it began, or
            where the calls do not tell.
        evidence: Ids of the evidence that shows it, strongest first.
    """

    service: str
    at: AwareDatetime
    seconds_after_onset: float | None = None
    sources: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()


class Diagnosis(_Value):
    """What the recording says is wrong, or why nothing can be said.

    Attributes:
        recording_id: The recording that was read, and all that was read.
        hypotheses: At most five, likeliest first; empty when abstaining.
        evidence: Everything that hypotheses refer to, and more that was seen.
        timeline: What moved when and where, earliest first.
        propagation: When trouble reached each service and from where, earliest first.
        rejected: What was ruled out, and why.
        none_probability: Probability that the cause is none of the hypotheses.
        abstained: True when nothing stands out against the baseline, or there was nothing to compare.
        abstention_reason: Why, in one sentence; None unless abstained.
        baseline: What was taken as normal.
        onset: When the first signal began to move.
        missing: Signals that were not collected (`metrics`, `spans`, `logs`, `events`).
        unknown: What is not known and would have helped, in plain sentences.
        failed_parts: Parts of the engine that broke on this recording; the others still answered.
        seconds: Time it took, reading included.
    """

    recording_id: str
    system: str
    alert: Alert
    window: Stretch
    baseline: tuple[Stretch, ...] = ()
    onset: AwareDatetime | None = None
    hypotheses: tuple[Hypothesis, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    timeline: tuple[Movement, ...] = ()
    propagation: tuple[Arrival, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    none_probability: float = Field(1.0, ge=0, le=1)
    abstained: bool = False
    abstention_reason: str | None = None
    missing: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    failed_parts: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def top(self) -> Hypothesis | None:
        """The likeliest cause, None when abstaining."""
        return self.hypotheses[0] if self.hypotheses else None
