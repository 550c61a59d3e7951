"""What one look of the detector saw."""

from __future__ import annotations

from pydantic import AwareDatetime, BaseModel, ConfigDict, computed_field

from telemetry.detection.golden_signals import GoldenSignals
from telemetry.detection.rules import Breach


class Observation(BaseModel):
    """What one look saw.

    Attributes:
        at: When it looked.
        signals: The golden signals of every service that was heard.
        breaches: What is out of bounds now. Empty means healthy only where there is no `problem`.
        problem: Why nothing can be said about now, None when something can. While there is one, nothing has
            recovered either.
        newest: When the newest telemetry was stamped; None where there is none at all.
        baseline_seconds: How long a stretch of healthy telemetry the look was compared with.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: AwareDatetime
    signals: tuple[GoldenSignals, ...] = ()
    breaches: tuple[Breach, ...] = ()
    problem: str | None = None
    newest: AwareDatetime | None = None
    baseline_seconds: float = 0.0

    @computed_field  # type: ignore[prop-decorator]  # mypy cannot see through two decorators; pydantic's own advice
    @property
    def data_age_seconds(self) -> float | None:
        """How old the newest telemetry is; 0 where its sender's clock runs ahead, None where there is none."""
        return max((self.at - self.newest).total_seconds(), 0.0) if self.newest is not None else None

    @property
    def healthy(self) -> bool:
        """True when there was something to see and nothing of it was out of bounds."""
        return not self.breaches and self.problem is None
