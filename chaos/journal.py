"""Reading what Chaos Toolkit wrote down of a run.

Neither its exit code nor its status says whether a fault was applied (an action that raised still "completed"), so
the activities themselves are read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from chaos.errors import RunFailed
from chaos.experiment import APPLY, EFFECT, STEADY, UNDO

# `some.module.SomeError: `, once for every layer that an error went through.
_ERROR_NAMES: Final = re.compile(r"^(?:(?:\w+\.)+\w+: )+")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTimes:
    """When what happened in a run, T0 to T5 less what the assistant knows; None for what did not happen.

    Attributes:
        injected: T0, the fault began to be applied.
        effect_seen: T1, the first request that failed, or the first second of a surge.
        rolled_back: T4, the fault began to be undone; None unless that succeeded.
        steady: T5, a whole window without trouble began.
        invalid: Why the run counts for nothing; None when it counts.
        left: Why the fault may still be there; None when it was undone.
    """

    injected: datetime | None = None
    effect_seen: datetime | None = None
    rolled_back: datetime | None = None
    steady: datetime | None = None
    invalid: str | None = None
    left: str | None = None


def read_journal(path: Path) -> RunTimes:
    """Read the times of a run.

    Raises:
        RunFailed: There is no journal, as after a runner that was killed, or it was cut off.
    """
    try:
        journal = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RunFailed(path.stem, f"Chaos Toolkit left no journal; see {path.with_suffix('.log')}") from error
    except (OSError, ValueError) as error:
        raise RunFailed(path.stem, f"Chaos Toolkit left no readable journal ({error})") from error
    if not isinstance(journal, dict):
        raise RunFailed(path.stem, f"{path} is not a journal of Chaos Toolkit")
    runs = {
        str(entry.get("activity", {}).get("name")): entry
        for entry in [*(journal.get("run") or []), *(journal.get("rollbacks") or [])]
    }
    left = _failure(runs.get(UNDO))
    injected = _time(runs.get(APPLY, {}).get("start"))
    effect = _time(_output(runs.get(EFFECT)).get("at"))
    return RunTimes(
        injected=injected,
        # A surge is seen to the second, so its beginning may be rounded to before the fault.
        effect_seen=max(effect, injected) if effect and injected else effect,
        rolled_back=_time(runs[UNDO].get("start")) if left is None else None,
        steady=_time(_output(runs.get(STEADY)).get("at")),
        invalid=_why_invalid(journal, runs),
        left=left,
    )


def _why_invalid(journal: Mapping[str, Any], runs: Mapping[str, Any]) -> str | None:
    if (status := journal.get("status")) in {"interrupted", "aborted"}:
        return f"the run was {status}"
    if APPLY not in runs:
        return f"the system was not steady before the fault: {_unmet(journal)}"
    if (problem := _failure(runs[APPLY])) is not None:
        return f"the fault could not be applied: {problem}"
    if (problem := _failure(runs.get(EFFECT))) is not None:
        return f"whether the fault took effect is not known: {problem}"
    if not _output(runs[EFFECT]).get("seen"):
        return "the fault did not take effect: the telemetry never showed it"
    return None


def _unmet(journal: Mapping[str, Any]) -> str:
    before = (journal.get("steady_states") or {}).get("before") or {}
    for probe in before.get("probes") or []:
        if probe.get("tolerance_met") is not True:
            said = _failure(probe) or f"it read {probe.get('output')}"
            return f"{probe.get('activity', {}).get('name')}: {said}"
    return f"the run was {journal.get('status')}"


def _failure(entry: Mapping[str, Any] | None) -> str | None:
    """Say in one line why an activity did not succeed; None when it did."""
    if entry is None:
        return "it did not run"
    if entry.get("status") == "succeeded":
        return None
    said = entry.get("exception") or []
    if not said:
        return "it was interrupted"  # Of an activity that a signal ended, no status is written.
    words = _ERROR_NAMES.sub("", str(said[-1]).strip())
    return words.splitlines()[0] if words else "it failed and does not say why"


def _output(entry: Mapping[str, Any] | None) -> Mapping[str, Any]:
    output = (entry or {}).get("output")
    return output if isinstance(output, Mapping) else {}


def _time(text: object) -> datetime | None:
    if not isinstance(text, str):
        return None
    moment = datetime.fromisoformat(text)
    # Chaos Toolkit writes UTC, in older versions without saying so.
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
