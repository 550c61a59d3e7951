"""A session of drills, one after the other in one running shop, each frozen as a recording with its truth beside."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from chaoslib.exceptions import ActivityFailed

from bench.shop_matrix import Drill
from bench.shop_timing import ENTRY_SERVICE, Timing, frame
from chaos import ChaosError
from chaos.probes import await_steady
from telemetry import Stretch, TelemetrySource, freeze, utc_now, write_recording
from ui.interruption import undisturbed

TRUTH_FILE: Final = "truth.jsonl"
NOTES_FILE: Final = "drills.jsonl"
SYSTEM: Final = "shop"
_EFFECT_SECONDS: Final = 45.0
_STEADY_SECONDS: Final = 240.0
_STEADY_LOOK_SECONDS: Final = 30.0
_POLL_SECONDS: Final = 0.5


class NotSteady(ChaosError):
    """The shop did not become steady, so nothing recorded from now on would have a baseline."""

    def __init__(self, after: str, waited_seconds: float) -> None:
        super().__init__(after, waited_seconds)
        self.after, self.waited_seconds = after, waited_seconds

    def __str__(self) -> str:
        return (
            f"the shop was not steady {self.waited_seconds:g} s after {self.after}; "
            "see whether something else keeps the machine busy, and run what is missing with --only"
        )


def customers_are_served() -> datetime | None:
    """Wait until what customers reach is quick and does not fail, and say since when; None when that took too long."""
    try:
        found = await_steady(ENTRY_SERVICE, within_seconds=_STEADY_LOOK_SECONDS)
    except ActivityFailed:  # Too few requests came lately to say; the service may only just have been started.
        return None
    return datetime.fromisoformat(found["at"]) if found["seen"] else None


@dataclass
class Session:
    """Runs drills and writes what they looked like.

    Attributes:
        source: The telemetry of the shop.
        out: Folder of the set.
        steady_since: Waits a while for the shop to be well, and says since when; None when it did not become well.
        clock: Gives the present moment.
        sleep: Waits for so many seconds.
        calm_stretches: When nothing was broken and all was well, oldest first; the last may still go on.
    """

    source: TelemetrySource
    out: Path
    steady_since: Callable[[], datetime | None]
    clock: Callable[[], datetime] = utc_now
    sleep: Callable[[float], None] = time.sleep
    calm_stretches: list[Stretch] = field(default_factory=list)
    _calm_since: datetime | None = None

    def warm_up(self, seconds: float) -> None:
        """Wait until the shop is steady, and then for so long.

        Raises:
            NotSteady: It does not become steady.
        """
        self._await_steady("its start")
        self.sleep(seconds)

    def record(self, drill: Drill, recording_id: str, timing: Timing) -> bool:
        """Break something, freeze what that looks like, mend it; say whether there is a recording of it.

        Raises:
            ChaosError: The fault cannot be applied or undone, or the shop is not well afterwards.
            TelemetryError: The telemetry cannot be read, or the recording cannot be written.
        """
        self._stay_calm(timing.calm)
        injected = self.clock()
        self._end_calm(injected)
        try:
            drill.fault.apply()
            effect = self._await_effect(drill, injected)
            if effect is not None:
                self._wait_until(effect + timedelta(seconds=timing.kept))
                self._freeze(recording_id, timing, injected, effect)
                self._write_down(drill, recording_id, timing, injected, effect)
        finally:
            with undisturbed():
                drill.fault.undo()
        if effect is None:
            self._note({"name": drill.name, "invalid": f"no effect within {_EFFECT_SECONDS:g} s"})
        self._await_steady(drill.name)
        return effect is not None

    def _stay_calm(self, seconds: float) -> None:
        if self._calm_since is None:
            raise ValueError("warm up before the first drill")
        self._wait_until(self._calm_since + timedelta(seconds=seconds))

    def _end_calm(self, at: datetime) -> None:
        if self._calm_since is not None:
            self.calm_stretches.append(Stretch(start=self._calm_since, end=at))
        self._calm_since = None

    def _await_effect(self, drill: Drill, injected: datetime) -> datetime | None:
        if drill.effect is None:
            return injected
        give_up_at = self.clock() + timedelta(seconds=_EFFECT_SECONDS)
        while (now := self.clock()) < give_up_at:
            if (seen := drill.effect.seen(self.source, injected, now)) is not None:
                return seen
            self.sleep(_POLL_SECONDS)
        return None

    def _await_steady(self, after: str) -> None:
        give_up_at = self.clock() + timedelta(seconds=_STEADY_SECONDS)
        while self.clock() < give_up_at:
            if (since := self.steady_since()) is not None:
                self._calm_since = since
                return
        raise NotSteady(after, _STEADY_SECONDS)

    def _freeze(self, recording_id: str, timing: Timing, injected: datetime, effect: datetime) -> None:
        now = self.clock()
        framed = frame(timing, calm_stretches=self.calm_stretches, injected=injected, effect=effect, now=now)
        recording = freeze(
            self.source,
            recording_id=recording_id,
            system=SYSTEM,
            window=framed.window,
            baseline=framed.baseline,
            alert=framed.alert,
            entry_services=(ENTRY_SERVICE,),
        )
        write_recording(recording, self.out / recording_id)

    def _write_down(
        self, drill: Drill, recording_id: str, timing: Timing, injected: datetime, effect: datetime
    ) -> None:
        is_fault = drill.truth is not None
        truth = {
            "id": recording_id,
            "fault": is_fault,
            "service": drill.truth.service if drill.truth else None,
            "kind": str(drill.truth.kind) if drill.truth else None,
            "indicator": drill.truth.operation if drill.truth else None,
            "injected_at": injected.isoformat() if is_fault else None,
        }
        _append(self.out / TRUTH_FILE, truth)
        notes = {"id": recording_id, "name": drill.name, "drilled_before": drill.drilled_before}
        self._note({**notes, "effect_at": effect.isoformat(), **asdict(timing)})

    def _note(self, line: dict[str, Any]) -> None:
        _append(self.out / NOTES_FILE, line)

    def _wait_until(self, moment: datetime) -> None:
        if (seconds := (moment - self.clock()).total_seconds()) > 0:
            self.sleep(seconds)


def _append(path: Path, line: dict[str, Any]) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")
