"""Reading what Chaos Toolkit wrote down of a run.

Neither its exit code nor its status says whether a fault was applied (an action that raised still "completed"), so
the activities themselves are read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chaos.errors import RunFailed
from chaos.experiment import APPLY, DIAGNOSIS, EFFECT, STEADY, UNDO


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTimes:
    """When what happened in a run, T0 to T5 less what the assistant knows; None for what did not happen.

    Attributes:
        injected: T0, the fault began to be applied.
        effect_seen: T1, the first request that failed, or the first second of a surge.
        incident: The incident that the run waited for.
        rolled_back: T4, the fault was undone.
        steady: T5, a whole window without trouble had passed.
        invalid: Why the run counts for nothing; None when it counts.
    """

    injected: datetime | None = None
    effect_seen: datetime | None = None
    incident: str | None = None
    rolled_back: datetime | None = None
    steady: datetime | None = None
    invalid: str | None = None


def read_journal(path: Path) -> RunTimes:
    """Read the times of a run.

    Raises:
        RunFailed: There is no journal, as after a runner that was killed, or it was cut off.
    """
    try:
        journal = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunFailed(path.stem, f"Chaos Toolkit left no readable journal ({error})") from error
    runs = {
        str(entry.get("activity", {}).get("name")): entry
        for entry in [*(journal.get("run") or []), *(journal.get("rollbacks") or [])]
    }
    effect, steady = _output(runs.get(EFFECT)), _output(runs.get(STEADY))
    return RunTimes(
        injected=_time(runs.get(APPLY, {}).get("start")),
        effect_seen=_time(effect.get("at")),
        incident=_output(runs.get(DIAGNOSIS)).get("incident"),
        rolled_back=_time(runs.get(UNDO, {}).get("end")),
        steady=_time(steady.get("at")),
        invalid=_why_invalid(journal, runs, effect),
    )


def _why_invalid(journal: Mapping[str, Any], runs: Mapping[str, Any], effect: Mapping[str, Any]) -> str | None:
    if APPLY not in runs:
        return f"the system was not steady before the fault: {_unmet(journal)}"
    if (problem := _failure(runs[APPLY])) is not None:
        return f"the fault could not be applied: {problem}"
    if EFFECT not in runs or not effect.get("seen"):
        problem = _failure(runs.get(EFFECT, {})) or "the telemetry never showed it"
        return f"the fault did not take effect: {problem}"
    return None


def _unmet(journal: Mapping[str, Any]) -> str:
    before = (journal.get("steady_states") or {}).get("before") or {}
    for probe in before.get("probes") or []:
        if probe.get("tolerance_met") is False or probe.get("status") == "failed":
            said = _failure(probe) or f"it read {probe.get('output')}"
            return f"{probe.get('activity', {}).get('name')}: {said}"
    return str(journal.get("status", "unknown"))


def _failure(entry: Mapping[str, Any]) -> str | None:
    if entry.get("status") == "succeeded":
        return None
    said = entry.get("exception") or []
    return str(said[-1]).strip() if said else str(entry.get("status", "it did not run"))


def _output(entry: Mapping[str, Any] | None) -> Mapping[str, Any]:
    output = (entry or {}).get("output")
    return output if isinstance(output, Mapping) else {}


def _time(text: object) -> datetime | None:
    if not isinstance(text, str):
        return None
    moment = datetime.fromisoformat(text)
    # Chaos Toolkit writes UTC, in older versions without saying so.
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
