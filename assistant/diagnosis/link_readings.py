"""How long calls between two services take, as metrics tell it that name both ends (service meshes export such).

What the caller measures less what the callee measures of the same calls is spent on the way.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import numpy as np
import pandas as pd

from assistant.diagnosis.metric_meaning import Meaning, meaning_of

_BY_CALLER: Final = frozenset({"source", "client", "caller", "outbound", "egress"})
_BY_CALLEE: Final = frozenset({"destination", "server", "callee", "inbound", "ingress"})
_WORD: Final = re.compile(r"[A-Za-z]+|\d+")
_SEPARATORS: Final = ' _-:;,/>|."'


def link_waits(metrics: pd.DataFrame, step_seconds: float) -> pd.DataFrame:
    """Give the time spent on the way between services.

    Args:
        metrics: Tidy metrics.
        step_seconds: The sampling step.

    Returns:
        `ts`, `caller`, `callee`, `metric` (as the caller tells it), `whole` (what the caller waited in all) and `value`
        (what of it was spent on the way), both in the unit of the source.
    """
    names = metrics["metric"].unique()
    services = sorted({service for service in metrics["service"].unique() if service}, key=len, reverse=True)
    ends = {name: found for name in names if (found := _ends(str(name), services)) is not None}
    told = metrics[metrics["metric"].isin(ends) & metrics["value"].notna()]
    if told.empty:
        nothing = told["value"]
        return pd.DataFrame(
            {"ts": told["ts"], "caller": "", "callee": "", "metric": "", "whole": nothing, "value": nothing}
        )
    told = told.assign(
        caller=told["metric"].map({name: end[0] for name, end in ends.items()}),
        callee=told["metric"].map({name: end[1] for name, end in ends.items()}),
        by_caller=told["metric"].map({name: end[2] for name, end in ends.items()}).astype(bool),
        of=told["metric"].map({name: end[3] for name, end in ends.items()}),
    ).sort_values("ts", kind="stable")
    columns = ["ts", "caller", "callee", "of", "metric", "value"]
    both = pd.merge_asof(
        told.loc[told["by_caller"], columns],
        told.loc[~told["by_caller"], ["ts", "caller", "callee", "of", "value"]].rename(columns={"value": "served"}),
        on="ts",
        by=["caller", "callee", "of"],
        direction="nearest",
        tolerance=pd.Timedelta(seconds=step_seconds),
    )
    both = both.rename(columns={"value": "whole"}).dropna(subset=["served"])
    both["value"] = np.maximum(both["whole"] - both["served"], 0.0)
    return both[["ts", "caller", "callee", "metric", "whole", "value"]].reset_index(drop=True)


def _ends(metric: str, services: Iterable[str]) -> tuple[str, str, bool, str] | None:
    """Read `source_50:cart_db` as what the caller tells of calls from cart to db, and of which sort (`50`).

    None for metrics that name no two services, or tell of something else than time.
    """
    for callee in services:
        rest = _without_ending(metric, callee)
        if rest is None:
            continue
        for caller in services:
            view = _without_ending(rest, caller)
            if view is None:
                continue
            words = {word.lower() for word in _WORD.findall(view)}
            sort = " ".join(sorted(words - _BY_CALLER - _BY_CALLEE))
            is_time = meaning_of(view).meaning in {Meaning.LATENCY, Meaning.OTHER}
            if not is_time or not words & (_BY_CALLER | _BY_CALLEE):
                return None
            return caller, callee, bool(words & _BY_CALLER), sort
    return None


def _without_ending(text: str, name: str) -> str | None:
    """Take a name off the end of a text, where it stands as a word of its own."""
    text = text.rstrip(_SEPARATORS)
    rest = text.removesuffix(name)
    return rest if text.endswith(name) and rest and rest[-1] in _SEPARATORS else None
