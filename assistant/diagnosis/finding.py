"""What a part of the engine hands over: one observation, with what it speaks for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from assistant.diagnosis.case import Case
from assistant.diagnosis.values import Evidence
from telemetry import Stretch


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One observation; the fields that `Evidence` has too mean the same there.

    Attributes:
        share: Share in 0..1 of all the trouble of its sort (failed traces, extra time) that began here.
        affected: Share in 0..1 of all requests since the onset that this trouble touched.
        link: `(caller, callee)` for what lies between two services.
        version: The version that a deployment brought.
    """

    signal: str
    service: str
    strength: float
    summary: str
    query: str
    window: Stretch
    share: float = 0.0
    affected: float = 0.0
    operation: str | None = None
    link: tuple[str, str] | None = None
    version: str | None = None
    before: float | None = None
    after: float | None = None
    unit: str = ""
    onset: datetime | None = None
    series: tuple[tuple[datetime, float], ...] = ()
    trace_ids: tuple[str, ...] = ()
    log_lines: tuple[str, ...] = ()

    def as_evidence(self, number: int) -> Evidence:
        """Give the finding as evidence `E<number>`."""
        return Evidence(
            id=f"E{number}",
            signal=self.signal,
            service=self.service,
            operation=self.operation,
            summary=self.summary,
            query=self.query,
            window=self.window,
            before=self.before,
            after=self.after,
            unit=self.unit,
            onset=self.onset,
            series=self.series,
            trace_ids=self.trace_ids,
            log_lines=self.log_lines,
            strength=round(min(max(self.strength, 0.0), 1.0), 4),
        )


class Part(Protocol):
    """One way of looking at a case. Parts know nothing of each other and name no causes."""

    @property
    def name(self) -> str:
        """How the part is called in results and on the command line."""
        ...

    @property
    def needs(self) -> tuple[str, ...]:
        """Tables without which it has nothing to say."""
        ...

    def examine(self, case: Case) -> list[Finding]:
        """Say what stands out against the baseline; an empty list when nothing does."""
        ...
